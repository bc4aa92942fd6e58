"""An agent and other tools that bring the files of a machine to a remote, in turns."""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench.transfer_page import format_speed
from tests.bench.transfer_studio import (
    MACHINE,
    Load,
    Run,
    TransferStudio,
    open_studio,
)

SITE = "remote"
SLOW_SECONDS = 20.0
"""A tool that takes longer is run once."""

Tool = Callable[[Path], None]
"""Brings all below a folder to the remote."""


@dataclass(frozen=True)
class Remote:
    """Where files go: `site` as the addon's settings have it.

    `folder`: where they arrive on this machine. `empty` makes it ready for a run.
    """

    site: Mapping[str, Any]
    folder: Path
    empty: Callable[[], None]


@dataclass(frozen=True)
class Medians:
    """Seconds of the agent and of each tool; all runs of the agent."""

    ours: float
    tools: Mapping[str, float]
    runs: list[Run]

    def describe_speed(self, load: Load) -> list[str]:
        """Of the agent and of each tool."""
        seconds = (self.ours, *self.tools.values())
        return [format_speed(load.files, load.size, each) for each in seconds]

    def describe_cost(self) -> list[str]:
        """Requests to AYON's server, and peaks of memory."""
        requests = max(run.requests for run in self.runs)
        memory = f"{max(run.peak_bytes for run in self.runs) / 1e6:.0f}"
        daemon = max(run.daemon_bytes for run in self.runs)
        if daemon:
            memory += f" + {daemon / 1e6:.0f}"
        return [str(requests), f"{memory} MB"]


def compare_tools(
    base: Path, remote: Remote, load: Load, tools: Mapping[str, Tool], rounds: int
) -> Medians:
    """Bring a load to a remote again and again, by an agent and by each tool."""
    data = Path(tempfile.mkdtemp(prefix="sitesync-bench-"))
    site = {**remote.site, "name": SITE}
    with open_studio(base / "studio", data, [site]) as studio:
        studio.publish(load, studio.machine_root)
        runs: list[Run] = []
        seconds: dict[str, list[float]] = {name: [] for name in tools}
        for _ in range(rounds):
            runs.append(_run_agent(studio, remote, load))
            for name, tool in tools.items():
                if seconds[name] and seconds[name][0] > SLOW_SECONDS:
                    continue
                remote.empty()
                started_at = time.monotonic()
                tool(studio.machine_root)
                seconds[name].append(time.monotonic() - started_at)
                check(studio.machine_root, remote)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    return Medians(statistics.median(run.seconds for run in runs), medians, runs)


def _run_agent(studio: TransferStudio, remote: Remote, load: Load) -> Run:
    remote.empty()
    studio.queue_all(MACHINE, SITE)
    run = studio.run_agent("--serve", SITE)
    verified = studio.count_verified(SITE)
    if verified != load.files:
        raise RuntimeError(f"{load.name}: {verified} of {load.files} files verified")
    check(studio.machine_root, remote)
    return run


def check(source: Path, remote: Remote) -> None:
    """What came is whole."""
    subprocess.run(["diff", "-rq", source, remote.folder], check=True)


def call(*command: str, said: str = "") -> None:
    """Run another tool; `said` is its input."""
    done = subprocess.run(
        command, input=said, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-500:]}")


def empty_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


@dataclass(frozen=True)
class BenchOptions:
    """What was typed. `part`: that share of each load, to see whether all works."""

    base: Path
    runs: int
    only: str
    part: float

    @property
    def is_whole(self) -> bool:
        """Whether the figures are to be kept."""
        return not self.only and self.part == 1

    def choose(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self.only in name]

    def shrink(self, load: Load) -> Load:
        return replace(load, length=max(1, round(load.length * self.part)))


def read_options(about: str | None) -> BenchOptions:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="a part of a load's name")
    parser.add_argument("--part", type=float, default=1.0, help="of each load")
    typed = parser.parse_args()
    return BenchOptions(typed.base, typed.runs, typed.only, typed.part)
