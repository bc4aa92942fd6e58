"""The rclone daemon: private, its own, started anew, gone with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
from ayon_sitesync.errors import (
    RetryableError,
)
from ayon_sitesync.providers.rclone import daemon as daemons
from ayon_sitesync.providers.rclone import versions
from ayon_sitesync.providers.rclone.daemon import Daemon
from ayon_sitesync.providers.rclone.errors import DaemonStartError, RcError

from tests.support.large_file import (
    NAME,
    Disk,
    Once,
    slow_down,
    transfer,
)
from tests.support.rclone_servers import (
    RcloneServer,
    find_rclone,
)
from tests.support.remote_storage import (
    FolderStorage,
)

Site = tuple[FolderStorage, RcloneServer]


def test_daemon_that_is_killed_in_a_file_is_started_again(
    disk: Disk, site: Site
) -> None:
    storage, _ = site
    content = disk.write()
    target = storage.make_provider()
    daemon = slow_down(target)
    with daemon.use() as session:
        first = session.pid
    kill = Once(lambda: os.kill(first, signal.SIGKILL))
    with pytest.raises(RetryableError):
        transfer(disk.provider, target, kill)
    assert kill.acted
    assert storage.get(NAME) is None
    daemon.set_bandwidth(None)
    assert transfer(disk.provider, target).moved
    assert storage.get(NAME) == content
    assert daemon.pid not in (None, first)
    assert [name for name in storage.list_names() if "sitesync-part" not in name] == [
        NAME
    ]


def test_daemon_is_private_and_ends_when_idle() -> None:
    daemon = Daemon(find_rclone(), idle_seconds=0.2)
    with daemon.use() as session:
        assert session.folder.stat().st_mode & 0o777 == 0o700
        assert list(session.folder.iterdir()) == [session.folder / "rc.sock"]
        process = psutil.Process(session.pid)
        words = " ".join(process.cmdline())
        assert process.environ()["RCLONE_RC_PASS"] not in words
        folder = session.folder
    process.wait(30)
    with daemon.use() as session:
        assert not folder.exists()
        assert session.pid != process.pid
    daemon.stop()


def test_daemon_starts_below_a_long_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's path has a hundred bytes; farms and sandboxes have longer ones."""
    folder = tmp_path / ("ä" * 60) / ("long" * 20)
    folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    daemon = Daemon(find_rclone())
    with daemon.use() as session:
        assert session.call("rc/noop", {"answers": True}) == {"answers": True}
        assert list(session.folder.iterdir()) == []
        port = _find_port(psutil.Process(session.pid))
        with (
            pytest.raises(urllib.error.HTTPError, match="401"),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30),
        ):
            pass
    daemon.stop()


def _find_port(process: psutil.Process) -> int:
    """The one port on which a process listens, of the loopback only."""
    (address,) = {
        each.laddr
        for each in process.net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    assert address.ip == "127.0.0.1"
    return int(address.port)


def test_daemon_and_its_guard_know_nothing_of_ayon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AYON_API_KEY", "canary-api-key")
    monkeypatch.setenv("AYON_SERVER_URL", "http://canary-server")
    monkeypatch.setenv("RCLONE_CONFIG_OTHER_PASS", "canary-pass")
    known = set(psutil.Process().children(recursive=True))
    daemon = Daemon(find_rclone())
    with daemon.use() as session:
        started = set(psutil.Process().children(recursive=True)) - known
        environments = {each.name(): each.environ() for each in started}
        assert {*environments} == {"rclone", "sh"}
        assert "canary" not in str(environments)
        assert environments["sh"].keys() <= {"PWD", "SHLVL", "_"}
        assert environments["rclone"]["PATH"] == os.environ["PATH"]
        assert session.is_alive
    daemon.stop()


def test_daemon_does_not_outlive_a_killed_process(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from ayon_sitesync.providers.rclone.daemon import Daemon\n"
        "with Daemon(sys.argv[1]).use() as session:\n"
        "    print(session.pid, session.folder, flush=True)\n"
        "    time.sleep(600)\n"
    )
    client = Path(__file__).parents[2] / "client"
    owner = subprocess.Popen(
        [sys.executable, "-c", script, find_rclone()],
        env={**os.environ, "PYTHONPATH": str(client)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        process = psutil.Process(int(pid))
        owner.kill()
    process.wait(30)
    # The next daemon of anyone here removes what is left.
    daemon = Daemon(find_rclone())
    with daemon.use():
        assert not Path(folder).exists()
    daemon.stop()


def test_daemon_that_takes_no_limit_is_not_left_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody would ever end it, and nothing would hold it back."""
    made: list[daemons.Session] = []
    call = daemons.Session.call

    def refuse(
        session: daemons.Session,
        command: str,
        parameters: dict[str, Any],
        timeout_seconds: float | None = None,
    ) -> dict[str, Any]:
        if command == "core/bwlimit":
            made.append(session)
            raise RcError("no", 500)
        return call(session, command, parameters, timeout_seconds)

    monkeypatch.setattr(daemons.Session, "call", refuse)
    daemon = Daemon(find_rclone())
    daemon.set_bandwidth(1_000_000)
    with pytest.raises(DaemonStartError, match="limit"), daemon.use():
        pass
    assert [session.is_alive for session in made] == [False]


OLD_PROGRAM = """#!/bin/sh
if [ "$1" = version ]; then
    echo "rclone v1.60.1-DEV"
    exit 0
fi
echo "Error: unknown flag: --max-buffer-memory" >&2
seq 100 >&2
exit 1
"""


def test_program_that_is_too_old_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not know our arguments, or it starts and lacks what we call."""
    old = tmp_path / "rclone"
    old.write_text(OLD_PROGRAM)
    old.chmod(0o755)
    with pytest.raises(DaemonStartError, match=r"rclone 1\.60, and 1\.72 or later"):
        daemons.Session(str(old), ())
    monkeypatch.setattr(versions, "LEAST", (99, 0))
    before = set(psutil.Process().children())
    with pytest.raises(DaemonStartError, match=r"99\.0 or later is needed"):
        daemons.Session(find_rclone(), ())
    assert set(psutil.Process().children()) <= before
