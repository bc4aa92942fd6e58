"""Checks of values that types alone do not describe, for the endpoints."""

from __future__ import annotations

from ..checks import (
    MAX_TEXT_LENGTH,
    check_ids,
    check_statuses,
    check_text,
    check_texts,
    clean_message,
)

__all__ = [
    "MAX_TEXT_LENGTH",
    "check_ids",
    "check_statuses",
    "check_text",
    "check_texts",
    "clean_message",
]
