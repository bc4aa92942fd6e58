"""How fast files reach an OpenSSH server, beside rsync, sftp and rclone.

    python -m tests.bench.bench_sftp [--base DIR] [--runs 3]

The server is on loopback; `30 ms` goes through a relay that holds each byte back for
15 ms each way. All tools run one after the other in each round, and the median of the
rounds counts. Ours is the transfer engine with its provider as an agent runs it, four
threads, every file proven by content or by the server's checksum; its first run makes
the connections. Claims and reports of the queue are not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider

from tests.bench.engine import bring, open_disk
from tests.bench.parts import Parts
from tests.bench.records import OURS, Comparison, Comparisons, describe_machine
from tests.bench.transfer_page import compare, format_speed, keep_table
from tests.support.sshd import Sshd

DELAY_SECONDS = 0.015


@dataclass(frozen=True)
class Load:
    name: str
    files: int
    size: int
    wanted: tuple[tuple[str, float], ...]
    """Parts of a tool's speed; `BEST` is that of the best other tool."""
    is_far: bool = False


BEST = "the best"
RSYNC, RCLONE = "rsync -a", "rclone copy"
LOADS = (
    Load("100 x 10 MB", 100, 10_000_000, ((BEST, 0.9),)),
    Load("2,000 x 10 kB", 2000, 10_000, ((RSYNC, 0.25), (RCLONE, 3))),
    Load("300 x 10 kB, 30 ms", 300, 10_000, ((RSYNC, 0.4),), is_far=True),
    Load("8 x 10 MB, 30 ms", 8, 10_000_000, ((BEST, 0.7),), is_far=True),
)
SLOW_SECONDS = 20.0
"""A tool that takes longer is run once."""
NOTES = (
    "The engine with its provider as an agent runs them, four threads, every file"
    " proven by content or by the server's checksum; claims and reports are not in it."
    " Loopback and tmpfs at both ends.",
    "`30 ms`: a relay holds each byte back for 15 ms each way.",
)


class DelayLine:
    """A relay that passes everything on after `DELAY_SECONDS`, each way."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.port = 0
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._join, "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        far = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._pass(reader, far[1]), self._pass(far[0], writer))

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(1 << 18):
            self._loop.call_later(DELAY_SECONDS, writer.write, data)
        self._loop.call_later(DELAY_SECONDS, writer.close)


class Bench:
    def __init__(self, base: Path, server: Sshd, far_port: int) -> None:
        self._server = server
        self._source, self._target = base / "source", base / "target"
        self._state = base / "state"
        self._ports = {False: server.port, True: far_port}
        self._settings = {
            is_far: {**server.settings, "sftp_port": port}
            for is_far, port in self._ports.items()
        }

    def prepare(self, load: Load) -> None:
        shutil.rmtree(self._source, ignore_errors=True)
        (self._source / "sq").mkdir(parents=True)
        for number in range(load.files):
            name = f"sq/f{number:05}.exr"
            (self._source / name).write_bytes(os.urandom(load.size))

    def measure(self, load: Load, run: Callable[[Load], None]) -> float:
        """Seconds of one run; what came must be whole."""
        shutil.rmtree(self._target, ignore_errors=True)
        self._target.mkdir()
        started_at = time.monotonic()
        run(load)
        seconds = time.monotonic() - started_at
        found = [path.stat().st_size for path in self._target.rglob("*.exr")]
        assert found == [load.size] * load.files, (load, len(found))
        return seconds

    def compare_tools(
        self, load: Load, tools: Mapping[str, Callable[[Load], None]], rounds: int
    ) -> dict[str, float]:
        """Median seconds of each tool."""
        self.prepare(load)
        self.measure(load, self.run_ours)
        times: dict[str, list[float]] = {name: [] for name in tools}
        for _ in range(rounds):
            for name, tool in tools.items():
                if not times[name] or times[name][0] < SLOW_SECONDS:
                    times[name].append(self.measure(load, tool))
        return {name: statistics.median(times[name]) for name in tools}

    # --- who is measured -------------------------------------------------------------

    def run_ours(self, load: Load) -> None:
        # A provider of its own each time; the connections below it stay open.
        source = open_disk(self._source)
        target = self._open("sftp", self._target, self._settings[load.is_far])
        names = [f"sq/f{number:05}.exr" for number in range(load.files)]
        bring(source, target, names, load.size)

    def run_rsync(self, load: Load) -> None:
        shell = f"ssh {' '.join(self._options)} -p {self._ports[load.is_far]}"
        self._call("rsync", "-a", "-e", shell, f"{self._source}/sq", self._remote)

    def run_sftp(self, load: Load) -> None:
        port = str(self._ports[load.is_far])
        self._call(
            *("sftp", *self._options, "-q", "-b", "-", "-P", port, self._remote),
            said=f"put -r {self._source}/sq\n",
        )

    def run_rclone(self, load: Load) -> None:
        options = (
            f"host=127.0.0.1,port={self._ports[load.is_far]},user={self._server.user},"
            f"key_file={self._server.user_key}"
        )
        rclone = str(Path(sys.executable).with_name("rclone"))
        target = f":sftp,{options}:{self._target}"
        self._call(rclone, "copy", "--config", "", str(self._source), target)

    # --- how -------------------------------------------------------------------------

    def _open(self, code: str, root: Path, settings: dict[str, Any]) -> Provider:
        roots = {"work": str(root)}
        state = str(self._state)
        return make_provider(
            code, SiteConfig("nas", roots, "linux", "beef", settings, state)
        )

    @property
    def _options(self) -> list[str]:
        known = "-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null"
        key = str(self._server.user_key)
        return ["-F", "none", "-i", key, "-oLogLevel=ERROR", *known.split()]

    @property
    def _remote(self) -> str:
        return f"{self._server.user}@127.0.0.1:{self._target}"

    def _call(self, *command: str, said: str = "") -> None:
        done = subprocess.run(
            command, input=said, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command[0], done.stderr[-500:])


def run(
    base: Path, rounds: int, only: str, parts: Parts
) -> tuple[list[list[str]], list[Comparison]]:
    """The rows of the table, and the same for the plots."""
    with Sshd(base / "sshd") as server:
        bench = Bench(base, server, DelayLine(server.port).port)
        tools = {
            OURS: bench.run_ours,
            RSYNC: bench.run_rsync,
            "sftp put -r": bench.run_sftp,
            RCLONE: bench.run_rclone,
        }
        rows, cases = [], []
        for load in (load for load in LOADS if only in load.name):
            with parts.keep(load.name):
                medians = bench.compare_tools(load, tools, rounds)
                row = make_row(load, medians)
                print(f"| {' | '.join(row)} |", flush=True)
                rows.append(row)
                cases.append(compare(load.name, load.files, load.size, medians))
    return rows, cases


def make_row(load: Load, medians: dict[str, float]) -> list[str]:
    """Speeds of all tools, ours as parts of theirs, and what is wanted of those."""
    best = min(value for name, value in medians.items() if name != OURS)
    found, wanted = [], []
    for name, share in load.wanted:
        theirs = best if name == BEST else medians[name]
        found.append(f"{theirs / medians[OURS]:.2f} x {name}")
        wanted.append(f"{share} x")
    speeds = [format_speed(load.files, load.size, value) for value in medians.values()]
    return [load.name, *speeds, ", ".join(found), ", ".join(wanted)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="a part of a load's name")
    arguments = parser.parse_args()
    parts = Parts()
    with tempfile.TemporaryDirectory(dir=arguments.base) as folder:
        machine = describe_machine()
        rows, cases = run(Path(folder), arguments.runs, arguments.only, parts)
    if not arguments.only:
        columns = ("what", OURS, RSYNC, "sftp put -r", RCLONE, "ours", "wanted")
        keep_table("sftp", columns, rows, NOTES, machine)
        Comparisons("Files to an OpenSSH server", machine, cases).write("sftp")
    parts.end()


if __name__ == "__main__":
    main()
