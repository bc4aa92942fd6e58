"""Starts in the server's benchmarks: the first request, an old table, many projects."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx

from devhost.process import DevhostProcess
from tests.bench.measures import LARGEST, MACHINE, Bench, execute, query, timed
from tests.bench.server_agents import Agent

# In folders of their own: what they cost others is not part of the other cases.
OLD, MANY = "benchold", "many"
OLD_ROWS = 1_000_000
OLD_SITES = ["studio", MACHINE]
MANY_PROJECTS = 300
BACKFILL_SECONDS = 20.0
WAIT_SECONDS = 60.0

# Of AYON's entities only what the state table needs: representations of one version.
_MAKE_REPRESENTATIONS = """
INSERT INTO project_benchold.folders (id, name, folder_type, status)
VALUES (md5('f')::uuid, 'f', 'Folder', 'In progress');
INSERT INTO project_benchold.products (id, name, folder_id, product_type, status)
VALUES (md5('p')::uuid, 'p', md5('f')::uuid, 'render', 'In progress');
INSERT INTO project_benchold.versions (id, version, product_id, author, status)
VALUES (md5('v')::uuid, 1, md5('p')::uuid, 'artist', 'In progress');
INSERT INTO project_benchold.representations (id, name, version_id, files, status)
SELECT md5('r' || n)::uuid, 'r' || n, md5('v')::uuid,
    '[{"id": "a", "path": "p", "size": 5, "hash": "h"}]', 'In progress'
FROM generate_series(1, $COUNT) AS n;
REFRESH MATERIALIZED VIEW project_benchold.hierarchy;
"""
# The table as the existing addon makes it, without anything of ours.
_MAKE_OLD_TABLE = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'project_benchold' AND tablename LIKE 'sitesync%'
    LOOP
        EXECUTE 'DROP TABLE project_benchold.' || name || ' CASCADE';
    END LOOP;
END $$;
CREATE TABLE project_benchold.sitesync_files_status (
    representation_id UUID NOT NULL
        REFERENCES project_benchold.representations(id) ON DELETE CASCADE,
    site_name VARCHAR NOT NULL,
    status INTEGER NOT NULL DEFAULT -1,
    priority INTEGER NOT NULL DEFAULT 50,
    data JSONB NOT NULL DEFAULT '{}'::JSONB,
    PRIMARY KEY (representation_id, site_name)
);
CREATE INDEX file_status_idx ON project_benchold.sitesync_files_status (status);
CREATE INDEX file_priority_idx
    ON project_benchold.sitesync_files_status (priority DESC);
INSERT INTO project_benchold.sitesync_files_status
SELECT r.id, site, 4, 50, jsonb_build_object('files', jsonb_build_object('a',
    jsonb_build_object('hash', 'h', 'status', 4, 'size', 5, 'timestamp', 1700000000)))
FROM project_benchold.representations AS r, unnest(ARRAY[$SITES]) AS site;
"""


def measure_first_requests(bench: Bench) -> None:
    """Start once more, and ask what a panel and an agent ask first."""
    bench.client.close()
    bench.process.stop()
    milliseconds, _ = timed(bench.process.start)
    bench.client = bench.make_client()
    page, _ = timed(
        lambda: bench.post(f"/{LARGEST}/representations/query", {"siteNames": None})
    )
    summary, _ = timed(lambda: bench.post(f"/{LARGEST}/summary", {}))
    agent = Agent(bench, LARGEST, 3)
    claim = agent.claim(100)
    agent.release()
    bench.note(
        f"First requests after a start, which takes {milliseconds / 1000:.1f} s with "
        f"the database ({LARGEST}): page {page:.0f} ms, summary {summary:.0f} ms, "
        f"claim of 100 {claim:.0f} ms."
    )


def measure_migration(data_dir: Path) -> list[str]:
    """Start on a table of the existing addon with a million rows."""
    folder = data_dir / OLD
    with DevhostProcess(folder) as process:
        _create_projects(process, [OLD])
        asyncio.run(_fill_old_table(process))
    with DevhostProcess(folder) as process:
        return asyncio.run(_watch_migration(process))


async def _fill_old_table(process: DevhostProcess) -> None:
    count = "SELECT count(*) AS count FROM project_benchold.representations"
    if not (await query(process, count))[0]["count"]:
        await _run_script(process, _MAKE_REPRESENTATIONS)
    await _run_script(process, _MAKE_OLD_TABLE)


async def _run_script(process: DevhostProcess, script: str) -> None:
    sites = ", ".join(f"'{name}'" for name in OLD_SITES)
    script = script.replace("$COUNT", str(OLD_ROWS // len(OLD_SITES)))
    await execute(process, script.replace("$SITES", sites))


async def _watch_migration(process: DevhostProcess) -> list[str]:
    """Tell how long the migrations took, and the work in the background goes."""
    migrated = await query(
        process,
        "SELECT extract(epoch FROM max(applied_at) - min(applied_at))::float8 AS took "
        "FROM project_benchold.sitesync_migrations WHERE name ~ '^[0-9]'",
    )
    headers = {"X-Api-Key": process.admin_key}
    waits = []
    started_at = time.perf_counter()
    rows = 0
    async with httpx.AsyncClient(
        base_url=process.addon_url, headers=headers, timeout=120
    ) as client:
        first = await _ask_page(client)
        while time.perf_counter() - started_at < BACKFILL_SECONDS:
            waits.append(await _ask_page(client))
            await asyncio.sleep(0.1)
        counted = await query(
            process,
            "SELECT count(*) AS count FROM project_benchold.sitesync_files_status "
            "WHERE files_total IS NOT NULL",
        )
        rows = counted[0]["count"]
    seconds = time.perf_counter() - started_at
    return [
        f"An existing addon's table of {OLD_ROWS:,} rows: its migrations take "
        f"{migrated[0]['took'] * 1000:.0f} ms in all, at the start; the first page "
        f"takes {first:.0f} ms. Rows are then counted in the background, "
        f"{rows / seconds:,.0f} a second; pages meanwhile {max(waits):.0f} ms at most."
    ]


async def _ask_page(client: httpx.AsyncClient) -> float:
    started_at = time.perf_counter()
    answer = await client.post(f"/{OLD}/representations/query", json={})
    answer.raise_for_status()
    return (time.perf_counter() - started_at) * 1000


def measure_many_projects(data_dir: Path) -> list[str]:
    """A claim over 300 projects of which none has work, then one does."""
    names = [f"quiet{number:03}" for number in range(MANY_PROJECTS)]
    with DevhostProcess(data_dir / MANY) as process:
        _create_projects(process, names)
    with DevhostProcess(data_dir / MANY) as process:
        bench = Bench(process)
        bench.enable()
        agent = Agent(bench, names[0], 1)
        agent.projects = None
        first = agent.claim(100)
        times = sorted(agent.claim(100) for _ in range(15))
        floor = bench.floor(20)
    return [
        f"A claim over {MANY_PROJECTS} projects without work: median "
        f"{times[len(times) // 2]:.0f} ms, the first one {first:.0f} ms "
        f"(cheapest request: {floor:.1f} ms)."
    ]


def _create_projects(process: DevhostProcess, names: list[str]) -> None:
    """Those that are not there yet, ready for requests."""
    headers = {"X-Api-Key": process.admin_key}
    with httpx.Client(base_url=process.url, headers=headers, timeout=60) as client:
        listed: Any = client.get("/api/projects").raise_for_status().json()
        known = {each["name"] for each in listed["projects"]}
        for name in names:
            if name not in known:
                client.post(
                    "/api/projects", json={"name": name, "code": name}
                ).raise_for_status()
