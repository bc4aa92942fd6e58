"""The existing addon as far as its rows go: how it writes them, and reads them.

Restated from its contract: the table, the shape of `data`, statuses -1 to 4. It trusts
what it finds: a row that it cannot read raises here, as it does there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from ayon_server.lib.postgres import Postgres

from tests.integration.pipeline import Published

TABLE = """
CREATE TABLE IF NOT EXISTS project_demo.sitesync_files_status (
    representation_id UUID NOT NULL
        REFERENCES project_demo.representations(id) ON DELETE CASCADE,
    site_name VARCHAR NOT NULL,
    status INTEGER NOT NULL DEFAULT -1,
    priority INTEGER NOT NULL DEFAULT 50,
    data JSONB NOT NULL DEFAULT '{}'::JSONB,
    PRIMARY KEY (representation_id, site_name)
);
CREATE INDEX IF NOT EXISTS file_status_idx
    ON project_demo.sitesync_files_status (status);
CREATE INDEX IF NOT EXISTS file_priority_idx
    ON project_demo.sitesync_files_status (priority DESC);
"""
NOT_AVAILABLE, QUEUED, FAILED, SYNCED = -1, 1, 2, 4
Entries = dict[str, dict[str, Any]]


def make_entries(published: Published, *statuses: int, **extra: Any) -> Entries:
    """Entries of all files; the last status goes on for the rest."""
    return {
        file["id"]: {
            "hash": file["hash"],
            "status": statuses[min(number, len(statuses) - 1)],
            "size": file["size"],
            "timestamp": 1_700_000_000,
            **extra,
        }
        for number, file in enumerate(published.files)
    }


def aggregate(entries: Entries) -> int:
    """The status of a row: failed first, then in progress, paused, queued."""
    statuses = [entry["status"] for entry in entries.values()]
    for status in (NOT_AVAILABLE, SYNCED):
        if all(each == status for each in statuses):
            return status
    return next((each for each in (FAILED, 0, 3, QUEUED) if each in statuses), -1)


async def insert(
    published: Published, site: str, status: int, data: Any, priority: int = 50
) -> None:
    await Postgres.execute(
        "INSERT INTO project_demo.sitesync_files_status "
        "(representation_id, site_name, status, priority, data) "
        "VALUES ($1, $2, $3, $4, $5::text::jsonb)",
        *(published.id, site, status, priority, json.dumps(data)),
    )


async def read(local_site: str, remote_site: str) -> list[dict[str, Any]]:
    """Its list: sums of sizes, newest times, a status of each file."""
    rows = await Postgres.fetch(
        "SELECT r.id, r.files, l.status AS local, m.status AS remote, "
        "l.data AS local_data, m.data AS remote_data "
        "FROM project_demo.representations AS r "
        "LEFT JOIN project_demo.sitesync_files_status AS l "
        "ON l.representation_id = r.id AND l.site_name = $1 "
        "LEFT JOIN project_demo.sitesync_files_status AS m "
        "ON m.representation_id = r.id AND m.site_name = $2 ORDER BY r.id",
        *(local_site, remote_site),
    )
    listed = []
    for row in rows:
        sides = {}
        for side in ("local", "remote"):
            files = (row[f"{side}_data"] or {}).get("files", {})
            assert all(
                type(entry[name]) is int
                for entry in files.values()
                for name in ("status", "size", "timestamp")
            )
            assert all(type(entry["hash"]) is str for entry in files.values())
            assert row[side] is None or row[side] == aggregate(files)
            sides[side] = {
                "status": -1 if row[side] is None else row[side],
                "size": sum(entry["size"] for entry in files.values()),
                "newest": max([entry["timestamp"] for entry in files.values()] or [0]),
                "files": files,
            }
        listed.append({"id": row["id"], "files": row["files"], **sides})
    return listed


async def post(representation_id: str, site: str, posted: list[dict[str, Any]]) -> None:
    """Merge what is posted into a row, or make one, in one transaction."""
    key = (representation_id, site)
    async with Postgres.transaction(force_new=True) as connection:
        found = await connection.fetch(
            "SELECT priority, data FROM project_demo.sitesync_files_status "
            "WHERE representation_id = $1 AND site_name = $2 FOR UPDATE",
            *key,
        )
        if found:
            files = found[0]["data"].get("files")
        else:
            row = await connection.fetchrow(
                "SELECT files FROM project_demo.representations WHERE id = $1",
                representation_id,
            )
            empty = {"status": NOT_AVAILABLE, "size": 0, "timestamp": 0}
            files = {
                each["id"]: {"hash": each["hash"], **empty} for each in row["files"]
            }
        for each in posted:
            if each["id"] not in files:
                continue
            entry = files[each["id"]]
            entry |= {name: each[name] for name in ("status", "size", "timestamp")}
            for name in ("message", "retries"):
                entry.pop(name, None)
                if each.get(name):
                    entry[name] = each[name]
        values = (aggregate(files), {"files": files})
        if found:
            await connection.execute(
                "UPDATE project_demo.sitesync_files_status SET status = $3, data = $4, "
                "priority = $5 WHERE representation_id = $1 AND site_name = $2",
                *(*key, *values, found[0]["priority"]),
            )
        else:
            await connection.execute(
                "INSERT INTO project_demo.sitesync_files_status "
                "(representation_id, site_name, status, data, priority) "
                "VALUES ($1, $2, $3, $4, 50)",
                *(*key, *values),
            )


async def fetch_what_is_queued(
    site: str, source: str, move: Callable[[str, str], bool]
) -> int:
    """One pass of its loop: each file of what is queued here and synced there.

    `move` brings a file and tells whether it worked; a failure is posted at once.
    """
    passed = 0
    for each in await read(site, source):
        if (each["local"]["status"], each["remote"]["status"]) != (QUEUED, SYNCED):
            continue
        for file in each["files"]:
            entry = each["local"]["files"].get(file["id"], {})
            if entry.get("status") != QUEUED:
                continue
            passed += 1
            result: dict[str, Any] = {
                "id": file["id"],
                "status": SYNCED,
                "size": file["size"],
                "timestamp": 1_795_240_000,
            }
            if not move(each["id"], file["id"]):
                retries = entry.get("retries", 0) + 1
                result |= {"status": FAILED, "message": "no", "retries": retries}
            await post(each["id"], site, [result])
            await asyncio.sleep(0)
    return passed
