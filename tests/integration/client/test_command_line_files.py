"""Commands that look at files: on disks of this test, against a devhost."""

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.cli import main
from ayon_sitesync.cli.connection import find_machine_tag
from ayon_sitesync.paths import current_platform

from tests.support.host_studio import (
    FAILED,
    MACHINE,
    QUEUED,
    SYNCED,
    HostStudio,
    PublishedFile,
)
from tests.support.sshd import Sshd

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "client"
REFERENCE = ROOT / "docs/command-line.md"
PAUSED = 3
DAY_SECONDS = 24 * 3600
Run = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def run(
    studio: HostStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Type a command with `--json` about the project; its exit code and objects."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def type_command(*words: str) -> tuple[int, list[dict[str, Any]]]:
        capsys.readouterr()
        code = main([*words, "--project", studio.project, "--json"])
        said = capsys.readouterr().out.splitlines()
        objects = [json.loads(line) for line in said]
        check_keys(words[0], objects)
        return code, objects

    return type_command


def check_keys(command: str, objects: list[dict[str, Any]]) -> None:
    """The reference names every key of what a command of this file prints."""
    sections = REFERENCE.read_text(encoding="utf-8").split("\n### ")
    section = next(part for part in sections if part.startswith(f"`{command}`"))
    if command == "verify":
        section += next(part for part in sections if part.startswith("`scan`"))
    if command in ("plan", "wait", "scan", "verify", "clean", "doctor"):
        named = set(re.findall(r"`([a-zA-Z]+)`", section))
        assert {key for one in objects for key in one} <= named


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
    run: Run, studio: HostStudio, capsys: pytest.CaptureFixture[str]
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


def test_plan_tells_what_holds_a_transfer_up(run: Run, studio: HostStudio) -> None:
    studio.configure_machine(local_setting={"active_site": "local"})
    publish(studio, "a.exr")
    _, [move] = run("plan", "--serve", "studio")
    assert "no root of project" in move["note"]


# --- wait ----------------------------------------------------------------------------


def test_wait_ends_when_all_is_there(run: Run, studio: HostStudio) -> None:
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
    run: Run,
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
    run: Run, studio: HostStudio
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
    run: Run, studio: HostStudio, capsys: pytest.CaptureFixture[str]
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
    run: Run, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
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
    run: Run, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    made = publish(studio, "a.exr", machine=SYNCED)
    studio.machine_root.rmdir()
    for command in (["scan"], ["clean"]):
        assert main([*command, "--project", studio.project]) == 1
        assert "is not there; mount or make it" in capsys.readouterr().err
    assert studio.rows(made.id)[MACHINE] == SYNCED


def test_an_agent_deletes_the_files_of_what_is_removed(
    run: Run, studio: HostStudio
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
    run: Run, studio: HostStudio, tmp_path: Path
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


# --- doctor --------------------------------------------------------------------------


def results(checks: list[dict[str, Any]]) -> dict[str, str]:
    """Result by subject; the worst where there are several."""
    order = ["ok", "warning", "wrong"]
    found: dict[str, str] = {}
    for check in checks:
        worst = max(found.get(check["subject"], "ok"), check["result"], key=order.index)
        found[check["subject"]] = worst
    return found


def test_doctor_finds_nothing_where_all_is_well(
    run: Run, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.configure(sites=[])
    for root in (studio.studio_root, studio.machine_root):
        (root / "a.exr").write_bytes(b"a")
    code, checks = run("doctor")
    assert (code, [one for one in checks if one["result"] != "ok"]) == (0, [])
    assert set(checks[0]) == {"subject", "result", "found", "todo"}
    found = results(checks)
    assert found["server"] == found["clock"] == found["live channel"] == "ok"
    assert found[f"project {studio.project}"] == "ok"
    for site in (MACHINE, "studio"):
        subject = f"project {studio.project}, site {site}"
        free = [one["found"] for one in checks if one["subject"] == subject]
        assert any(text.endswith("reached") for text in free)
        assert any(text.endswith("free") for text in free)
    assert [path.name for path in studio.machine_root.iterdir()] == ["a.exr"]
    assert main(["doctor", "--project", studio.project]) == 0
    assert "0 things are wrong" in capsys.readouterr().out


def test_doctor_tells_what_is_wrong_and_what_to_do(
    run: Run, studio: HostStudio
) -> None:
    studio.configure(sites=[{"name": "away", "provider": "sftp"}])
    studio.machine_root.rmdir()
    code, checks = run("doctor", "--serve", "away", "--serve", "nowhere")
    assert code == 1
    wrong = {one["subject"]: one for one in checks if one["result"] == "wrong"}
    prefix = f"project {studio.project}, site"
    assert "is not there; mount or make it" in wrong[f"{prefix} {MACHINE}"]["found"]
    assert "sftp_host' is empty" in wrong[f"{prefix} away"]["found"]
    assert "not in the settings" in wrong[f"{prefix} nowhere"]["found"]
    assert all(one["todo"] for one in wrong.values())


def test_doctor_connects_to_storage_for_real(
    run: Run, studio: HostStudio, tmp_path: Path
) -> None:
    server = Sshd(tmp_path / "sshd")
    (tmp_path / "projects").mkdir()
    settings = {
        "sftp_host": "127.0.0.1",
        "sftp_port": server.port,
        "sftp_user": server.user,
        "sftp_key": {current_platform(): [str(server.user_key)]},
        "roots": str(tmp_path / "projects"),
    }
    missing = {current_platform(): str(tmp_path / "no-rclone")}
    bucket = {"bucket": "projects", "rclone_executable_path": missing}
    studio.configure(
        sites=[
            {"name": "prague", "provider": "sftp", "sftp": settings},
            {"name": "cold", "provider": "s3", "s3": bucket},
        ]
    )

    def look() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for check in run("doctor", "--serve", "prague", "--serve", "cold")[1]:
            site = check["subject"].rpartition("site ")[2]
            found.setdefault(site, []).append(f"{check['result']}: {check['found']}")
        return found

    server.start()
    try:
        found = look()
    finally:
        server.stop()
    assert found["prague"][0] == "ok: sftp: reached"
    assert list((tmp_path / "projects").iterdir()) == []
    assert found["cold"][0].startswith("wrong: the program")
    (told,) = look()["prague"]
    assert told.startswith("wrong: ")
    assert "127.0.0.1" in told


def test_doctor_writes_to_the_roots_and_leaves_nothing(
    run: Run, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.machine_root.rmdir()
    studio.machine_root.symlink_to("/proc/self")
    code, checks = run("doctor")
    assert code == 1
    subject = f"project {studio.project}, site {MACHINE}"
    assert results(checks)[subject] == "wrong"


def test_doctor_without_a_server_or_a_login(
    run: Run, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AYON_API_KEY", "0" * 32)
        code, checks = run("doctor")
        assert (code, checks[-1]["subject"]) == (1, "login")
    monkeypatch.setenv("AYON_SERVER_URL", "http://127.0.0.1:9")
    code, checks = run("doctor")
    assert (code, checks[-1]["subject"]) == (1, "server")
    assert checks[-1]["todo"]


def test_doctor_in_a_project_that_is_off(run: Run, studio: HostStudio) -> None:
    studio.configure(enabled=False)
    code, checks = run("doctor")
    assert code == 0
    assert results(checks)[f"project {studio.project}"] == "warning"
