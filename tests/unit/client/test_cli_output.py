"""What commands print: lines for people, tables, progress."""

from __future__ import annotations

import sys

import pytest
from ayon_sitesync.cli import tables
from ayon_sitesync.cli.output import EventPrinter, format_bytes
from ayon_sitesync.cli.tables import ProgressLine, print_table

COLUMNS = ("SITE", "STATE")
ROWS = [("studio", "3 synced (2.4 MB)"), ("[red]x", "nothing")]


def test_events_are_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    printer = EventPrinter(as_json=False)
    done = {
        "direction": "download",
        "label": "/sh010 compMain v021 exr",
        "siteName": "studio",
        "files": 2,
        "filesSynced": 1,
        "bytesMoved": 2_400_000,
        "errors": [{"message": "'/a' is missing."}],
    }
    removal = {
        "siteName": "studio",
        "state": "failed",
        "files": 2,
        "filesDeleted": 1,
        "errors": [{"message": "'/a': access is denied."}],
    }
    scan = {"found": 3, "missing": 2, "different": 1}
    printer.emit("transfer", done)
    printer.emit("removal", removal)
    printer.emit("scan", {"siteName": "studio", "projectName": "demo", **scan})
    printer.emit("problem", {"siteName": "studio", "message": "the disk is full"})
    printer.emit("idle", {"pending": 2, "nextDueInSeconds": 12.4})
    assert capsys.readouterr().out.splitlines() == [
        "download /sh010 compMain v021 exr: 1 of 2 files on studio (2.4 MB moved)",
        "  failed: '/a' is missing.",
        "removed 1 of 2 files from studio: failed",
        "  failed: '/a': access is denied.",
        "scan of studio in demo: 3 files there, 2 missing, 1 different",
        "problem: studio: the disk is full",
        "idle: 2 transfers wait, the next in 12 s",
    ]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (999, "999 B"), (2_400_000, "2.4 MB"), (3e15, "3000.0 TB")],
)
def test_sizes_are_readable(count: float, expected: str) -> None:
    assert format_bytes(count) == expected


# --- tables and progress -------------------------------------------------------------


def test_a_terminal_gets_a_drawn_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(COLUMNS, ROWS)
    said = capsys.readouterr().out
    assert "───" in said
    assert "[red]x" in said


def test_a_terminal_without_rich_gets_plain_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name in ("table", "progress"):
        monkeypatch.setitem(sys.modules, f"rich.{name}", None)
    print_table(COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "SITE    STATE",
        "studio  3 synced (2.4 MB)",
        "[red]x  nothing",
    ]
    with ProgressLine("scan", is_silent=False) as line:
        line.update(0.5, "5 of 10 files")


def test_progress_is_a_bar_on_a_terminal_and_silent_with_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressLine("scan [x]", is_silent=False) as line:
        line.update(None, "some files")
        line.update(0.5, "5 of 10 files")
    told = capsys.readouterr().err
    assert "scan [x]" in told
    assert "50%" in told
    assert " 0%" not in told
    with ProgressLine("scan", is_silent=True) as line:
        line.update(0.5, "5 of 10 files")
    assert capsys.readouterr().err == ""


def test_progress_of_the_agent_is_one_line_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = {"transfersDone": 1, "transfersActive": 2, "filesDone": 3}
    counts.update(bytesMoved=4, filesFailed=0)
    with ProgressLine("agent", is_silent=False) as line:
        EventPrinter(as_json=False, line=line).emit("progress", counts)
    assert capsys.readouterr().out.startswith("1 transfers done")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressLine("agent", is_silent=False) as line:
        EventPrinter(as_json=False, line=line).emit("progress", counts)
    told = capsys.readouterr()
    assert told.out == ""
    assert "1 transfers done" in told.err


def test_progress_in_a_log_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "PROGRESS_SECONDS", 0.0)
    with ProgressLine("scan", is_silent=False) as line:
        line.update(0.5, "5 of 10 files")
    assert capsys.readouterr().err == "scan: 5 of 10 files\n"
