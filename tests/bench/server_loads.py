"""Large orders in the server's benchmarks, and how long others wait beside them."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.bench.measures import MACHINE, Bench, timed
from tests.bench.server_agents import Agent

# Machines of which the rows are taken away at the end.
NEW_MACHINE, BULK_MACHINE = "new-machine", "bulk-machine"
# Between two pages of somebody who scrolls while a project is queued. Without it his
# requests would take a processor of their own, in a benchmark of something else.
PAGE_PAUSE_SECONDS = 0.05


def queue_everything(bench: Bench, project: str) -> None:
    """Queue a whole project on a new machine while somebody scrolls through it."""
    _forget_rows(bench, project)
    body = {"siteNames": [NEW_MACHINE], "selection": {"all": True}}
    headers = {"x-ayon-site-id": NEW_MACHINE}
    started_at = time.perf_counter()
    answer = bench.client.post(f"/{project}/verbs/queue", json=body, headers=headers)
    job = answer.raise_for_status().json()
    waits = []
    while job.get("jobId") and job.get("state", "running") == "running":
        milliseconds, _ = timed(
            lambda: bench.post(f"/{project}/representations/query", {})
        )
        waits.append(milliseconds)
        time.sleep(PAGE_PAUSE_SECONDS)
        job = bench.client.get(f"/-/jobs/{job['jobId']}").json()
    seconds = time.perf_counter() - started_at
    others = f"; pages meanwhile: median {statistics.median(waits):.0f} ms, "
    others += f"longest {max(waits):.0f} ms (wanted: 100)"
    bench.note(
        f"Queue everything on a new site ({project}): {job['changed']:,} rows, "
        f"{job['changed'] / seconds:,.0f} a second (wanted: 10,000){others}."
    )
    _forget_rows(bench, project)


def _forget_rows(bench: Bench, project: str) -> None:
    asyncio.run(
        bench.query(
            f"DELETE FROM project_{project}.sitesync_files_status "
            "WHERE site_name = ANY ($1)",
            [NEW_MACHINE, BULK_MACHINE],
        )
    )


def measure_hold_ups(bench: Bench, project: str) -> None:
    """How long others wait while the largest requests are answered."""
    _forget_rows(bench, project)
    ids = _some_ids(bench, project, 50_000)
    agent = Agent(bench, project, 5)
    for name, work in _large_requests(bench, project, ids, agent).items():
        milliseconds, longest = bench.hold_up(work)
        bench.note(
            f"Longest wait of another request beside: {name} ({project}, "
            f"{milliseconds:,.0f} ms): {longest:.0f} ms (wanted: 100)."
        )
    _forget_rows(bench, project)
    asyncio.run(agent.put_back())


def _some_ids(bench: Bench, project: str, count: int) -> list[str]:
    rows = asyncio.run(
        bench.query(
            f"SELECT replace(id::text, '-', '') AS id FROM project_{project}"
            ".representations WHERE active ORDER BY id LIMIT $1",
            count,
        )
    )
    return [row["id"] for row in rows]


def _large_requests(
    bench: Bench, project: str, ids: list[str], agent: Agent
) -> dict[str, Callable[[httpx.Client], Any]]:
    large_report = agent.claim_files(sequences=200)

    def post(path: str, body: Any, site_name: str = MACHINE) -> Any:
        headers = {"x-ayon-site-id": site_name}
        return lambda client: client.post(
            path, json=body, headers=headers
        ).raise_for_status()

    def verb(name: str, count: int, **more: Any) -> Any:
        body = {
            "siteNames": [BULK_MACHINE],
            "selection": {"representationIds": ids[:count]},
            **more,
        }
        return post(f"/{project}/verbs/{name}", body, BULK_MACHINE)

    states = [
        {"representationId": each, "siteName": BULK_MACHINE, "status": 4}
        for each in ids[-10_000:]
    ]
    graph = (
        "query($name: String!) { project(name: $name) { representations(first: 330) "
        "{ edges { node { id folderPath sites { siteName status } files { id path "
        "sites { siteName status } } } } } } }"
    )
    return {
        "a page of 1,000 with all files": post(
            f"/{project}/representations/query", {"first": 1000, "withFiles": True}
        ),
        "330 representations with files by GraphQL": post(
            "/-/graphql", {"query": graph, "variables": {"name": project}}
        ),
        "states of 50,000 representations by id": post(
            f"/{project}/availability",
            {"representationIds": ids, "siteNames": ["studio", MACHINE]},
        ),
        "10,000 states posted": post(
            f"/{project}/states", {"states": states}, BULK_MACHINE
        ),
        "10,000 representations queued": verb("queue", 10_000),
        "1,000 rows paused": verb("pause", 1_000),
        "1,000 rows resumed": verb("resume", 1_000),
        "10,000 rows cancelled": verb("cancel", 10_000),
        "a dry run over everything": post(
            f"/{project}/verbs/queue",
            {
                "siteNames": [BULK_MACHINE],
                "selection": {"all": True},
                "dryRun": True,
            },
            BULK_MACHINE,
        ),
        "a claim of 1,000 transfers": lambda client: agent.claim(1000),
        "their release": lambda client: agent.release(),
        "a report of 10,000 files": post("/-/report", large_report),
    }
