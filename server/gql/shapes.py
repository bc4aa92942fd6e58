"""GraphQL's types out of the plain dicts that REST answers with."""

from __future__ import annotations

import dataclasses
import types
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from strawberry.utils.str_converters import to_camel_case

Shape = TypeVar("Shape")


def make_shape(shape: type[Shape], content: dict[str, Any]) -> Shape:
    """Make a strawberry type out of a dict with the same keys in camelCase.

    Types, lists of them and optional ones within are made too.

    :raises KeyError: the dict lacks a key.
    """
    known: Any = shape
    values = {
        name: _make_value(content[key], inner) for name, key, inner in _members(known)
    }
    return shape(**values)


def _make_value(value: Any, inner: type[Any] | None) -> Any:
    if inner is None or value is None:
        return value
    if inner is float:
        return float(value)
    if isinstance(value, list):
        return [make_shape(inner, item) for item in value]
    return make_shape(inner, value)


@cache
def _members(shape: Any) -> list[tuple[str, str, type[Any] | None]]:
    """Return name, key and type of each member; None for what is as it is.

    GraphQL refuses a whole number for a float that would lose its last digits.
    """
    hints = get_type_hints(shape)
    return [
        (field.name, to_camel_case(field.name), _inner_shape(hints[field.name]))
        for field in dataclasses.fields(shape)
    ]


def _inner_shape(hint: Any) -> type[Any] | None:
    if get_origin(hint) in (list, types.UnionType):
        return next(filter(None, map(_inner_shape, get_args(hint))), None)
    is_shape = isinstance(hint, type) and dataclasses.is_dataclass(hint)
    return hint if is_shape or hint is float else None
