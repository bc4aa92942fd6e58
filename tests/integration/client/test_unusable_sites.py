"""Commands that meet a site that is full, read-only or not reachable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.cli import main
from ayon_sitesync.cli.connection import find_machine_tag

from tests.support.command_line import CommandLine
from tests.support.host_studio import MACHINE, QUEUED, SYNCED, HostStudio
from tests.support.small_disk import SmallDisk
from tests.support.sshd import find_free_port


@pytest.fixture
def run(
    studio: HostStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return CommandLine(capsys, "--project", studio.project)


@pytest.fixture
def disk(studio: HostStudio, tmp_path: Path) -> Iterator[SmallDisk]:
    """The machine's root is a small disk with one of two published files."""
    with SmallDisk(tmp_path / "disk", 4) as made:
        studio.machine_root.rmdir()
        studio.machine_root.symlink_to(made.path, target_is_directory=True)
        version = studio.make_version()
        here = studio.publish(version, "a.exr")
        studio.set_row(here, "studio", SYNCED)
        studio.set_row(here, MACHINE, SYNCED)
        (studio.machine_root / "a.exr").write_bytes(b"a.exr" * 20)
        wanted = studio.publish(studio.make_version(), "b.exr")
        studio.set_row(wanted, "studio", SYNCED)
        studio.set_row(wanted, MACHINE, QUEUED)
        yield made


def leave_part(studio: HostStudio) -> Path:
    tag = find_machine_tag(MACHINE)
    path = studio.machine_root / f"sh010/.left.exr.{tag}abcd.sitesync-part"
    path.parent.mkdir()
    path.write_bytes(b"part")
    return path


def find_own(checks: list[dict[str, Any]]) -> str:
    """What is wrong with the machine's own site."""
    return " ".join(
        one["found"]
        for one in checks
        if one["subject"].endswith(f"site {MACHINE}") and one["result"] == "wrong"
    )


def test_full_disk_is_told_and_can_be_looked_at_and_cleaned(
    run: CommandLine, studio: HostStudio, disk: SmallDisk
) -> None:
    left = leave_part(studio)
    with disk.filled():
        code, checks = run("doctor")
        assert code == 1
        assert "the disk is full" in find_own(checks), checks
        code, [found] = run("scan")
        assert (code, found["found"], found["missing"]) == (0, 1, 0)
        assert run("verify")[0] == 0
        code, events = run("agent", "--once")
        assert code == 1
        assert "the disk is full; free some space" in str(events)
        code, found = run("clean", "--delete")
        assert (code, [one["deleted"] for one in found]) == (0, [True])
        assert not left.exists()
    assert run("agent", "--once")[0] == 0
    assert (studio.machine_root / "b.exr").read_bytes() == b"b.exr" * 20


def test_read_only_disk_is_told_and_can_be_looked_at(
    run: CommandLine,
    studio: HostStudio,
    disk: SmallDisk,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = leave_part(studio)
    with disk.read_only():
        code, checks = run("doctor")
        assert (code, "mounted read-only" in find_own(checks)) == (1, True)
        code, [found] = run("scan")
        assert (code, found["found"], found["missing"]) == (0, 1, 0)
        assert run("verify")[0] == 0
        code, events = run("agent", "--once")
        assert (code, "mounted read-only" in str(events)) == (1, True)
        assert main(["clean", "--delete", "--project", studio.project]) == 1
        assert "mounted read-only" in capsys.readouterr().err
        assert left.exists()
    assert run("clean", "--delete")[0] == 0
    assert run("agent", "--once")[0] == 0


def test_commands_tell_of_a_site_that_cannot_be_used(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    server = {
        "sftp_host": "127.0.0.1",
        "sftp_port": find_free_port(),
        "sftp_user": "nobody",
        "sftp_pass": "canary-pass",
        "roots": "/projects",
    }
    studio.configure(sites=[{"name": "away", "provider": "sftp", "sftp": server}])
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    studio.set_row(published, "away", SYNCED)
    code, checks = run("doctor", "--serve", "away")
    (told,) = [one for one in checks if one["subject"].endswith("site away")]
    assert (code, told["result"]) == (1, "wrong")
    assert "cannot be reached" in told["found"]
    for command in ("scan", "verify"):
        assert main([command, "--project", studio.project, "--on", "away"]) == 1
        said = capsys.readouterr().err
        assert "cannot be reached" in said
        assert "canary-pass" not in said
    assert studio.rows(published.id)["away"] == SYNCED
