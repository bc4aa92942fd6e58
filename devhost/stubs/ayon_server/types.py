"""Base models and name rules."""

from typing import Any, Literal

from pydantic import BaseModel
from pydantic import Field as Field

from ayon_server.utils import json_dumps, json_loads

AccessType = Literal["create", "read", "update", "delete", "publish"]

NAME_REGEX = r"^[a-zA-Z0-9_]([a-zA-Z0-9_\.\-]*[a-zA-Z0-9_])?$"
PROJECT_NAME_REGEX = r"^[a-zA-Z0-9_]*$"
TOPIC_REGEX = r"^[a-zA-Z][a-zA-Z0-9_\.\*]{2,64}$"


def camelize(name: str) -> str:
    """`snake_case` to `camelCase`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


class OPModel(BaseModel):
    """Base of all request and response models: camelCase on the wire."""

    class Config:
        orm_mode = True
        allow_population_by_field_name = True
        alias_generator = camelize

        @staticmethod
        def json_loads(data: Any) -> Any:
            return json_loads(data)

        @staticmethod
        def json_dumps(data: Any, *, default: Any = None) -> str:
            return json_dumps(data, default=default)
