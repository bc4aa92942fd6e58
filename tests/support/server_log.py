"""What the server half writes to its log, whichever logger it found at import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from server.host import logging

LEVELS = ("debug", "info", "warning", "error")


@contextmanager
def read_server_log() -> Iterator[list[str]]:
    """The messages of the context's time, as they come; they are written as well."""
    messages: list[str] = []

    def listen(level: str) -> Any:
        write = getattr(logging, level)

        def note(message: str, *values: Any, **options: Any) -> Any:
            messages.append(message)
            return write(message, *values, **options)

        return patch.object(logging, level, note)

    with ExitStack() as stack:
        for level in LEVELS:
            stack.enter_context(listen(level))
        yield messages
