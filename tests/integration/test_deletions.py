"""AYON deletes entities while rows of them are written: the deletion never loses."""

import asyncio
from contextvars import Context
from typing import Any

import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import SITE, SetSettings
from tests.integration.pipeline import Pipeline, Published
from tests.integration.queue_agent import Agent, key
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

WAITING = "SELECT count(*) AS count FROM pg_locks WHERE NOT granted"


async def delete(published: Published) -> None:
    """As AYON does it: the version goes, and all that hangs on it."""
    async with Postgres.transaction(force_new=True) as connection:
        await connection.execute(
            "DELETE FROM project_demo.versions WHERE id = $1", published.version_id
        )


async def are_waiting(count: int) -> None:
    for _ in range(1000):
        if (await Postgres.fetchrow(WAITING))["count"] >= count:
            return
        await asyncio.sleep(0.01)
    pytest.fail("they do not come to wait")


@pytest.mark.parametrize("path", ["states", "presence"])
async def test_a_deletion_that_crosses_a_write_is_done(
    host: Host, pipeline: Pipeline, path: str
) -> None:
    published = [await pipeline.publish() for _ in range(2)]
    published.sort(key=lambda each: each.id)
    for each in published:
        await pipeline.write_row(each, "studio", {"files": {}})
    ids = [each.id for each in published]
    bodies: dict[str, Any] = {
        "states": {
            "states": [
                {"representationId": each, "siteName": "nearline", "status": 1}
                for each in ids
            ]
        },
        "presence": {
            "siteName": "nearline",
            "files": [
                {
                    "representationId": each.id,
                    "fileId": each.files[0]["id"],
                    "state": "present",
                    "size": each.files[0]["size"],
                }
                for each in published
            ],
        },
    }
    client = await host.client("admin")
    async with Postgres.transaction(force_new=True) as connection:
        await connection.execute(
            "SELECT 1 FROM project_demo.sitesync_files_status "
            "WHERE representation_id = $1 FOR UPDATE",
            ids[1],
        )
        # Who writes has the rows of the first by now ...
        writing = asyncio.create_task(
            client.post(f"{host.addon_path}/demo/{path}", json=bodies[path]),
            context=Context(),
        )
        await are_waiting(1)
        # ... which the deletion comes to ...
        deleting = asyncio.create_task(delete(published[0]), context=Context())
        await are_waiting(2)
    # ... before he goes on to what the deletion has.
    answer, _ = await asyncio.gather(writing, deleting)
    assert answer.status_code == 200, answer.text
    rows = await Postgres.fetch(
        "SELECT DISTINCT representation_id AS id "
        "FROM project_demo.sitesync_files_status"
    )
    assert [row["id"] for row in rows] == ids[1:]


@pytest.mark.parametrize("path", ["demo/verbs/priority", "-/release"])
async def test_a_deletion_of_more_than_one_that_crosses_a_write_is_done(
    host: Host, pipeline: Pipeline, set_settings: SetSettings, path: str
) -> None:
    """It takes them in another order, and never waits for who waits for it."""
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    client = await host.client("admin", SITE)
    published = [await pipeline.publish() for _ in range(2)]
    published.sort(key=lambda each: each.id)
    states = [
        {"representationId": each.id, "siteName": site, "status": status}
        for each in published
        for site, status in (("studio", 4), (SITE, 1))
    ]
    await client.post(f"{host.addon_path}/demo/states", json={"states": states})
    agent = Agent(client, host.addon_path)
    held = await agent.claim(maxTransfers=2)
    assert len(held) == 2
    bodies: dict[str, Any] = {
        "demo/verbs/priority": {
            "siteNames": [SITE],
            "selection": {"representationIds": [each.id for each in published]},
            "priority": 70,
        },
        "-/release": {"agentId": agent.id, "leases": [key(each) for each in held]},
    }
    async with Postgres.transaction(force_new=True):
        # Of two that wait for each other, the one that looks first is the one to fail.
        await Postgres.execute("SET LOCAL deadlock_timeout = '1ms'")
        delete_version = "DELETE FROM project_demo.versions WHERE id = $1"
        await Postgres.execute(delete_version, published[1].version_id)
        # Who writes comes to the second, which the deletion has ...
        writing = asyncio.create_task(
            client.post(f"{host.addon_path}/{path}", json=bodies[path]),
            context=Context(),
        )
        await are_waiting(1)
        # ... and the deletion to the first.
        await Postgres.execute(delete_version, published[0].version_id)
    answer = await writing
    assert answer.status_code == 200, answer.text
    rows = await Postgres.fetch(
        "SELECT representation_id FROM project_demo.sitesync_files_status"
    )
    assert rows == []


HELD = """
SELECT DISTINCT c.relname FROM pg_locks AS l
JOIN pg_class AS c ON c.oid = l.relation
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'project_demo' AND l.granted AND l.pid <> pg_backend_pid()
"""


@pytest.mark.parametrize("work", ["handle_events", "look"])
async def test_background_work_waits_for_a_projects_deletion_with_empty_hands(
    host: Host, pipeline: Pipeline, work: str
) -> None:
    """AYON drops all tables, its own before ours: what held one would be its end."""
    published = await pipeline.publish()
    upkeep = vars(host.addon)["upkeep"]
    await upkeep.look()
    upkeep.events.take()
    await EventStream.dispatch(
        "entity.representation.created",
        project="demo",
        summary={"entityId": published.id},
    )
    async with Postgres.transaction(force_new=True) as connection:
        await connection.execute("LOCK TABLE project_demo.folders")
        working = asyncio.create_task(getattr(upkeep, work)(), context=Context())
        await are_waiting(1)
        held = {row["relname"] for row in await connection.fetch(HELD)}
        assert held == set()
    await working
