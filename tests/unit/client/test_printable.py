"""Texts of others on terminals and in logs."""

import logging

import pytest
from ayon_sitesync.printable import LineFormatter, indent_lines, make_printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plate v001 — äß 💥 C:\\a", "plate v001 — äß 💥 C:\\a"),
        ("\x1b[31m\x07", "\\x1b[31m\\x07"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u202egnp.exr\u2028", "\\u202egnp.exr\\u2028"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("\udcff", "\\udcff"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, expected: str) -> None:
    assert make_printable(text) == expected


def test_lines_after_the_first_are_indented() -> None:
    assert indent_lines("a\nb\n  c\x1b") == "a\n  b\n    c\\x1b"


def test_messages_of_a_log_begin_lines_and_nothing_else_does() -> None:
    record = logging.LogRecord(
        "sitesync", logging.ERROR, "", 1, "File '%s'", ("a\nERROR forged",), None
    )
    formatter = LineFormatter("%(levelname)s %(message)s")
    assert formatter.format(record) == "ERROR File 'a\n  ERROR forged'"
