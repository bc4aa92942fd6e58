"""Rows in the existing addon's format, from it to us and from us to it."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

from tests.ayon.studio import CONFIGURED, Studio
from tests.integration.pipeline import Published
from tests.support.earlier_rows import make_entries

OPTIONAL = {"message": str, "retries": int}


async def write(
    database: asyncpg.Connection,
    studio: Studio,
    published: Published,
    status: int,
    data: Any,
) -> None:
    """As the existing addon does: it knows these columns."""
    await database.execute(
        f"INSERT INTO project_{studio.project}.sitesync_files_status "
        "(representation_id, site_name, status, priority, data) "
        "VALUES ($1, 'studio', $2, 60, $3::text::jsonb)",
        *(published.id, status, json.dumps(data)),
    )


async def test_its_rows_are_read_and_changed(
    studio: Studio, database: asyncpg.Connection
) -> None:
    published = await studio.publish(files=2)
    entries = make_entries(published, 4, 2, message="disk full", retries=3)
    await write(database, studio, published, 2, {"files": entries})
    client = await studio.client("manager")
    [item] = await studio.get_state(client)
    assert item["localStatus"]["status"] == 2
    assert [file["localStatus"]["status"] for file in item["files"]] == [4, 2]
    failed = item["files"][1]["localStatus"]
    assert (failed["message"], failed["retries"]) == ("disk full", 3)
    assert failed["timestamp"] == 1_700_000_000
    row = await studio.row(published, "studio")
    assert (row["priority"], row["filesTotal"], row["filesFailed"]) == (60, 2, 1)
    answer = await studio.post(client, published, "studio", 1)
    assert answer.status_code == 204
    assert await studio.states(published) == {"studio": 1}


async def test_our_rows_are_in_its_format(
    studio: Studio, database: asyncpg.Connection
) -> None:
    published = await studio.publish(files=2)
    client = await studio.client("manager")
    await studio.post(client, published, "studio")
    failed = {**published.posted(2)[0], "message": "disk full", "retries": 1}
    url = f"{studio.base}/state/{published.id}/{CONFIGURED}"
    body = {"files": [failed, published.posted(4)[1]], "priority": 70}
    assert (await client.post(url, json=body)).status_code == 204
    rows = await database.fetch(
        "SELECT site_name, status, priority, data::text AS data "
        f"FROM project_{studio.project}.sitesync_files_status ORDER BY site_name"
    )
    assert [tuple(row)[:3] for row in rows] == [(CONFIGURED, 2, 70), ("studio", 4, 50)]
    for row in rows:
        entries = json.loads(row["data"])["files"]
        assert set(entries) == {file["id"] for file in published.files}
        for entry in entries.values():
            for name in ("status", "size", "timestamp"):
                assert type(entry[name]) is int
            assert type(entry["hash"]) is str
            for name, kind in OPTIONAL.items():
                assert type(entry.get(name, kind())) is kind


async def test_a_row_with_broken_json_is_shown(
    studio: Studio, database: asyncpg.Connection
) -> None:
    published = await studio.publish()
    broken = {published.files[0]["id"]: {"status": 77, "size": -5}, "x": 3}
    await write(database, studio, published, 1, {"files": broken})
    [item] = await studio.get_state(await studio.client("manager"))
    assert item["files"][0]["localStatus"]["status"] == -1
    assert item["localStatus"]["size"] == 0
