"""Texts of others on terminals and in logs: names of files and messages hold anything.

An escape sequence in a name must not drive a terminal, nor a line break in it make a
line of a log.
"""

from __future__ import annotations

import logging


def make_printable(text: str) -> str:
    """The text on one line; what cannot be seen in it as Python writes it: `\\x1b`."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")
        for sign in text
    )


def indent_lines(text: str) -> str:
    """The same for a text of several lines: those after the first are indented, so
    that none is taken for a message of its own."""
    return "\n  ".join(make_printable(line) for line in text.split("\n"))


class LineFormatter(logging.Formatter):
    """Writes messages whose further lines, if any, are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = indent_lines(record.message)
        return super().formatMessage(record)
