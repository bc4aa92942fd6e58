"""Uploads to an S3 server beside `rclone copy`, whose server it is too.

    python -m tests.bench.bench_s3 [--base DIR] [--runs N] [--only NAME]

The engine and its S3 provider as an agent runs them (four files at once, every file
proven by the server's digest). Both sides run on loopback and share the processors.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.providers.rclone.daemon import stop_daemons
from ayon_sitesync.providers.registry import make_provider

from tests.bench.engine import bring, open_disk
from tests.bench.parts import Parts
from tests.bench.records import OURS, Comparisons, describe_machine
from tests.bench.transfer_page import compare, format_speed, keep_table
from tests.support.rclone_servers import (
    ACCESS_KEY,
    SECRET_KEY,
    RcloneServer,
    find_rclone,
    serve_s3,
)
from tests.support.remote_storage import make_s3_settings


@dataclass(frozen=True)
class Load:
    name: str
    files: int
    size: int


RCLONE = "rclone copy"
COLUMNS = (
    *("what", OURS, RCLONE, "ours / rclone", "wanted"),
    "memory: engine + rclone's daemon (wanted: 200 MB)",
)
NOTES = (
    "The engine and its S3 provider as an agent runs them, four threads, every file"
    " proven by the server's digest; uploads to `rclone serve s3` on loopback, which"
    " has the same processors.",
)
LOADS = (Load("100 x 10 MB", 100, 10_000_000), Load("2,000 x 10 kB", 2000, 10_000))


class Bench:
    """A disk and a bucket below one folder."""

    def __init__(self, base: Path) -> None:
        self._source, self._bucket = base / "source", base / "served" / "studio"
        self._bucket.mkdir(parents=True)
        self._server: RcloneServer = serve_s3(base / "served", is_watched=False)
        self._rounds = 0

    def __enter__(self) -> Bench:
        self._server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        stop_daemons()
        self._server.stop()

    def prepare(self, load: Load) -> None:
        shutil.rmtree(self._source, ignore_errors=True)
        (self._source / "sq").mkdir(parents=True)
        for name in list_names(load):
            (self._source / name).write_bytes(os.urandom(load.size))

    def measure(self, load: Load, run: Callable[[Load], None]) -> float:
        """Seconds of one run; what came must be whole."""
        # A new folder: the server does not look at what changes behind its back.
        self._rounds += 1
        self._root = f"round{self._rounds}"
        (self._bucket / self._root).mkdir()
        started_at = time.monotonic()
        run(load)
        seconds = time.monotonic() - started_at
        root = self._bucket / self._root
        found = [path.stat().st_size for path in root.rglob("*.exr")]
        assert found == [load.size] * load.files, (load, len(found))
        shutil.rmtree(root)
        return seconds

    def run_ours(self, load: Load) -> None:
        settings = make_s3_settings(self._server)
        config = SiteConfig("cloud", {"work": self._root}, "linux", "beef", settings)
        target = make_provider("s3", config)
        bring(open_disk(self._source), target, list_names(load), load.size)

    def run_rclone(self, load: Load) -> None:
        remote = (
            f":s3,provider=Rclone,endpoint='{self._server.url}',"
            f"access_key_id={ACCESS_KEY},secret_access_key={SECRET_KEY}:studio/{self._root}"
        )
        command = [find_rclone(), "copy", "--config", "", str(self._source), remote]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-500:]


def list_names(load: Load) -> list[str]:
    return [f"sq/f{number:05}.exr" for number in range(load.files)]


class MemoryWatch:
    """The largest memory of this process and of rclone's daemon while it is open."""

    def __init__(self) -> None:
        self.own = self.daemon = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._end.wait(0.1):
            self.own = max(self.own, me.memory_info().rss)
            for child in me.children():
                with contextlib.suppress(psutil.Error):
                    if "rcd" in child.cmdline():
                        self.daemon = max(self.daemon, child.memory_info().rss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="a part of a load's name")
    arguments = parser.parse_args()
    machine = describe_machine()
    rows, cases = [], []
    parts = Parts()
    with (
        tempfile.TemporaryDirectory(dir=arguments.base) as folder,
        Bench(Path(folder)) as bench,
    ):
        for load in (load for load in LOADS if arguments.only in load.name):
            with parts.keep(load.name):
                medians, memory = measure(bench, load, arguments.runs)
                row = make_row(load, medians, memory)
                print(f"| {' | '.join(row)} |", flush=True)
                rows.append(row)
                cases.append(compare(load.name, load.files, load.size, medians))
    if not arguments.only:
        keep_table("s3", COLUMNS, rows, NOTES, machine)
        Comparisons("Files to an S3 server", machine, cases).write("s3")
    parts.end()


def measure(
    bench: Bench, load: Load, runs: int
) -> tuple[dict[str, float], MemoryWatch]:
    """Median seconds of both tools."""
    bench.prepare(load)
    bench.measure(load, bench.run_ours)
    ours, rclone = [], []
    with MemoryWatch() as memory:
        for _ in range(runs):
            rclone.append(bench.measure(load, bench.run_rclone))
            ours.append(bench.measure(load, bench.run_ours))
    medians = {OURS: statistics.median(ours), RCLONE: statistics.median(rclone)}
    return medians, memory


def make_row(load: Load, medians: dict[str, float], memory: MemoryWatch) -> list[str]:
    """Speeds, ours as a part of rclone's, memory."""
    own, other = medians[OURS], medians[RCLONE]
    return [
        load.name,
        format_speed(load.files, load.size, own),
        format_speed(load.files, load.size, other),
        f"{other / own:.2f}",
        "0.9",
        f"{memory.own / 1e6:.0f} + {memory.daemon / 1e6:.0f} MB",
    ]


if __name__ == "__main__":
    main()
