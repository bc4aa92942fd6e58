"""Cursors of lists: the sort key of a row, opaque to callers."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

_ID = re.compile(r"[0-9a-f]{32}")
_LARGEST_INT = 2**31 - 1
# Microseconds of a date that Postgres knows, and more than any size of files.
_LARGEST_KEY = 2**57
_SHAPES = (
    [str, str, int, str, str, type(None), type(None)],
    [str, str, int, str, str, type(None), str],
    [str, str, int, str, str, int, str],
)


@dataclass(frozen=True)
class Cursor:
    """Where a row of a list of representations stands.

    `key` is the number that a list in the order of a site is sorted by; None where
    the site has no row, and in all other orders. `site_order` is that order, which the
    key belongs to; None in all others, whose places the rest tells.
    """

    folder_path: str
    product: str
    version: int
    representation: str
    id: str
    key: int | None = None
    site_order: str | None = None

    def sort_key(self) -> list[str | int]:
        """Return what the orders without a site compare."""
        return [
            self.folder_path,
            self.product,
            self.version,
            self.representation,
            self.id,
        ]


def encode_cursor(cursor: Cursor) -> str:
    values = [*cursor.sort_key(), cursor.key, cursor.site_order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def decode_cursor(text: str) -> Cursor:
    """Read a cursor back.

    :raises ValueError: it is none of ours.
    """
    msg = "not a cursor of this list"
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        raise ValueError(msg) from None
    if not isinstance(values, list) or [type(value) for value in values] not in _SHAPES:
        raise ValueError(msg)
    cursor = Cursor(*values)
    texts = f"{cursor.folder_path}{cursor.product}{cursor.representation}"
    if (
        abs(cursor.version) > _LARGEST_INT
        or abs(cursor.key or 0) > _LARGEST_KEY
        or not _ID.fullmatch(cursor.id)
        or "\x00" in texts
        or not _is_encodable(texts)
    ):
        raise ValueError(msg)
    return cursor


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
