"""What the server benchmarks share: a table of medians, requests that are timed."""

from __future__ import annotations

import json
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import asyncpg
import httpx

from devhost.data_folder import DataFolder
from devhost.postgres import find_running, make_dsn
from devhost.process import DevhostProcess
from devhost.up import DATABASE

PROJECTS = {
    "bench1k": 1_000,
    "bench10k": 10_000,
    "bench100k": 100_000,
    "bench1m": 1_000_000,
}
LARGEST = "bench1m"
MACHINE = "artist-01"
REPEATS = 15
SLOW_REPEATS = 5
WARM_UPS = 2
SLOW_MS = 200
FLOOR_REPEATS = 20
_processes = multiprocessing.get_context("spawn")
_connect: Any = asyncpg.connect  # has no types


@dataclass
class Table:
    """Medians in milliseconds by case and project, with the limit at 1M."""

    limits: dict[str, str] = field(default_factory=dict)
    medians: dict[str, dict[str, float]] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)

    def add(
        self, case: str, limit: str, project: str, milliseconds: float, floor: float
    ) -> None:
        self.limits[case] = limit
        self.medians.setdefault(case, {})[project] = milliseconds
        self.floors[case] = floor
        print(
            f"{project:10} {case:48} {milliseconds:10.1f} ms, floor {floor:.1f}",
            flush=True,
        )

    def record(self) -> dict[str, Any]:
        """What is written to docs/benchmarks/server.json."""
        return {
            case: {
                "limit": self.limits[case],
                "floor": round(self.floors[case], 2),
                "medians": {name: round(value, 2) for name, value in found.items()},
            }
            for case, found in self.medians.items()
        }


class Bench:
    """Measures one running devhost."""

    def __init__(self, process: DevhostProcess) -> None:
        self.process = process
        self.table = Table()
        self.notes: list[str] = []
        self.client = self.make_client()

    def make_client(self, site_name: str = MACHINE) -> httpx.Client:
        headers = {
            "X-Api-Key": self.process.admin_key,
            "x-ayon-site-id": site_name,
            "Accept-Encoding": "identity",
        }
        return httpx.Client(
            base_url=self.process.addon_url, headers=headers, timeout=120
        )

    def post(self, path: str, body: Any) -> Any:
        answer = self.client.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(text, flush=True)

    def measure(
        self, case: str, limit: str, project: str, run: Callable[[], Any]
    ) -> None:
        for _ in range(WARM_UPS):
            milliseconds, _ = timed(run)
        repeats = SLOW_REPEATS if milliseconds > SLOW_MS else REPEATS
        self.add(case, limit, project, [timed(run)[0] for _ in range(repeats)])

    def add(self, case: str, limit: str, project: str, times: list[float]) -> None:
        """Note a case, with the floor as it is at this moment."""
        median = statistics.median(times)
        self.table.add(case, limit, project, median, self.floor(FLOOR_REPEATS))

    def post_case(
        self, case: str, limit: str, project: str, path: str, body: Any
    ) -> None:
        """Measure a POST; the answer is not parsed."""
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}

        def run() -> None:
            url = f"/{project}/{path}"
            self.client.post(url, content=content, headers=headers).raise_for_status()

        self.measure(case, limit, project, run)

    def enable(self) -> None:
        """Let agents claim: a project is not synced unless its settings say so."""
        settings = self.client.get("/settings").raise_for_status().json()
        settings["enabled"] = True
        self.client.post("/settings", json=settings).raise_for_status()

    def floor(self, repeats: int) -> float:
        """The cheapest request that needs a user."""
        times = [timed(self.ask_for_little)[0] for _ in range(repeats)]
        return statistics.median(times)

    def ask_for_little(self) -> None:
        self.client.get(f"{self.process.url}/api/users/me").raise_for_status()

    def hold_up(self, work: Callable[[httpx.Client], Any]) -> tuple[float, float]:
        """Run `work` beside small requests, which another process sends.

        Return how many milliseconds it took, and the longest that another waited.
        """
        ours, theirs = _processes.Pipe()
        asker = _processes.Process(
            target=_ask_meanwhile,
            args=(self.process.url, self.process.admin_key, theirs),
        )
        asker.start()
        ours.recv()  # it has asked once
        with self.make_client() as client:
            milliseconds, _ = timed(lambda: work(client))
        ours.send(None)
        longest: float = ours.recv()
        asker.join()
        return milliseconds, longest

    async def query(self, sql: str, *values: Any) -> list[Any]:
        """Ask the devhost's database."""
        return await query(self.process, sql, *values)


def _ask_meanwhile(url: str, api_key: str, connection: Connection) -> None:
    """Ask for little until told to stop; tell the longest time in milliseconds."""
    with httpx.Client(headers={"X-Api-Key": api_key}, timeout=120) as client:

        def ask() -> None:
            client.get(f"{url}/api/users/me").raise_for_status()

        ask()
        connection.send(None)
        longest = 0.0
        while not connection.poll():
            longest = max(longest, timed(ask)[0])
        connection.recv()
        connection.send(longest)


async def query(process: DevhostProcess, sql: str, *values: Any) -> list[Any]:
    """Ask a devhost's database."""
    async with _database(process) as connection:
        rows: list[Any] = await connection.fetch(sql, *values)
        return rows


async def execute(process: DevhostProcess, script: str) -> None:
    """Run statements in a devhost's database."""
    async with _database(process) as connection:
        await connection.execute(script)


@asynccontextmanager
async def _database(process: DevhostProcess) -> AsyncIterator[Any]:
    socket_dir = find_running(DataFolder(process.data_dir).postgres_dir)
    assert socket_dir is not None
    connection = await _connect(make_dsn(socket_dir, DATABASE), command_timeout=600)
    try:
        yield connection
    finally:
        await connection.close()


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """(milliseconds, what `run` answers)."""
    started_at = time.perf_counter()
    result = run()
    return (time.perf_counter() - started_at) * 1000, result
