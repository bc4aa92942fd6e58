"""Secrets that settings name: `{secret:NAME}` instead of a value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

OWN_PREFIX = "sitesync"
"""Secrets whose names begin so may be named by a project's settings too."""

_REFERENCE = re.compile(r"\{secret:([^{}]{1,255})\}")
# Of a custom provider: an object as JSON, in one text.
_JSON_FIELD = "settings"


def find_secret_names(value: Any) -> set[str]:
    """Return the secrets that a provider's settings name, wherever they are in them."""
    return set(_find(_unpack(value)))


def fill_in_secrets(value: Any, secrets: Mapping[str, str]) -> Any:
    """Return settings with the secrets' values in the place of their names.

    :raises KeyError: with the name of a secret that is not in `secrets`.
    """
    unpacked = _unpack(value)
    filled = _fill_in(unpacked, secrets)
    if unpacked is not value:
        filled = {**filled, _JSON_FIELD: json.dumps(filled[_JSON_FIELD])}
    return filled


def _unpack(value: Any) -> Any:
    """Return a custom provider's settings with their JSON as the object it is."""
    text = value.get(_JSON_FIELD) if isinstance(value, Mapping) else None
    if not isinstance(text, str):
        return value
    try:
        content = json.loads(text or "{}")
    except ValueError:
        return value  # it is told as a wrong setting
    return {**value, _JSON_FIELD: content}


def _find(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        match = _REFERENCE.fullmatch(value)
        if match:
            yield match.group(1)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _find(item)
    elif isinstance(value, list):
        for item in value:
            yield from _find(item)


def _fill_in(value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        match = _REFERENCE.fullmatch(value)
        return secrets[match.group(1)] if match else value
    if isinstance(value, Mapping):
        return {key: _fill_in(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_in(item, secrets) for item in value]
    return value
