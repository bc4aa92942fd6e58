"""How fast files reach an OpenSSH server, beside rsync, sftp and rclone.

    python -m tests.bench.bench_sftp [--base DIR] [--runs N] [--only NAME] [--part X]

The server is on loopback; `30 ms` goes through a relay that holds each byte back for
15 ms each way. All tools run one after the other in each round, and the median of the
rounds counts. Ours is the whole system: an agent against a devhost, from its first
request to its last, with its logins and every file proven.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.parts import Parts
from tests.bench.records import OURS, Comparison, Comparisons, describe_machine
from tests.bench.remote_tools import (
    Medians,
    Remote,
    Tool,
    call,
    compare_tools,
    empty_folder,
    read_options,
)
from tests.bench.transfer_page import compare, keep_table
from tests.bench.transfer_studio import Load
from tests.support.rclone_servers import find_rclone
from tests.support.sshd import Sshd

DELAY_SECONDS = 0.015
BEST = "the best"
RSYNC, SFTP, RCLONE = "rsync -a", "sftp put -r", "rclone copy"
COLUMNS = (
    *("what", OURS, RSYNC, SFTP, RCLONE, "ours", "wanted"),
    *("requests to the server", "agent's memory (wanted: 200 MB)"),
)
NOTES = (
    "The whole system: logins, claims, copies, every file proven by content or by the"
    " server's checksum, reports. Loopback and tmpfs at both ends, a shell that reads"
    " nothing at its start.",
    "`30 ms`: a relay holds each byte back for 15 ms each way.",
)


@dataclass(frozen=True)
class Case:
    """A load, and the wanted parts of a tool's speed; `BEST` is the best other tool."""

    load: Load
    wanted: tuple[tuple[str, float], ...]
    is_far: bool = False


CASES = {
    "100 x 10 MB": Case(Load("large", 1, 100, 10_000_000), ((BEST, 0.9),)),
    "2,000 x 10 kB": Case(Load("small", 1, 2000, 10_000), ((RSYNC, 0.25), (RCLONE, 3))),
    "300 x 10 kB, 30 ms": Case(
        Load("small", 1, 300, 10_000), ((RSYNC, 0.4),), is_far=True
    ),
    "8 x 10 MB, 30 ms": Case(
        Load("large", 1, 8, 10_000_000), ((BEST, 0.7),), is_far=True
    ),
}


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


class Tools:
    """What people use, at one port of a server."""

    def __init__(self, server: Sshd, port: int, target: Path) -> None:
        self._server, self._port = server, port
        self._target = target
        self._remote = f"{server.user}@127.0.0.1:{target}"
        known = "-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null"
        key = str(server.user_key)
        self._options = ["-F", "none", "-i", key, "-oLogLevel=ERROR", *known.split()]

    def list_all(self) -> Mapping[str, Tool]:
        return {RSYNC: self._run_rsync, SFTP: self._run_sftp, RCLONE: self._run_rclone}

    def _run_rsync(self, source: Path) -> None:
        shell = f"ssh {' '.join(self._options)} -p {self._port}"
        call("rsync", "-a", "-e", shell, f"{source}/", self._remote)

    def _run_sftp(self, source: Path) -> None:
        said = "".join(f"put -r {folder}\n" for folder in source.iterdir())
        call(
            *("sftp", *self._options, "-q", "-b", "-", "-P", str(self._port)),
            self._remote,
            said=said,
        )

    def _run_rclone(self, source: Path) -> None:
        target = (
            f":sftp,host=127.0.0.1,port={self._port},user={self._server.user},"
            f"key_file={self._server.user_key}:{self._target}"
        )
        call(find_rclone(), "copy", "--config", "", str(source), target)


def measure(base: Path, case: Case, load: Load, rounds: int) -> Medians:
    """Agent and tools in turns, with a server of their own."""
    target = base / "target"
    home = base / "home"
    home.mkdir()
    # Each tool but sftp calls a shell: this machine's own may read much at its start.
    with Sshd(base / "sshd", home=home) as server:
        port = DelayLine(server.port).port if case.is_far else server.port
        settings = {**server.settings, "sftp_port": port, "roots": str(target)}
        remote = Remote(
            {"provider": "sftp", "sftp": settings},
            target,
            lambda: empty_folder(target),
        )
        tools = Tools(server, port, target).list_all()
        return compare_tools(base, remote, load, tools, rounds)


def make_row(name: str, case: Case, load: Load, medians: Medians) -> list[str]:
    """Speeds of all tools, ours as parts of theirs, what is wanted, what it took."""
    found, wanted = [], []
    for tool, share in case.wanted:
        best = min(medians.tools.values())
        theirs = best if tool == BEST else medians.tools[tool]
        found.append(f"{theirs / medians.ours:.2f} x {tool}")
        wanted.append(f"{share} x")
    return [
        *(name, *medians.describe_speed(load), ", ".join(found), ", ".join(wanted)),
        *medians.describe_cost(),
    ]


def main() -> None:
    options = read_options(__doc__)
    machine = describe_machine()
    rows: list[list[str]] = []
    cases: list[Comparison] = []
    parts = Parts()
    for name in options.choose(CASES):
        case = CASES[name]
        load = options.shrink(case.load)
        with (
            parts.keep(name),
            tempfile.TemporaryDirectory(dir=options.base) as folder,
        ):
            medians = measure(Path(folder), case, load, options.runs)
            rows.append(make_row(name, case, load, medians))
            print(f"| {' | '.join(rows[-1])} |", flush=True)
            seconds = {OURS: medians.ours, **medians.tools}
            cases.append(compare(name, load.files, load.size, seconds))
    if options.is_whole:
        keep_table("sftp", COLUMNS, rows, NOTES, machine)
        Comparisons("Files to an OpenSSH server", machine, cases).write("sftp")
    parts.end()


if __name__ == "__main__":
    main()
