"""Checks of values that types alone do not describe."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .domain.cursor import Cursor, decode_cursor
from .domain.status import STATUS_VALUES
from .errors import InvalidRequestError

MAX_TEXT_LENGTH = 1000
_HEX_ID = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)


def check_text(field: str, value: str) -> str:
    """Return `value` if Postgres can hold it.

    :raises InvalidRequestError: too long, or with a NUL or half a surrogate pair.
    """
    if len(value) > MAX_TEXT_LENGTH:
        msg = f"{field}: at most {MAX_TEXT_LENGTH} characters are allowed"
        raise InvalidRequestError(field, msg)
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        encoded = b"\x00"
    if b"\x00" in encoded:
        msg = f"{field}: NUL and unpaired surrogate characters are not allowed"
        raise InvalidRequestError(field, msg)
    return value


def check_texts(field: str, values: Iterable[str] | None) -> list[str] | None:
    if values is None:
        return None
    return [check_text(field, value) for value in values]


def is_id(value: str) -> bool:
    return _HEX_ID.fullmatch(value) is not None


def check_ids(field: str, values: Iterable[str] | None) -> list[str] | None:
    """Return ids as 32 hex characters.

    :raises InvalidRequestError: one of them is no id.
    """
    if values is None:
        return None
    return [_check_id(field, value) for value in values]


def _check_id(field: str, value: str) -> str:
    if not is_id(value):
        msg = f"{field}: ids are 32 hexadecimal characters, not {value[:40]!r}"
        raise InvalidRequestError(field, msg)
    return value.replace("-", "").lower()


def check_statuses(field: str, values: Iterable[int] | None) -> list[int] | None:
    if values is None:
        return None
    statuses = list(values)
    if not STATUS_VALUES.issuperset(statuses):
        allowed = ", ".join(map(str, sorted(STATUS_VALUES)))
        msg = f"{field}: status must be one of {allowed}"
        raise InvalidRequestError(field, msg)
    return statuses


def clean_message(message: str | None) -> str | None:
    """Return a message that JSON in Postgres can hold."""
    if message is None:
        return None
    return message.encode("utf-8", "replace").decode().replace("\x00", "")


def check_cursor(field: str, text: str | None, site_order: str | None) -> Cursor | None:
    """Return where a row of a list of representations stands.

    :param site_order: the list's order if that is of a site, else None.
    :raises InvalidRequestError: it is no cursor of ours, or of another order.
    """
    if text is None:
        return None
    try:
        cursor = decode_cursor(text)
    except ValueError as error:
        msg = f"{field}: {error}; take it from pageInfo"
        raise InvalidRequestError(field, msg) from None
    if site_order is not None and cursor.site_order != site_order:
        msg = f"{field}: the cursor is of a list in another order; begin without it"
        raise InvalidRequestError(field, msg)
    return cursor
