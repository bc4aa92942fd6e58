"""Agents in the server's benchmarks: claims, reports, and a hundred of them at once."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from typing import Any

import httpx

from tests.bench.measures import (
    MACHINE,
    REPEATS,
    SLOW_REPEATS,
    WARM_UPS,
    Bench,
    timed,
)

# A report of 1,000 files: 20 sequences of 50.
SEQUENCES = 20
CROWD = 100
CROWD_SECONDS = 24.0
# What an agent of the crowd asks for, and after how long it has moved that.
CROWD_TRANSFERS = 5
CROWD_REPORT_SECONDS = 4.0


class Agent:
    """Claims and reports as an agent does."""

    def __init__(
        self, bench: Bench, project: str, number: int, site_name: str = MACHINE
    ) -> None:
        self._client = bench.make_client(site_name)
        self.projects: list[str] | None = [project]
        self._agent = {
            "id": f"{number:032x}",
            "siteName": site_name,
            "hostname": "bench",
            "version": "2.0.0",
        }
        self._bench, self._project, self._site_name = bench, project, site_name
        self._transfers: list[Any] = []
        self._reported: list[str] = []

    def post(self, path: str, body: Any) -> Any:
        return self.time_post(path, encode(body))[1].json()

    def time_post(self, path: str, content: bytes) -> tuple[float, httpx.Response]:
        """Milliseconds of a request; to make and read JSON is not the server's work."""
        headers = {"Content-Type": "application/json"}
        milliseconds, answer = timed(
            lambda: self._client.post(path, content=content, headers=headers)
        )
        return milliseconds, answer.raise_for_status()

    def claim_body(self, most: int) -> dict[str, Any]:
        return {
            "agent": self._agent,
            "projects": self.projects,
            "serve": ["studio"],
            "maxTransfers": most,
            "maxFiles": 10_000,
            "maxBytes": 10**15,
        }

    def claim(self, most: int) -> float:
        """Milliseconds of a claim of `most` transfers."""
        milliseconds, answer = self.time_post("/-/claim", encode(self.claim_body(most)))
        self._transfers += answer.json()["transfers"]
        return milliseconds

    def release(self, transfers: list[Any] | None = None) -> int:
        """Give back what is held, or some of it; answers how many they were."""
        if transfers is None:
            transfers, self._transfers = self._transfers, []
        leases = [lease_of(transfer) for transfer in transfers]
        self.post("/-/release", {"agentId": self._agent["id"], "leases": leases})
        return len(leases)

    def claim_files(self, sequences: int = SEQUENCES) -> dict[str, Any]:
        """The report of sequences of 50 files in place; the others are given back.

        :raises RuntimeError: not enough of them are due.
        """
        chosen: list[Any] = []
        others: list[Any] = []
        found: list[Any] = [None]
        while found and len(chosen) < sequences:
            self._transfers = []
            self.claim(100)
            found = self._transfers
            for transfer in found:
                is_taken = len(transfer["files"]) > 1 and len(chosen) < sequences
                (chosen if is_taken else others).append(transfer)
        self._transfers = []
        # Not before: what is given back would be given again.
        self.release(others)
        if len(chosen) < sequences:
            self.release(chosen)
            msg = "too few sequences are due: remove the data folder to seed it anew"
            raise RuntimeError(msg)
        return self.report_body(chosen)

    def report_body(self, transfers: list[Any]) -> dict[str, Any]:
        self._reported += [transfer["representationId"] for transfer in transfers]
        return {
            "agentId": self._agent["id"],
            "transfers": [
                {
                    **lease_of(transfer),
                    "finished": True,
                    "files": [describe_done(file) for file in transfer["files"]],
                }
                for transfer in transfers
            ],
        }

    async def put_back(self) -> None:
        """Queue again what was reported, and void its proofs, for the next run.

        In the order in which background work locks rows too.
        """
        schema = f"project_{self._project}"
        ids, self._reported = self._reported, []
        await self._bench.query(
            f"UPDATE {schema}.sitesync_files_status AS s"
            " SET status = CASE WHEN s.site_name = $2 THEN 1 ELSE s.status END,"
            " data = jsonb_build_object('files', (SELECT jsonb_object_agg(file.key,"
            " file.value - 'proof' - 'proven' || CASE WHEN s.site_name = $2"
            """ THEN '{"status": 1, "size": 0}'::jsonb ELSE '{}' END)"""
            " FROM jsonb_each(s.data -> 'files') AS file))"
            " FROM (SELECT representation_id, site_name FROM"
            f" {schema}.sitesync_files_status WHERE representation_id = ANY"
            " ($1::uuid[]) ORDER BY 1, 2 FOR UPDATE) AS held"
            " WHERE s.representation_id = held.representation_id"
            " AND s.site_name = held.site_name",
            ids,
            self._site_name,
        )
        await self._bench.query(
            f"DELETE FROM {schema}.sitesync_file_checksums"
            " WHERE representation_id = ANY ($1::uuid[])",
            ids,
        )

    def report(self) -> float:
        return self.time_post("/-/report", encode(self.claim_files()))[0]


def encode(body: Any) -> bytes:
    return json.dumps(body).encode()


def describe_done(file: Any) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 4,
        "bytesDone": file["size"],
        "checksum": "xxh3:" + "0" * 32,
        "proof": "content",
        "sourceRead": True,
    }


def lease_of(transfer: Any) -> dict[str, Any]:
    return {
        "projectName": transfer["projectName"],
        "representationId": transfer["representationId"],
        "siteName": transfer["siteName"],
        "leaseToken": transfer["lease"]["token"],
    }


def measure_queue(bench: Bench, project: str) -> None:
    """Claims and reports of one agent."""
    agent = Agent(bench, project, 0)
    agent.claim(100)
    if not agent.release():
        msg = f"{project} has nothing due: remove the data folder to seed it anew"
        raise RuntimeError(msg)
    times = []
    for _ in range(REPEATS):
        times.append(agent.claim(100))
        agent.release()
    bench.add("claim 100 transfers with their files", "25", project, times)
    idle = Agent(bench, project, 1, site_name="nobody-00")
    times = [idle.claim(100) for _ in range(WARM_UPS + REPEATS)][WARM_UPS:]
    bench.add("claim, nothing due", "3", project, times)
    times = []
    for _ in range(SLOW_REPEATS):
        times.append(agent.report())
        asyncio.run(agent.put_back())
    bench.add("report 1,000 file states", "40", project, times)


def measure_agents(
    bench: Bench, project: str, count: int = 8, reports: int = 6
) -> None:
    """All report at once; the sum of file states a second."""
    agents = [Agent(bench, project, 10 + number) for number in range(count)]
    batches = [[agent.claim_files() for _ in range(reports)] for agent in agents]
    start = threading.Barrier(count + 1)

    def work(agent: Agent, contents: list[bytes]) -> None:
        start.wait()
        for content in contents:
            agent.time_post("/-/report", content)

    threads = [
        threading.Thread(target=work, args=(agent, [encode(body) for body in bodies]))
        for agent, bodies in zip(agents, batches, strict=True)
    ]
    for thread in threads:
        thread.start()
    start.wait()
    started_at = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started_at
    for agent in agents:
        asyncio.run(agent.put_back())
    states = sum(
        len(transfer["files"])
        for bodies in batches
        for body in bodies
        for transfer in body["transfers"]
    )
    bench.note(
        f"{count} agents reporting at once ({project}): {states / seconds:,.0f} "
        "file states a second (wanted: 20,000)."
    )


def simulate_crowd(bench: Bench, project: str) -> None:
    """A hundred agents for a while: claims and reports, how long they take, locks."""
    asyncio.run(_simulate(bench, project))


async def _simulate(bench: Bench, project: str) -> None:
    times: dict[str, list[float]] = {"claim": [], "report with claim": []}
    states = 0
    looks: list[int] = []
    watch = asyncio.create_task(_count_lock_waits(bench, looks))
    until = time.perf_counter() + CROWD_SECONDS

    async def send(client: httpx.AsyncClient, kind: str, path: str, body: Any) -> Any:
        started_at = time.perf_counter()
        answer = await client.post(path, json=body)
        times[kind].append((time.perf_counter() - started_at) * 1000)
        return answer.raise_for_status().json()

    async def work(number: int) -> None:
        nonlocal states
        agent = Agent(bench, project, 1000 + number)
        headers = {"X-Api-Key": bench.process.admin_key, "x-ayon-site-id": MACHINE}
        async with httpx.AsyncClient(
            base_url=bench.process.addon_url, headers=headers, timeout=120
        ) as client:
            await asyncio.sleep(number / CROWD * CROWD_REPORT_SECONDS)
            claim = agent.claim_body(CROWD_TRANSFERS)
            found = await send(client, "claim", "/-/claim", claim)
            while time.perf_counter() < until:
                await asyncio.sleep(CROWD_REPORT_SECONDS)
                body = agent.report_body(found["transfers"])
                states += sum(len(each["files"]) for each in body["transfers"])
                answer = await send(
                    client,
                    "report with claim",
                    "/-/report",
                    {**body, "claim": claim},
                )
                found = answer["claimed"]
            leases = [lease_of(transfer) for transfer in found["transfers"]]
            agent_id = claim["agent"]["id"]
            release = {"agentId": agent_id, "leases": leases, "stopping": True}
            await client.post("/-/release", json=release)
        await agent.put_back()

    await asyncio.gather(*(work(number) for number in range(CROWD)))
    watch.cancel()
    await asyncio.wait([watch])
    share = sum(1 for look in looks if look) / len(looks)
    for kind, found in times.items():
        ordered = sorted(found) or [0.0]
        bench.note(
            f"{CROWD} agents at once ({project}), {kind}: "
            f"{len(found) / CROWD_SECONDS:.0f} a second, median "
            f"{statistics.median(ordered):.0f} ms, 95 % within "
            f"{ordered[len(ordered) * 95 // 100]:.0f} ms."
        )
    bench.note(
        f"{CROWD} agents at once ({project}): {states / CROWD_SECONDS:,.0f} file "
        f"states a second; somebody waited for a lock in {share:.0%} of the looks, "
        f"at most {max(looks)} at once."
    )


async def _count_lock_waits(bench: Bench, looks: list[int]) -> None:
    """Note how many sessions wait for a lock, ten times a second."""
    sql = (
        "SELECT count(*) AS count FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while True:
        looks.append((await bench.query(sql))[0]["count"])
        await asyncio.sleep(0.1)
