"""Commands that look at files: on disks of this test, against a devhost."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ayon_sitesync.cli import main
from ayon_sitesync.cli.connection import find_machine_tag

from tests.support.command_line import CommandLine
from tests.support.host_studio import (
    FAILED,
    MACHINE,
    QUEUED,
    SYNCED,
    HostStudio,
    PublishedFile,
)

CLIENT = Path(__file__).parents[3] / "client"
PAUSED = 3
DAY_SECONDS = 24 * 3600


@pytest.fixture
def run(
    studio: HostStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """Types commands about the project."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return CommandLine(capsys, "--project", studio.project)


def publish(
    studio: HostStudio, *names: str, machine: int | None = QUEUED
) -> PublishedFile:
    """A representation that the studio has; its row on the machine."""
    made = studio.publish(studio.make_version(), *names)
    studio.set_row(made, "studio", SYNCED)
    if machine is not None:
        studio.set_row(made, MACHINE, machine)
    return made


def test_plan_shows_what_an_agent_moves_and_moves_nothing(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    first = publish(studio, "a.1.exr", "a.2.exr")
    (studio.machine_root / "a.1.exr").write_bytes(b"a.1.exr" * 20)
    upload = publish(studio, "b.exr", machine=SYNCED)
    studio.set_row(upload, "studio", QUEUED)
    code, plan = run("plan")
    assert code == 0
    moves = {move["representationId"]: move for move in plan}
    download = moves[first.id]
    assert (download["direction"], download["sourceSite"], download["siteName"]) == (
        *("download", "studio"),
        MACHINE,
    )
    assert (download["files"], download["bytes"]) == (2, 280)
    assert (download["filesThere"], download["note"]) == (1, None)
    assert (moves[upload.id]["direction"], moves[upload.id]["siteName"]) == (
        *("upload", "studio"),
    )
    assert not (studio.machine_root / "a.2.exr").exists()
    assert main(["plan", "--project", studio.project]) == 0
    assert "To move now: 2 transfers, 3 files, 380 B." in capsys.readouterr().out
    run("pause", "--site", MACHINE)
    assert {move["note"] for move in run("plan")[1]} == {"paused"}
    run("resume", "--site", MACHINE)
    studio.set_row(upload, "studio", SYNCED)
    studio.set_row(first, MACHINE, SYNCED)
    assert run("plan") == (0, [])


def test_plan_tells_what_holds_a_transfer_up(
    run: CommandLine, studio: HostStudio
) -> None:
    studio.configure_machine(local_setting={"active_site": "local"})
    publish(studio, "a.exr")
    _, [move] = run("plan", "--serve", "studio")
    assert "no root of project" in move["note"]


# --- wait ----------------------------------------------------------------------------


def test_wait_ends_when_all_is_there(run: CommandLine, studio: HostStudio) -> None:
    publish(studio, "a.exr")
    publish(studio, "b.exr", machine=SYNCED)
    agent = subprocess.Popen(
        [
            *(sys.executable, "-m", "ayon_sitesync", "agent", "--once"),
            *("--project", studio.project),
        ],
        env={**os.environ, "PYTHONPATH": str(CLIENT)},
        stdout=subprocess.DEVNULL,
    )
    code, [end] = run("wait", "--all", "--timeout", "50")
    assert agent.wait(50) == 0
    assert (code, end["outcome"]) == (0, "synced")
    assert (end["synced"], end["representations"]) == (2, 2)
    assert end["bytesDone"] == end["bytesTotal"] == 200
    assert (studio.machine_root / "a.exr").is_file()


@pytest.mark.parametrize(
    ("status", "outcome", "sentence"),
    [
        (QUEUED, "timeout", "the time is up"),
        (FAILED, "failed", "failed for good"),
        (PAUSED, "paused", "the rest is paused"),
        (None, "not_asked", "nobody asked for the rest"),
    ],
)
def test_wait_says_why_it_ends_without_all(
    run: CommandLine,
    studio: HostStudio,
    status: int | None,
    outcome: str,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = publish(studio, "a.exr", machine=status)
    code, [end] = run("wait", made.id, "--timeout", "0")
    assert (code, end["outcome"], end["synced"]) == (1, outcome, 0)
    assert main(["wait", made.id, "--timeout", "0"]) == 1
    assert sentence in capsys.readouterr().out


# --- scan and verify -----------------------------------------------------------------


def test_scan_adopts_what_is_there_and_reports_what_is_missing(
    run: CommandLine, studio: HostStudio
) -> None:
    there = publish(studio, "a.exr", machine=None)
    (studio.machine_root / "a.exr").write_bytes(b"a.exr" * 20)
    missing = publish(studio, "b.exr", machine=SYNCED)
    code, [found] = run("scan", "--dry-run")
    assert (code, found["found"], found["missing"]) == (1, 1, 1)
    assert (found["dryRun"], found["synced"]) == (True, 0)
    assert MACHINE not in studio.rows(there.id)
    code, [found] = run("scan")
    assert (code, found["synced"], found["queued"]) == (1, 1, 0)
    assert studio.rows(there.id)[MACHINE] == SYNCED
    assert studio.rows(missing.id)[MACHINE] not in (SYNCED, QUEUED)
    code, [found] = run("scan")
    assert (code, found["found"], found["missing"]) == (0, 1, 0)


def test_scan_queues_what_is_missing_on_request(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    made = publish(studio, "a.exr", machine=SYNCED)
    other = publish(studio, "b.exr", machine=SYNCED)
    (studio.machine_root / "notes.txt").write_text("storage that is mounted")
    assert main(["scan", made.id, "--requeue"]) == 1
    said = capsys.readouterr().out
    assert f"{studio.project} on {MACHINE}: 0 files found, 1 missing" in said
    assert studio.rows(made.id)[MACHINE] == QUEUED
    assert studio.rows(other.id)[MACHINE] == SYNCED


def test_verify_reads_and_finds_what_differs(
    run: CommandLine, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = publish(studio, "a.exr", "b.exr")
    assert run("agent", "--once")[0] == 0
    code, [found] = run("verify")
    assert (code, found["found"], found["different"]) == (0, 2, 0)
    (studio.machine_root / "b.exr").write_bytes(b"B.exr" * 20)
    code, [found] = run("verify", "--requeue")
    assert (code, found["found"], found["different"]) == (1, 1, 1)
    assert studio.file_statuses(made, MACHINE) == [SYNCED, QUEUED]
    assert run("agent", "--once")[0] == 0
    assert (studio.machine_root / "b.exr").read_bytes() == b"b.exr" * 20
    code, _ = run("verify", "--on", "studio")
    assert code == 1, "an artist tells nothing of the studio's storage"
    studio.configure("admin")
    monkeypatch.setenv("AYON_API_KEY", studio.devhost.users["admin"])
    code, [found, at_studio] = run("verify", "--on", MACHINE, "--on", "studio")
    assert (code, found["found"], at_studio["found"]) == (0, 2, 2)


def test_a_site_that_cannot_be_looked_at_is_told(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    made = publish(studio, "a.exr", machine=SYNCED)
    studio.machine_root.rmdir()
    for command in (["scan"], ["clean"]):
        assert main([*command, "--project", studio.project]) == 1
        assert "is not there; mount or make it" in capsys.readouterr().err
    assert studio.rows(made.id)[MACHINE] == SYNCED


def test_an_agent_deletes_the_files_of_what_is_removed(
    run: CommandLine, studio: HostStudio
) -> None:
    made = publish(studio, "a.exr")
    kept = publish(studio, "b.exr")
    assert run("agent", "--once")[0] == 0
    here = studio.machine_root / "a.exr"
    assert here.is_file()
    code, [answer] = run("remove", made.id, "--yes")
    assert (code, answer["changed"]) == (0, 1)
    assert run("agent", "--once")[0] == 0
    assert not here.exists()
    assert MACHINE not in studio.rows(made.id)
    assert studio.rows(kept.id)[MACHINE] == SYNCED
    assert (studio.studio_root / "a.exr").is_file()


# --- clean ---------------------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As a live agent holds what it writes."""
    with path.open("r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def test_clean_finds_what_killed_processes_left(
    run: CommandLine, studio: HostStudio, tmp_path: Path
) -> None:
    folder = studio.machine_root / "sh010"
    folder.mkdir()
    tag = find_machine_tag(MACHINE)
    other = "0000" if tag != "0000" else "ffff"

    def make(name: str, machine_tag: str, *, is_old: bool = False) -> Path:
        path = folder / f".{name}.{machine_tag}abcd.sitesync-part"
        path.write_bytes(b"part")
        if is_old:
            age(path, 2)
        return path

    def age(path: Path, days: int) -> None:
        at = time.time() - days * DAY_SECONDS
        os.utime(path, (at, at))

    left = [make("left.exr", tag), make("old.exr", other, is_old=True)]
    kept = [make("theirs.exr", other), make("resumed.mov", tag)]
    live = make("live.exr", tag)
    journal = tmp_path / "state" / "ayon-sitesync" / "journal" / "0123"
    journal.mkdir(parents=True)
    checkpoint = {"token": str(kept[1]), "offset": 4, "prefix": {}, "source": "x"}
    (journal / "fresh.json").write_text(json.dumps(checkpoint))
    forgotten = journal / "forgotten.json"
    forgotten.write_text("{}")
    age(forgotten, 8)
    with locked(live):
        code, found = run("clean")
        assert code == 0
        assert {one["path"] for one in found} == {str(p) for p in (*left, forgotten)}
        assert {one["deleted"] for one in found} == {False}
        assert {one["kind"] for one in found} == {"temporary", "journal"}
        assert all(path.exists() for path in (*left, forgotten))
        code, found = run("clean", "--delete")
        assert (code, {one["deleted"] for one in found}) == (0, {True})
    assert not any(path.exists() for path in (*left, forgotten))
    assert all(path.exists() for path in (*kept, live))
    assert run("clean", "--older-than", "1")[0] == 0
