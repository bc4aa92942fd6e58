"""Migrations: fresh projects, adopted tables, several versions and workers at once."""

import asyncio
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from devhost.accounts import grant_project
from devhost.schema import create_project, drop_project
from devhost.studio import open_database
from tests.conftest import ROOT, Studio
from tests.integration.conftest import SITE
from tests.integration.pipeline import Pipeline, make_files
from tests.support.devhost_app import Host, run_host

UPSTREAM_TABLE = """
CREATE TABLE project_demo.sitesync_files_status (
    representation_id UUID NOT NULL
        REFERENCES project_demo.representations(id) ON DELETE CASCADE,
    site_name VARCHAR NOT NULL,
    status INTEGER NOT NULL DEFAULT -1,
    priority INTEGER NOT NULL DEFAULT 50,
    data JSONB NOT NULL DEFAULT '{}'::JSONB,
    PRIMARY KEY (representation_id, site_name)
);
CREATE INDEX file_status_idx ON project_demo.sitesync_files_status(status);
CREATE INDEX file_priority_idx ON project_demo.sitesync_files_status(priority desc);
"""

BROKEN = [
    {},
    {"files": None},
    {"files": [1, 2]},
    {"files": {"a": None, "b": 3, "c": {"status": 99, "size": -5}}},
    {"files": {"a": {"status": "4", "size": "big", "timestamp": "now"}}},
]


def copy_addon(target: Path, version: str) -> Path:
    """A copy of the addon that says it is another version."""
    shutil.copytree(ROOT / "server", target / "server")
    package = (ROOT / "package.py").read_text()
    own = runpy.run_path(str(ROOT / "package.py"))["version"]
    (target / "package.py").write_text(package.replace(own, version))
    return target


async def migrations_of(schema: str) -> list[str]:
    rows = await Postgres.fetch(
        f"SELECT name FROM {schema}.sitesync_migrations ORDER BY name"
    )
    return [row["name"] for row in rows]


def migration_files(scope: str) -> list[str]:
    """Names of the migrations that the addon has."""
    files = (ROOT / "server" / "sql" / "migrations" / scope).glob("*.sql")
    return sorted(file.stem for file in files)


async def test_setup_makes_the_tables_of_all_projects(host: Host) -> None:
    await host.addon.site_sync.keeper.wait()
    assert migration_files("public")[0] == "0001_agents"
    assert await migrations_of("public") == migration_files("public")
    assert await migrations_of("project_demo") == [
        *migration_files("project"),
        "backfill_rollups_v1",
    ]


async def test_ayons_tables_get_no_column_and_no_index(
    studio: Studio, addon_dirs: list[Path]
) -> None:
    query = """
        SELECT table_name, column_name AS name FROM information_schema.columns
        WHERE table_schema = 'project_demo' AND table_name NOT LIKE 'sitesync%'
        UNION SELECT tablename, indexname FROM pg_indexes
        WHERE schemaname = 'project_demo' AND tablename NOT LIKE 'sitesync%'
        UNION SELECT c.relname, t.tgname FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relname NOT LIKE 'sitesync%'
        ORDER BY 1, 2
    """
    async with open_database(studio.dsn):
        before = [tuple(row) for row in await Postgres.fetch(query)]
    async with run_host(studio.dsn, studio.credentials, addon_dirs):
        after = [tuple(row) for row in await Postgres.fetch(query)]
    assert after == before


async def test_a_table_of_the_existing_addon_is_adopted_with_its_rows(
    studio: Studio, addon_dirs: list[Path]
) -> None:
    pipeline = Pipeline()
    async with open_database(studio.dsn):
        await Postgres.execute(UPSTREAM_TABLE)
        good = await pipeline.publish(files=2)
        entries = {
            file["id"]: {
                "hash": "h",
                "status": 1,
                "size": 0,
                "timestamp": 1_700_000_000,
            }
            for file in good.files
        }
        await pipeline.write_row(good, "studio", {"files": entries})
        broken = [await pipeline.publish() for _ in BROKEN]
        for published, data in zip(broken, BROKEN, strict=True):
            await pipeline.write_row(published, "studio", data)
    async with run_host(studio.dsn, studio.credentials, addon_dirs) as host:
        await host.addon.site_sync.keeper.wait()
        row = await pipeline.row(good, "studio")
        assert (row["data"], row["status"]) == ({"files": entries}, 1)
        assert (row["files_total"], row["files_due"], row["bytes_total"]) == (2, 2, 200)
        assert row["changed_at"].timestamp() == 1_700_000_000
        for published, data in zip(broken, BROKEN, strict=True):
            row = await pipeline.row(published, "studio")
            assert row["data"] == data
            assert (row["files_due"], row["bytes_done"]) == (0, 0)


async def test_the_existing_addons_statements_go_on_working(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    file_id = published.files[0]["id"]
    await pipeline.write_row(
        published, "studio", {"files": {file_id: {"status": 4, "size": 100}}}
    )
    assert (await pipeline.row(published, "studio"))["files_synced"] == 1
    await Postgres.execute(
        "UPDATE project_demo.sitesync_files_status "
        "SET status = $1, data = $2, priority = $3 "
        "WHERE representation_id = $4 AND site_name = $5",
        2,
        {"files": {file_id: {"status": 2, "size": 0, "message": "no"}}},
        50,
        published.id,
        "studio",
    )
    row = await pipeline.row(published, "studio")
    assert (row["files_failed"], row["last_error"]) == (1, "no")
    await Postgres.execute(
        UPSTREAM_TABLE.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").replace(
            "CREATE INDEX", "CREATE INDEX IF NOT EXISTS"
        )
    )


async def test_versions_side_by_side_set_up_at_once(
    studio: Studio, tmp_path: Path
) -> None:
    next_version = copy_addon(tmp_path / "next", "2.1.0")
    async with run_host(studio.dsn, studio.credentials, [ROOT, next_version]) as host:
        definition = next(iter(host.app.state.library.addons.values()))
        assert set(definition.versions) == {"2.1.0", host_version()}
        assert host.app.state.library.broken == {}
        for schema in ("public", "project_demo"):
            await Postgres.execute(f"DROP TABLE {schema}.sitesync_migrations")
        await asyncio.gather(
            *(addon.setup() for addon in definition.versions.values()),
            *(addon.setup() for addon in definition.versions.values()),
        )
        names = await migrations_of("project_demo")
        assert set(names) >= set(migration_files("project"))
        pipeline = Pipeline()
        published = await pipeline.publish()
        client = await host.client("manager", SITE)
        for version in definition.versions:
            answer = await client.post(
                f"/api/addons/sitesync/{version}/demo/state/{published.id}/studio",
                json={"files": published.posted(1)},
            )
            assert answer.status_code == 204


def host_version() -> str:
    version: str = runpy.run_path(str(ROOT / "package.py"))["version"]
    return version


async def test_a_new_project_is_ready_when_it_is_announced(host: Host) -> None:
    await create_project("second", "sec")
    await grant_project("second")
    await EventStream.dispatch("entity.project.created", project="second")
    client = await host.client("artist")
    answer = await client.get(
        f"{host.addon_path}/second/state",
        params={"localSite": "a", "remoteSite": "studio"},
    )
    assert (answer.status_code, answer.json()) == (200, {"representations": []})


async def test_an_unknown_project_is_503_until_it_is_prepared(host: Host) -> None:
    await create_project("second", "sec")
    await grant_project("second")
    client = await host.client("artist")
    url = f"{host.addon_path}/second/state"
    params = {"localSite": "a", "remoteSite": "studio"}
    answer = await client.get(url, params=params)
    assert answer.status_code == 503
    assert "second" in answer.json()["detail"]
    await host.addon.site_sync.keeper.wait()
    assert (await client.get(url, params=params)).status_code == 200


async def test_requests_run_no_ddl(host: Host, pipeline: Pipeline) -> None:
    published = await pipeline.publish()
    client = await host.client("manager", SITE)
    base = f"{host.addon_path}/demo"
    query = "SELECT max(oid::bigint) AS newest, count(*) AS count FROM pg_class"
    # A writer's lock: DDL on the table would wait for it. The connection comes from
    # the pool itself, as the requests must not run on it.
    async with Postgres.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "LOCK TABLE project_demo.sitesync_files_status IN ROW EXCLUSIVE MODE"
        )
        before = await Postgres.fetchrow(query)
        answers = await asyncio.gather(
            client.post(
                f"{base}/state/{published.id}/studio",
                json={"files": published.posted(4)},
            ),
            client.get(
                f"{base}/state", params={"localSite": "a", "remoteSite": "studio"}
            ),
            client.get(f"{base}/sites"),
        )
        after = await Postgres.fetchrow(query)
    assert [answer.status_code for answer in answers] == [204, 200, 200]
    assert after == before


async def test_a_deleted_and_remade_project_is_prepared_again(host: Host) -> None:
    client = await host.client("admin")
    url = f"{host.addon_path}/demo/state"
    params = {"localSite": "a", "remoteSite": "studio"}
    assert (await client.get(url, params=params)).status_code == 200
    await drop_project("demo")
    await EventStream.dispatch("entity.project.deleted", project="demo")
    await create_project("demo", "demo")
    await EventStream.dispatch("entity.project.created", project="demo")
    assert (await client.get(url, params=params)).status_code == 200


async def test_a_project_that_cannot_be_prepared_is_tried_again(
    studio: Studio, addon_dirs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(studio.dsn):
        await Postgres.execute(UPSTREAM_TABLE)
        holder: Any = await Postgres.pool.acquire()
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(
            "LOCK TABLE project_demo.sitesync_files_status IN ACCESS EXCLUSIVE MODE"
        )
        dsn = studio.dsn
        # The host opens a pool of its own; the lock stays with this connection.
        pool, Postgres.pool = Postgres.pool, None
        try:
            async with run_host(dsn, studio.credentials, addon_dirs) as host:
                assert host.app.state.library.broken == {}
                client = await host.client("manager")
                answer = await client.get(f"{host.addon_path}/demo/sites")
                assert answer.status_code == 503
                await transaction.rollback()
                await host.addon.site_sync.keeper.wait()
                answer = await client.get(f"{host.addon_path}/demo/sites")
                assert answer.status_code == 200
        finally:
            Postgres.pool = pool
            await pool.release(holder)


async def test_a_row_nobody_counted_is_counted_when_it_is_read(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=make_files(2))
    await pipeline.write_row(published, "studio", {})
    await Postgres.execute(
        "ALTER TABLE project_demo.sitesync_files_status DISABLE TRIGGER USER"
    )
    entries = {file["id"]: {"status": 4, "size": 100} for file in published.files}
    await Postgres.execute(
        "UPDATE project_demo.sitesync_files_status "
        "SET data = $1, status = 4, files_total = NULL, bytes_total = NULL",
        {"files": entries},
    )
    client = await host.client("artist")
    answer = await client.post(f"{host.addon_path}/demo/representations/query", json={})
    [row] = answer.json()["representations"]
    assert row["sites"]["studio"]["filesSynced"] == 2
    assert row["sites"]["studio"]["bytesTotal"] == 200
