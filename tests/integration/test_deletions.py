"""AYON deletes entities while rows of them are written: the deletion never loses."""

import asyncio
from contextvars import Context
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.pipeline import Pipeline, Published
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
