"""What `doctor` finds on this machine without any server."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ayon_sitesync.cli import machine_checks, server_checks
from ayon_sitesync.cli.checks import OK, WARNING, WRONG, Check
from ayon_sitesync.cli.machine_checks import check_machine

WEEK_SECONDS = 7 * 24 * 3600


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("AYON_LAUNCHER_LOCAL_DIR", str(tmp_path / "launcher"))
    monkeypatch.setattr(machine_checks, "ROOM_BYTES", 0)


def find(subject: str) -> Check:
    return next(check for check in check_machine() if check.subject == subject)


def test_a_machine_where_all_is_well() -> None:
    assert [check.result for check in check_machine()] == [OK] * 5


@pytest.mark.parametrize(
    ("free", "result", "says"),
    [(9_900_000_000, WARNING, "9.9 GB free: too little"), (10**11, OK, "100.0 GB")],
)
def test_room_for_temporary_files_is_looked_at(
    free: int, result: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_checks, "ROOM_BYTES", 10**10)
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(machine_checks.shutil, "disk_usage", lambda folder: usage)
    check = find("temporary files")
    assert (check.result, says in check.found) == (result, True)


def test_no_folder_for_temporary_files_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(folder: str) -> None:
        raise FileNotFoundError(folder)

    monkeypatch.setattr(machine_checks.shutil, "disk_usage", fail)
    assert find("temporary files").result == WRONG


def test_publishes_that_were_not_told_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "launcher" / "sitesync" / "spool" / "artist-0123"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("{}")
    check = find("publishes")
    assert (check.result, check.found[:2]) == (WARNING, "1 ")
    assert check.todo


def test_journals_that_nobody_goes_on_with_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "ayon-sitesync" / "journal" / "0123"
    folder.mkdir(parents=True)
    (folder / "fresh.json").write_text("{}")
    old = folder / "old.json"
    old.write_text("{}")
    at = time.time() - WEEK_SECONDS - 60
    os.utime(old, (at, at))
    check = find("state folder")
    assert (check.result, check.found) == (
        WARNING,
        "1 journals that nobody goes on with",
    )


def test_a_state_folder_that_cannot_be_made_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in its place")
    check = find("state folder")
    assert check.result == WRONG
    assert "cannot be made" in check.found


def test_a_machine_that_says_of_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert find("state folder").result == WARNING


@pytest.mark.parametrize(
    ("seconds", "result"), [(0.0, OK), (30.0, WARNING), (-3600.0, WRONG)]
)
def test_clocks_are_compared(seconds: float, result: str) -> None:
    check = server_checks.check_clock(time.time() + seconds)
    assert check.result == result
    assert bool(check.todo) == (result != OK)


def test_a_server_that_tells_no_time_is_no_fault() -> None:
    assert server_checks.check_clock(None).result == OK
