"""Small tools of AYON that addons use."""

import uuid
from typing import Any

import orjson

ENTITY_ID_REGEX = r"^[0-9a-f]{32}$"


def _json_default(value: Any) -> Any:
    if isinstance(value, set):
        return list(value)
    if isinstance(value, tuple):
        return list(value)
    msg = f"{type(value).__name__} cannot be written as JSON"
    raise TypeError(msg)


def json_loads(data: str | bytes) -> Any:
    return orjson.loads(data)


def json_dumps(data: Any, *, default: Any = None) -> str:
    return orjson.dumps(
        data, default=default or _json_default, option=orjson.OPT_SORT_KEYS
    ).decode()


def create_uuid() -> str:
    """A new entity id: 32 hex characters, time-based as AYON's."""
    return uuid.uuid1().hex


class EntityID:
    """Entity ids are 32 hex characters without dashes."""

    META: dict[str, Any] = {  # noqa: RUF012
        "example": "af10c8f0e9b111e9b8f90242ac130003",
        "min_length": 32,
        "max_length": 32,
        "regex": ENTITY_ID_REGEX,
    }

    @classmethod
    def create(cls) -> str:
        return create_uuid()

    @classmethod
    def parse(cls, entity_id: Any, allow_nulls: bool = False) -> str | None:
        """Normalise an id.

        :raises ValueError: it is no id.
        """
        if entity_id is None and allow_nulls:
            return None
        text = entity_id.hex if isinstance(entity_id, uuid.UUID) else str(entity_id)
        text = text.replace("-", "").lower()
        if len(text) != 32 or not set(text) <= set("0123456789abcdef"):  # noqa: PLR2004
            msg = f"Invalid entity ID {entity_id}"
            raise ValueError(msg)
        return text
