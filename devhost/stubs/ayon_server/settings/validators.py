"""Validators for names in settings."""

import re
from collections.abc import Iterable
from typing import Any

from unidecode import unidecode

from ayon_server.exceptions import BadRequestException


def normalize_name(
    name: str,
    allowed_chars: str | None = None,
    replacement: str | None = None,
    escape_unicode: bool = True,
    strip: bool = True,
) -> str:
    """Letters, digits, `-`, `_` and blanks only, unless `allowed_chars` says else.

    :raises BadRequestException: nothing is left.
    """
    if strip:
        name = name.strip()
    if escape_unicode:
        name = unidecode(name)
    allowed = "a-zA-Z0-9-_ " if allowed_chars is None else allowed_chars
    if allowed not in ("*", "."):
        name = re.sub(f"[^{allowed}]", replacement or "", name)
    if not name:
        raise BadRequestException("Name must not be empty")
    return name


def ensure_unique_names(objects: Iterable[Any], field_name: str | None = None) -> None:
    """:raises BadRequestException: two items have one name, or an item has none."""
    place = f" in '{field_name}'" if field_name else ""
    seen: set[str] = set()
    for item in objects:
        if not hasattr(item, "name"):
            raise BadRequestException(f"Object without name provided{place}")
        if item.name in seen:
            raise BadRequestException(f"Duplicate name '{item.name}'{place}")
        seen.add(item.name)
