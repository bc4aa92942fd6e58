"""How fast an agent moves files between disks, beside `cp -r` and `sync`.

    python -m tests.bench.bench_transfer --disk DIR --tmpfs DIR
        [--only NAME ...] [--runs N] [--part X]

Each figure is the median of three runs, unless told otherwise. Copies by `cp` and by an
agent alternate, so that both meet the machine in the same state. A run of everything
writes its table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.bench.parts import Parts
from tests.bench.records import OURS, Comparisons, describe_machine
from tests.bench.transfer_page import compare, format_speed, keep_table
from tests.bench.transfer_studio import (
    MACHINE,
    STUDIO,
    Load,
    Run,
    TransferStudio,
    open_studio,
)

RUNS = 3
LOADS = (
    Load("sequences", 200, 50, 10_000),
    Load("singles", 10_000, 1, 10_000),
    Load("large", 500, 1, 10_000_000),
    Load("huge", 2, 1, 2_000_000_000),
)


TITLES = {
    "sequences": "10,000 x 10 kB, 200 sequences",
    "singles": "10,000 x 10 kB, single files",
    "large": "500 x 10 MB",
    "huge": "2 x 2 GB",
}
FAST = 2000
"""Small files a second that are wanted where no disk holds them up."""
COPY = "cp -r && sync"
COLUMNS = (
    *("what", "where", OURS, f"`{COPY}`", "ours / `cp`", "wanted"),
    *("requests a second (wanted: 2)", "agent's memory (wanted: 200 MB)"),
)


NOTES = (
    "From the agent's first request to its last report: claims, copies, everything"
    " read back past the page cache, renames, reports, all of it durable.",
    "`cp -r` and `sync` of the same files, in the same run, prove nothing.",
)


@dataclass(frozen=True)
class Result:
    """Medians in seconds; `ratio` is the agent's speed as a part of `cp`'s."""

    load: str
    place: str
    files: int
    size: int
    agent_seconds: float
    copy_seconds: float
    ratio: float
    requests: int
    requests_per_second: float
    peak_megabytes: float

    def make_row(self) -> list[str]:
        is_fast = self.place == "tmpfs" and self.size < 1_000_000
        return [
            TITLES[self.load],
            self.place,
            format_speed(self.files, self.size, self.agent_seconds),
            format_speed(self.files, self.size, self.copy_seconds),
            f"{self.ratio:.2f}",
            f"{FAST:,} files/s" if is_fast else "0.7",
            f"{self.requests_per_second:.1f}",
            f"{self.peak_megabytes:.0f} MB",
        ]


def measure(studio: TransferStudio, load: Load, place: str, runs: int) -> Result:
    """Publish a load and bring it to the machine, again and again."""
    studio.publish(load, studio.studio_root)
    os.sync()
    agents: list[Run] = []
    copies: list[float] = []
    for _ in range(runs):
        copies.append(copy_tree(studio))
        shutil.rmtree(studio.machine_root)
        studio.machine_root.mkdir()
        studio.queue_all(STUDIO, MACHINE)
        os.sync()
        agents.append(studio.run_agent())
        check(studio, load)
    seconds = statistics.median(run.seconds for run in agents)
    copied = statistics.median(copies)
    return Result(
        load.name,
        place,
        load.files,
        load.size,
        round(seconds, 2),
        round(copied, 2),
        round(copied / seconds, 2),
        max(run.requests for run in agents),
        round(statistics.median(run.requests / run.seconds for run in agents), 1),
        round(max(run.peak_bytes for run in agents) / 1e6, 1),
    )


def copy_tree(studio: TransferStudio) -> float:
    """Seconds of `cp -r` with `sync`."""
    shutil.rmtree(studio.copy_root)
    os.sync()
    started_at = time.monotonic()
    subprocess.run(["cp", "-r", studio.studio_root, studio.copy_root], check=True)
    os.sync()
    seconds = time.monotonic() - started_at
    shutil.rmtree(studio.copy_root)
    studio.copy_root.mkdir()
    return seconds


def check(studio: TransferStudio, load: Load) -> None:
    """Everything is proven, and there is what the proofs say."""
    verified = studio.count_verified(MACHINE)
    if verified != load.files:
        raise RuntimeError(f"{load.name}: {verified} of {load.files} files verified")
    trees = (studio.studio_root, studio.machine_root)
    subprocess.run(["diff", "-rq", *trees], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--disk", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--tmpfs", type=Path, default=Path("/dev/shm"))
    names = [load.name for load in LOADS]
    parser.add_argument("--only", choices=names, nargs="+", default=names)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--place", choices=["disk", "tmpfs"])
    parser.add_argument("--part", type=float, default=1.0, help="of each load")
    options = parser.parse_args()
    machine = describe_machine()
    rows, cases = [], []
    parts = Parts()
    for place in ("tmpfs", "disk"):
        for whole in LOADS:
            sequences = max(1, round(whole.sequences * options.part))
            load = replace(whole, sequences=sequences)
            if load.name not in options.only:
                continue
            if options.place not in (None, place):
                continue
            name = f"{TITLES[load.name]}, {place}"
            with parts.keep(name):
                base = Path(tempfile.mkdtemp(dir=getattr(options, place)))
                data = Path(tempfile.mkdtemp(prefix="sitesync-bench-"))
                with open_studio(base, data) as studio:
                    result = measure(studio, load, place, options.runs)
                print(json.dumps(asdict(result)), flush=True)
                rows.append(result.make_row())
                seconds = {OURS: result.agent_seconds, COPY: result.copy_seconds}
                cases.append(compare(name, load.files, load.size, seconds))
    is_whole = options.only == names and options.part == 1
    if is_whole and options.place is None:
        keep_table("disks", COLUMNS, rows, NOTES, machine)
        title = "Files between disks, the whole system"
        Comparisons(title, machine, cases).write("transfer")
    parts.end()


if __name__ == "__main__":
    main()
