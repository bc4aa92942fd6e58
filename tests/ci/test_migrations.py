"""From each earlier schema of ours to the newest, while others write the rows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.studio import open_database
from server.sql import migrations
from tests.conftest import Studio
from tests.integration.conftest import SITE
from tests.integration.pipeline import Pipeline, Published
from tests.integration.test_upgrade import check_counts, run_ours
from tests.support import earlier_rows as earlier

NAMES = [name for name, _ in migrations("project")]
ROWS = 40
SET_ROW = (
    "UPDATE project_demo.sitesync_files_status SET status = $3, data = $4::text::jsonb "
    "WHERE representation_id = $1 AND site_name = $2"
)


async def leave_schema(last: str) -> list[Published]:
    """A project as a version of ours left it whose newest migration was `last`."""
    pipeline = Pipeline()
    published = [await pipeline.publish(files=3) for _ in range(ROWS)]
    async with Postgres.transaction() as connection:
        await connection.execute("SET LOCAL search_path TO project_demo")
        await connection.execute(
            "CREATE TABLE sitesync_migrations (name VARCHAR PRIMARY KEY, "
            "addon_version VARCHAR NOT NULL, "
            "applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
        )
        for name, sql in migrations("project"):
            if name <= last:
                await connection.execute(sql)
                await connection.execute(
                    "INSERT INTO sitesync_migrations VALUES ($1, '2.0.0-dev')", name
                )
    for number, each in enumerate(published):
        entries = earlier.make_entries(each, (-1, 0, 1, 2, 3, 4)[number % 6], 4)
        await earlier.insert(each, SITE, earlier.aggregate(entries), {"files": entries})
    return published


async def write_all_the_time(
    studio: Studio, published: list[Published], stopped: asyncio.Event
) -> int:
    """A process of another version at work: it knows the first columns only."""
    connection = await asyncpg.connect(studio.dsn)
    rounds = 0
    try:
        while not stopped.is_set():
            rounds += 1
            for each in published[: ROWS // 2]:
                entries = earlier.make_entries(each, (1, 2, 4)[rounds % 3])
                status = earlier.aggregate(entries)
                data = json.dumps({"files": entries})
                await connection.execute(SET_ROW, each.id, SITE, status, data)
    finally:
        await connection.close()
    return rounds


@pytest.mark.parametrize("last", NAMES[:-1])
async def test_rows_and_counts_are_right_after_an_upgrade_under_load(
    studio: Studio, addon_dirs: list[Path], last: str
) -> None:
    async with open_database(studio.dsn):
        published = await leave_schema(last)
    stopped = asyncio.Event()
    writing = asyncio.create_task(write_all_the_time(studio, published, stopped))
    async with run_ours(studio, addon_dirs) as host:
        stopped.set()
        assert await writing > 0
        applied = await Postgres.fetch(
            "SELECT name FROM project_demo.sitesync_migrations"
        )
        assert set(NAMES) <= {row["name"] for row in applied}
        rows = await Postgres.fetch(
            "SELECT status, data FROM project_demo.sitesync_files_status"
        )
        assert len(rows) == ROWS
        assert all(
            earlier.aggregate(row["data"]["files"]) == row["status"] for row in rows
        )
        await check_counts(host)
        client = await host.client("artist", SITE)
        answer = await client.post(
            f"{host.addon_path}/demo/representations/query",
            json={"siteNames": [SITE], "withTotal": True},
        )
        assert answer.json()["total"] == ROWS
