"""Responses that addons use."""

from typing import Any

from fastapi.responses import Response

from ayon_server.types import Field, OPModel


class EntityIdResponse(OPModel):
    id: str = Field(..., title="Entity ID")


class EmptyResponse(Response):
    """204 without a body."""

    def __init__(self, status_code: int = 204, **kwargs: Any) -> None:
        super().__init__(status_code=status_code, **kwargs)
