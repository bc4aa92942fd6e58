"""An agent killed again and again at random points, as power cuts would.

After every kill: whatever has a final name on the target is whole, byte for byte.
At the end a last agent finishes everything, and nothing temporary is left.
"""

from __future__ import annotations

import io
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import ayon_api
import pytest
from rich.console import Console

from devhost.agent import AgentProcess
from devhost.demo import ARTIST_SITE, NEARLINE, STUDIO, Demo, Roots
from devhost.process import DevhostProcess

KILLS = 140
"""With those of `test_remote_kills.py` 200."""
FILES, FILE_BYTES = 300, 3_000_000
LIFE_SECONDS = 0.04
"""The longest life after the first change on the disk."""
LONG_LIFE_EVERY = 20
"""So often an agent lives until another file is in place, however slow the machine."""
LIMIT_MB_S = 60.0
"""So that there are files left for the last kill."""
PATIENCE_SECONDS = 60


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"cache{chr(97 + number % 26)}{number}.abc").write_bytes(
            os.urandom(FILE_BYTES)
        )
    return folder


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots.make(tmp_path / "sites")


@pytest.fixture
def demo(
    tmp_path: Path, roots: Roots, source: Path
) -> Iterator[tuple[DevhostProcess, Demo]]:
    with DevhostProcess(tmp_path / "server") as devhost:
        demo = Demo(devhost, roots, Console(file=io.StringIO()))
        demo.configure()
        limit_bandwidth(devhost, LIMIT_MB_S)
        demo.publish(source)
        yield devhost, demo


def limit_bandwidth(devhost: DevhostProcess, limit_mb_s: float) -> None:
    """Of the studio and of machines, for each agent; 0 = no limit."""
    key = devhost.users["admin"]
    admin = ayon_api.ServerAPI(devhost.url, key, create_session=False)
    endpoint = f"{devhost.addon_url.partition('/api/')[2]}/settings"
    settings = admin.raw_get(endpoint).data
    settings["config"]["limits"]["bandwidth_mb_s"] = limit_mb_s
    response = admin.raw_post(endpoint, json=settings)
    assert response.status_code < 400, response.text


def test_no_kill_leaves_a_wrong_file_and_the_last_agent_finishes(
    demo: tuple[DevhostProcess, Demo], roots: Roots, source: Path
) -> None:
    devhost, run = demo
    chance = random.Random(20)

    def start_artist() -> AgentProcess:
        agent = AgentProcess(
            devhost.url, devhost.users["artist"], ARTIST_SITE, cwd=roots.studio
        )
        agent.start()
        return agent

    interrupted = 0
    compared: dict[Path, int] = {}
    for number in range(1, KILLS + 1):
        before = snapshot(roots.artist)
        agent = start_artist()
        wait_for_change(roots.artist, before, agent)
        if number % LONG_LIFE_EVERY == 0:
            wait_for_file(roots.artist, len(compared), agent)
        time.sleep(chance.uniform(0, LIFE_SECONDS))
        agent.kill()
        interrupted += bool(temporary_files(roots.artist))
        assert wrong_files(roots.artist, source, compared) == []

    assert interrupted > KILLS / 4, "few kills met a file under way"
    assert 0 < len(compared) < FILES
    limit_bandwidth(devhost, 0.0)
    last = start_artist()
    studio = AgentProcess(
        devhost.url,
        devhost.users["service"],
        STUDIO,
        *("--serve", NEARLINE),
        cwd=roots.studio,
    )
    with ExitStack() as stack:
        stack.callback(last.stop)
        stack.enter_context(studio)
        run.follow()
        run.compare()
    assert len(finished_files(roots.artist)) == FILES


def is_temporary(path: Path) -> bool:
    return path.name.endswith(".sitesync-part")


def temporary_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if is_temporary(path)]


def finished_files(root: Path) -> list[Path]:
    return [
        path for path in root.rglob("*") if path.is_file() and not is_temporary(path)
    ]


def snapshot(root: Path) -> set[str]:
    return {str(path) for path in root.rglob("*")}


def wait_for_file(root: Path, count: int, agent: AgentProcess) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(finished_files(root)) <= count and time.monotonic() < deadline:
        assert agent.is_running, "\n".join(agent.last_lines)
        time.sleep(0.002)


def wait_for_change(root: Path, before: set[str], agent: AgentProcess) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while snapshot(root) == before:
        assert agent.is_running, "\n".join(agent.last_lines)
        if time.monotonic() > deadline:
            return
        time.sleep(0.002)


def wrong_files(root: Path, source: Path, compared: dict[Path, int]) -> list[str]:
    """Files under a final name that are not what was published.

    `compared` has those that were right before, with the inode that they had.
    """
    wrong = []
    for path in finished_files(root):
        inode = path.stat().st_ino
        if compared.get(path) == inode:
            continue
        compared[path] = inode
        if path.read_bytes() != (source / path.name).read_bytes():
            wrong.append(path.name)
    return wrong
