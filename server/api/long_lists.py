"""Lists of bodies that are too long to check at once.

A hundred thousand models take a second, while which nobody else is served. So the list
comes as it is, with its length checked, and the endpoint takes its items in turns.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError, errors
from pydantic.error_wrappers import ErrorWrapper

from ..store.turns import in_turns
from .routing import describe_validation_error

Model = TypeVar("Model", bound=BaseModel)


class LongList(list[Any]):
    """Items as they came: `item_model` says what they should be."""

    item_model: ClassVar[type[BaseModel]]
    max_items: ClassVar[int]

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[[Any], list[Any]]]:
        yield cls._check

    @classmethod
    def __modify_schema__(cls, field_schema: dict[str, Any]) -> None:
        schema = dict(cls.item_model.schema())
        known = schema.pop("definitions", {})
        field_schema.update(
            type="array", items=_put_in(schema, known), maxItems=cls.max_items
        )

    @classmethod
    def _check(cls, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise errors.ListError
        if len(value) > cls.max_items:
            raise errors.ListMaxLengthError(limit_value=cls.max_items)
        return value


async def models_in_turns(
    model: type[Model], items: list[Any], *path: str | int
) -> AsyncIterator[Model]:
    """Yield the items of a long list, checked; others get their turn in between.

    :param path: where the list is in the body.
    :raises InvalidRequestError: an item is wrong, with its place in the body.
    """
    async for number, item in in_turns(enumerate(items)):
        try:
            checked = model.validate(item)
        except (ValidationError, errors.DictError) as error:
            wrapper = ErrorWrapper(error, ("body", *path, number))
            raise describe_validation_error(ValidationError([wrapper], model)) from None
        yield checked


def _put_in(schema: Any, known: dict[str, Any]) -> Any:
    """Return a schema with what it refers to put in: nothing else is told of it."""
    if isinstance(schema, list):
        return [_put_in(each, known) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _put_in(known[schema["$ref"].rpartition("/")[2]], known)
    return {key: _put_in(value, known) for key, value in schema.items()}
