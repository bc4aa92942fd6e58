"""Stored settings that do not fit the model: the wrong part is left out, not all.

AYON makes the model of what is stored for every read, and a single wrong value would
make all settings of the project unreadable, so the whole addon. What a person enters
is not read so: there a wrong value is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError, validate_model

from ..host import AyonException, normalize_name

# More wrong values than these, and the settings are refused after all.
MOST_FAULTS = 100


@dataclass(frozen=True)
class LeftOut:
    """A stored value that was left out: of which site, if of one, and what it is."""

    site_name: str | None
    field: str
    text: str


_left_out: ContextVar[list[LeftOut] | None] = ContextVar("left_out", default=None)


@contextmanager
def leaving_out() -> Iterator[list[LeftOut]]:
    """Read stored settings leniently within; yields what is left out, as it is."""
    outer = _left_out.get()
    if outer is not None:
        yield outer
        return
    found: list[LeftOut] = []
    token = _left_out.set(found)
    try:
        yield found
    finally:
        _left_out.reset(token)


def leave_out_what_is_wrong(
    model: type[BaseModel], values: dict[str, Any]
) -> dict[str, Any]:
    """Return values that fit the model; as they are unless within `leaving_out`."""
    found = _left_out.get()
    if found is None:
        return values
    token = _left_out.set(None)
    try:
        rest = copy.deepcopy(values)
        _leave_out_repeated(rest, found)
        for _ in range(MOST_FAULTS):
            error = validate_model(model, rest)[2]
            if error is None:
                break
            _leave_out(rest, error, found)
        return rest
    finally:
        _left_out.reset(token)


def leave_out_wrong_groups(model: type[BaseModel], overrides: Any) -> dict[str, Any]:
    """Return stored overrides without groups that are none, which AYON cannot read.

    They are told within `leaving_out`, and missing in any case.
    """
    if not isinstance(overrides, dict):
        return {}
    found = _left_out.get()
    return _without_wrong_groups(model, overrides, "", [] if found is None else found)


def _without_wrong_groups(
    model: type[BaseModel], values: dict[str, Any], place: str, found: list[LeftOut]
) -> dict[str, Any]:
    kept = dict(values)
    for name, field in model.__fields__.items():
        group = field.outer_type_
        if name not in kept or not isinstance(group, type):
            continue
        if not issubclass(group, BaseModel):
            continue
        if isinstance(kept[name], dict):
            inside = f"{place}{name}."
            kept[name] = _without_wrong_groups(group, kept[name], inside, found)
        else:
            text = "value is not a group of settings"
            found.append(LeftOut(None, f"{place}{name}", text))
            del kept[name]
    return kept


def _leave_out(
    values: dict[str, Any], error: ValidationError, found: list[LeftOut]
) -> None:
    """Take the first wrong value out of nested dicts and lists."""
    first = error.errors()[0]
    path = list(first["loc"])
    left_out = LeftOut(
        _site_name(values, path),
        ".".join(part for part in path if isinstance(part, str)),
        str(first["msg"]),
    )
    if path[-1] == "name" and isinstance(path[-2], int):
        # With the name that is the default it would be another one, as a root.
        path.pop()
    parents: list[Any] = [values]
    for part in path[:-1]:
        parents.append(parents[-1][part])
    # A required value that is not there is left out with what it belongs to.
    while path[-1] not in _keys(parents[-1]):
        parents.pop()
        path.pop()
    del parents[-1][path[-1]]
    found.append(left_out)


def _keys(parent: Any) -> Any:
    return range(len(parent)) if isinstance(parent, list) else parent


def _leave_out_repeated(values: dict[str, Any], found: list[LeftOut]) -> None:
    """Take out sites whose name an earlier one has; the first one stays."""
    sites = values.get("sites")
    if not isinstance(sites, list):
        return
    kept: dict[Any, Any] = {}
    for place, site in enumerate(sites):
        key = _find_key(site, place)
        if key in kept:
            text = "another site has this name"
            found.append(LeftOut(str(key), "sites.name", text))
        else:
            kept[key] = site
    values["sites"] = list(kept.values())


def _find_key(site: Any, place: int) -> str | int:
    """A site's name as it counts; without one its place, which no other has."""
    name = site.get("name") if isinstance(site, dict) else getattr(site, "name", None)
    try:
        return normalize_name(name) if isinstance(name, str) else place
    except AyonException:
        return place


def _site_name(values: dict[str, Any], path: list[int | str]) -> str | None:
    if len(path) > 1 and path[0] == "sites":
        site = values["sites"][path[1]]
        name = site.get("name") if isinstance(site, dict) else None
        return name if isinstance(name, str) else None
    return None
