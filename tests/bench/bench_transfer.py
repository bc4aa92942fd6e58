"""How fast an agent moves files between disks, beside `cp -r` and `sync`.

    python -m tests.bench.bench_transfer --disk DIR --tmpfs DIR
        [--only NAME ...] [--runs N]

Each figure is the median of three runs, unless told otherwise. Copies by `cp` and by an
agent alternate, so that both meet the machine in the same state.
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
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.transfer_studio import Load, Run, TransferStudio, open_studio

RUNS = 3
LOADS = (
    Load("sequences", 200, 50, 10_000),
    Load("singles", 10_000, 1, 10_000),
    Load("large", 500, 1, 10_000_000),
    Load("huge", 2, 1, 2_000_000_000),
)


@dataclass(frozen=True)
class Result:
    """Medians in seconds; `ratio` is the agent's speed as a part of `cp`'s."""

    load: str
    place: str
    files: int
    agent_seconds: float
    copy_seconds: float
    files_per_second: float
    megabytes_per_second: float
    ratio: float
    requests: int
    requests_per_second: float
    peak_megabytes: float


def measure(studio: TransferStudio, load: Load, place: str, runs: int) -> Result:
    """Publish a load and bring it to the machine, again and again."""
    studio.publish(load)
    os.sync()
    agents: list[Run] = []
    copies: list[float] = []
    for _ in range(runs):
        copies.append(copy_tree(studio))
        studio.queue_all()
        os.sync()
        agents.append(studio.run_agent())
        check(studio, load)
    seconds = statistics.median(run.seconds for run in agents)
    copied = statistics.median(copies)
    return Result(
        load.name,
        place,
        load.files,
        round(seconds, 2),
        round(copied, 2),
        round(load.files / seconds, 1),
        round(load.bytes / seconds / 1e6, 1),
        round(copied / seconds, 2),
        max(run.requests for run in agents),
        round(max(run.requests / run.seconds for run in agents), 1),
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
    verified = studio.count_verified()
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
    options = parser.parse_args()
    for place in ("tmpfs", "disk"):
        for load in LOADS:
            if load.name not in options.only:
                continue
            if options.place not in (None, place):
                continue
            base = Path(tempfile.mkdtemp(dir=getattr(options, place)))
            data = Path(tempfile.mkdtemp(prefix="sitesync-bench-"))
            with open_studio(base, data) as studio:
                result = measure(studio, load, place, options.runs)
            print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    main()
