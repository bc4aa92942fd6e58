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

import pytest
from rich.console import Console

from devhost.agent import AgentProcess
from devhost.demo import ARTIST_SITE, NEARLINE, STUDIO, Demo, Roots
from devhost.process import DevhostProcess

KILLS = 25
FILES, FILE_BYTES = 60, 12_000_000
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
        demo.publish(source)
        yield devhost, demo


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
    for _ in range(KILLS):
        before = snapshot(roots.artist)
        agent = start_artist()
        wait_for_change(roots.artist, before, agent)
        time.sleep(chance.uniform(0, 0.02))
        agent.kill()
        interrupted += bool(temporary_files(roots.artist))
        assert wrong_files(roots.artist, source) == []

    assert interrupted, "no kill met a file under way: the test proves nothing"
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


def wait_for_change(root: Path, before: set[str], agent: AgentProcess) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while snapshot(root) == before:
        assert agent.is_running, "\n".join(agent.last_lines)
        if time.monotonic() > deadline:
            return
        time.sleep(0.002)


def wrong_files(root: Path, source: Path) -> list[str]:
    """Files under a final name that are not what was published."""
    return [
        path.name
        for path in finished_files(root)
        if path.read_bytes() != (source / path.name).read_bytes()
    ]
