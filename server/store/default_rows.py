"""Rows for representations that appeared, or changed, without a word where they are."""

from __future__ import annotations

from ..domain.default_rows import WAIT_SECONDS, default_entries
from ..domain.files import parse_files
from ..domain.reconciliation import is_in_line
from ..domain.site import ProjectSites
from ..host import Postgres
from ..sql import QueryFile
from .known_files import note_files
from .posts import propagate
from .rows import (
    DEFAULT_PRIORITY,
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)
from .upkeep import read_position, write_position

_SQL = QueryFile("known_files")

APPEARED = "appeared"
NEW_AT_ONCE = 500
ROWS_AT_ONCE = 100
SETTLED_SECONDS = 600.0
"""A transaction that made a representation is over after this time: what it wrote can
be seen. Younger numbers are looked at again."""


class DefaultRowStore:
    """Finds representations nobody spoke of, and makes the rows of default sites."""

    async def find_new(self, project_name: str) -> int:
        """Note what was created since the last look; return how many there were.

        Events tell of most; this finds what was created while nobody listened. The
        first look of a project starts with what comes next: what was published before
        Site Sync is for seeding.
        """
        position = await read_position(project_name, APPEARED)
        if position is None:
            row = await Postgres.fetchrow(_SQL.get("newest", project_name))
            await write_position(project_name, APPEARED, str(row["number"]))
            return 0
        now = await current_time(project_name)
        start = int(position)
        rows = await Postgres.fetch(_SQL.get("newer", project_name), start, NEW_AT_ONCE)
        await note_files(project_name, [row["id"] for row in rows], now, are_new=True)
        # Where there are more, the next look goes on behind the last of these.
        last = rows[-1]["creation_order"] if len(rows) == NEW_AT_ONCE else None
        settled = await Postgres.fetchrow(
            _SQL.get("settled", project_name), start, last, now - SETTLED_SECONDS
        )
        await write_position(project_name, APPEARED, str(settled["number"]))
        return len(rows)

    async def make_rows(
        self, project_name: str, sites: ProjectSites
    ) -> tuple[int, set[RowKey]]:
        """Make the rows that are due; return for how many it looked, and their keys.

        While Site Sync is off in the project, or the setting `default_rows` is, the
        representations are passed over for good.
        """
        async with Postgres.transaction():
            now = await current_time(project_name)
            records = await Postgres.fetch(
                _SQL.get("awaited", project_name), now - WAIT_SECONDS, ROWS_AT_ONCE
            )
            ids = sorted(record["representation_id"] for record in records)
            if not ids:
                return 0, set()
            await lock_representations(project_name, ids)
            made: dict[RowKey, Row] = {}
            if sites.enabled and sites.default_rows:
                made = await self._make(project_name, ids, sites, now)
            await Postgres.execute(_SQL.get("settle", project_name), ids)
        return len(ids), set(made)

    async def _make(
        self, project_name: str, ids: list[str], sites: ProjectSites, now: float
    ) -> dict[RowKey, Row]:
        rows = await lock_rows(project_name, ids)
        records = await Postgres.fetch(_SQL.get("files_and_known", project_name), ids)
        made: dict[RowKey, Row] = {}
        for record in records:
            files = parse_files(record["files"])
            here = {
                row.site_name: row.entries
                for row in rows.values()
                if row.representation_id == record["id"]
            }
            if not all(is_in_line(entries, files) for entries in here.values()):
                continue
            for name, entries in default_entries(files, here, sites, now).items():
                key = (record["id"], name)
                empty = Row(*key, -1, DEFAULT_PRIORITY, {})
                made[key] = rows.get(key, empty).with_entries(entries)
                for alias in propagate(made[key], rows, sites, files, int(now)):
                    made[alias.key] = alias
        await write_rows(project_name, made.values())
        return made
