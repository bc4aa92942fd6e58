"""An agent killed again and again while it uploads to SFTP, S3 and WebDAV.

After every kill: whatever has a final name there is whole, byte for byte, and no more
files count as verified than are there. At the end a last agent finishes everything.
(Temporary files on an SFTP server are left over once they are an hour old.)
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from devhost.agent import AgentProcess
from tests.bench.transfer_studio import (
    MACHINE,
    Load,
    TransferStudio,
    open_studio,
)
from tests.ci.test_agent_kills import (
    finished_files,
    snapshot,
    wait_for_change,
    wait_for_file,
)
from tests.support.rclone_servers import serve_s3, serve_webdav
from tests.support.remote_storage import make_s3_settings, make_webdav_settings
from tests.support.sshd import Sshd

KILLS = 30
SITE = "vault"
LARGE = Load("large", 6, 10, 3_000_000)
SMALL = Load("small", 6, 100, 10_000)
LIFE_SECONDS = 0.15
"""The longest life after the first change on the storage."""
LONG_LIFE_EVERY = 5
"""So often an agent lives until another file is in place, however slow the machine."""
LIMITS = {"bandwidth_mb_s": 20}
"""So that there are files left for the last kill."""
END_SECONDS = 300.0
SETTLE_SECONDS = 20.0
"""So long a server may need to see that nobody sends any more."""


class Vault:
    """A site, and the folder where its server keeps the files."""

    def __init__(self, settings: dict[str, Any], folder: Path) -> None:
        self.settings = {**settings, "name": SITE, "limits": LIMITS}
        self.folder = folder


@pytest.fixture(params=["sftp", "s3", "webdav"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    with ExitStack() as stack:
        if request.param == "sftp":
            folder = tmp_path / "vault"
            folder.mkdir()
            home = tmp_path / "home"
            home.mkdir()
            server = stack.enter_context(Sshd(tmp_path / "sshd", home=home))
            settings = {**server.settings, "roots": str(folder)}
            yield Vault({"provider": "sftp", "sftp": settings}, folder)
        else:
            served = tmp_path / "served"
            is_s3 = request.param == "s3"
            folder = served / ("studio/ayon" if is_s3 else "ayon")
            folder.mkdir(parents=True)
            cloud = (serve_s3 if is_s3 else serve_webdav)(served, is_watched=False)
            stack.callback(cloud.stop)
            cloud.start()
            code = "s3" if is_s3 else "rclone"
            make = make_s3_settings if is_s3 else make_webdav_settings
            yield Vault({"provider": code, code: make(cloud)}, folder)


@pytest.fixture
def studio(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TransferStudio]:
    data = tmp_path / "data"
    # One machine whose agents follow each other, the last of them included.
    monkeypatch.setenv("XDG_STATE_HOME", str(data / "state"))
    with open_studio(tmp_path / "disks", data, [vault.settings]) as studio:
        for load in (LARGE, SMALL):
            studio.publish(load, studio.machine_root)
        studio.queue_all(MACHINE, SITE)
        yield studio


def test_no_kill_leaves_a_wrong_file_on_a_server(
    studio: TransferStudio, vault: Vault, tmp_path: Path
) -> None:
    def start_agent(*arguments: str) -> AgentProcess:
        agent = AgentProcess(
            *(studio.url, studio.admin_key, MACHINE, "--serve", SITE, *arguments),
            cwd=tmp_path,
        )
        agent.start()
        return agent

    chance = random.Random(21)
    whole: dict[Path, int] = {}
    for number in range(1, KILLS + 1):
        before = snapshot(vault.folder)
        agent = start_agent()
        wait_for_change(vault.folder, before, agent)
        if number % LONG_LIFE_EVERY == 0:
            wait_for_file(vault.folder, len(whole), agent)
        time.sleep(chance.uniform(0, LIFE_SECONDS))
        agent.kill()
        assert settle(vault.folder, studio.machine_root, whole) == []
        assert studio.count_verified(SITE) <= len(whole)
    assert 0 < len(whole) < LARGE.files + SMALL.files
    wait_for_end(start_agent("--once"))
    assert studio.count_verified(SITE) == LARGE.files + SMALL.files
    assert list_names(vault.folder) == list_names(studio.machine_root)
    assert settle(vault.folder, studio.machine_root, whole) == []


def wait_for_end(agent: AgentProcess) -> None:
    deadline = time.monotonic() + END_SECONDS
    while agent.is_running:
        assert time.monotonic() < deadline, "\n".join(agent.last_lines)
        time.sleep(0.1)


def settle(folder: Path, source: Path, whole: dict[Path, int]) -> list[str]:
    """Files under a final name that are not what was published.

    A server may still be putting away what it got whole, or removing what it did not.
    `whole` has those that were right before, with the inode that they had.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        wrong = find_wrong(folder, source, whole)
        if not wrong or time.monotonic() > deadline:
            return wrong
        time.sleep(0.05)


def find_wrong(folder: Path, source: Path, whole: dict[Path, int]) -> list[str]:
    wrong = []
    for path in finished_files(folder):
        name = path.relative_to(folder)
        try:
            inode = path.stat().st_ino
            if whole.get(name) == inode:
                continue
            is_right = path.read_bytes() == (source / name).read_bytes()
        except FileNotFoundError:
            continue  # the server has just removed it
        if is_right:
            whole[name] = inode
        else:
            wrong.append(str(name))
    return wrong


def list_names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in finished_files(root))
