"""Rows from before our trigger are counted in the background, whatever crosses it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.schema import create_project
from devhost.studio import open_database
from tests.conftest import Studio
from tests.integration.pipeline import Pipeline, Published
from tests.support import earlier_rows as earlier
from tests.support.devhost_app import Host, run_host
from tests.support.server_log import read_server_log

# More than are counted at once.
SITES = 501
# Whoever writes a row waits for the test, then is ended as often as it says.
CROSSING = """
CREATE SEQUENCE public.writes;
CREATE FUNCTION public.cross_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1);
    IF nextval('public.writes') <= {failures} THEN
        RAISE EXCEPTION 'crossed' USING ERRCODE = 'deadlock_detected';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER cross_write BEFORE UPDATE ON project_demo.sitesync_files_status
FOR EACH ROW EXECUTE FUNCTION public.cross_write();
"""
COUNTED = "SELECT count(files_total) AS counted FROM {schema}.sitesync_files_status"


async def leave_rows(failures: int) -> Published:
    """Rows of the existing addon, whose first writes by us fail."""
    await Postgres.execute(earlier.TABLE)
    published = await Pipeline().publish(files=2)
    data = {"files": earlier.make_entries(published, earlier.SYNCED)}
    await Postgres.execute(
        "INSERT INTO project_demo.sitesync_files_status "
        "(representation_id, site_name, status, data) "
        f"SELECT $1, 'site-' || number, 4, $2 FROM generate_series(1, {SITES}) number",
        *(published.id, data),
    )
    await Postgres.execute(CROSSING.format(failures=failures))
    return published


@asynccontextmanager
async def run_held(
    studio: Studio, addon_dirs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Host, Any]]:
    """The addon, which counts when the connection that is given too unlocks it."""
    connect: Any = asyncpg.connect
    holder = await connect(studio.dsn)
    try:
        await holder.execute("SELECT pg_advisory_lock(1)")
        async with run_host(studio.dsn, studio.credentials, addon_dirs) as host:
            module = sys.modules[type(host.addon.site_sync.keeper).__module__]
            monkeypatch.setattr(module, "BACKFILL_RETRY_SECONDS", 0.01)
            yield host, holder
    finally:
        await holder.close()


async def read_counted(schema: str) -> int:
    row = await Postgres.fetchrow(COUNTED.format(schema=schema))
    counted: int = row["counted"]
    return counted


async def test_counting_goes_on_by_itself_after_deadlocks(
    studio: Studio, addon_dirs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(studio.dsn):
        await leave_rows(failures=7)
    async with run_held(studio, addon_dirs, monkeypatch) as (host, holder):
        assert await read_counted("project_demo") == 0
        await holder.execute("SELECT pg_advisory_unlock(1)")
        await host.addon.site_sync.keeper.wait()
        assert await read_counted("project_demo") == SITES


async def test_counting_that_never_succeeds_ends_and_is_told(
    studio: Studio, addon_dirs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(studio.dsn):
        await leave_rows(failures=1_000_000)
    async with run_held(studio, addon_dirs, monkeypatch) as (host, holder):
        with read_server_log() as log:
            await holder.execute("SELECT pg_advisory_unlock(1)")
            await host.addon.site_sync.keeper.wait()
        assert await read_counted("project_demo") == 0
    [told] = [each for each in log if "could not" in each]
    assert "project demo" in told
    assert "DeadlockDetectedError" in told


async def test_tables_that_are_swapped_meanwhile_are_prepared_and_counted(
    studio: Studio, addon_dirs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(studio.dsn):
        await leave_rows(failures=0)
    async with run_held(studio, addon_dirs, monkeypatch) as (host, holder):
        await create_project("second", "second")
        await Postgres.execute(
            "ALTER SCHEMA project_demo RENAME TO project_former;"
            "ALTER SCHEMA project_second RENAME TO project_demo"
        )
        await Postgres.execute(earlier.TABLE)
        published = await Pipeline().publish(files=2)
        data = {"files": earlier.make_entries(published, earlier.SYNCED)}
        await earlier.insert(published, "studio", earlier.SYNCED, data)

        await holder.execute("SELECT pg_advisory_unlock(1)")
        await host.addon.site_sync.keeper.wait()
        assert 0 < await read_counted("project_former") < SITES
        assert await read_counted("project_demo") == 1
