"""What is asked for."""

from typing import Any, Literal

from ayon_server.types import Field, OPModel
from ayon_server.utils import create_uuid


class OperationModel(OPModel):
    """One create, update or delete, before it is done."""

    id: str = Field(default_factory=create_uuid)
    type: Literal["create", "update", "delete"]
    entity_type: str
    entity_id: str | None = None
    data: dict[str, Any] | None = None
    force: bool = False
