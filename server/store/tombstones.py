"""What deleted representations left on sites: listed, and handed over for removal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..domain.files import parse_files
from ..domain.removal import Mark
from ..host import Postgres
from ..sql import QueryFile
from .access import Paths
from .removal_marks import write_marks
from .rows import RowKey, current_time, lock_representations

_SQL = QueryFile("tombstones")


@dataclass(frozen=True)
class Remains:
    """Representations of which something is to go from a store, by all its names."""

    representation_ids: list[str]
    site_names: list[str]


class TombstoneStore:
    """The table of tombstones; the state table's trigger writes it."""

    async def read(
        self,
        project_name: str,
        site_name: str | None,
        paths: Paths,
        first: int,
        after: int | None,
    ) -> list[dict[str, Any]]:
        """Return tombstones, newest first. `number` is the place in the list."""
        rows = await Postgres.fetch(
            _SQL.get("list", project_name), site_name, paths, after, first
        )
        return [
            {
                "number": row["tombstone_id"],
                "representationId": row["representation_id"],
                "siteName": row["site_name"],
                "files": [
                    {"path": file.path, "size": file.size}
                    for file in parse_files(row["files"])
                ],
                "deletedAt": row["deleted_at"],
                "isRemoving": row["is_removing"],
                "message": row["message"],
            }
            for row in rows
        ]

    async def remove(
        self, project_name: str, remains: Remains, paths: Paths, user_name: str
    ) -> list[Mark]:
        """Have agents delete what is left; return what was marked for that.

        What cannot be found is left out. A tombstone goes when its files are gone.
        """
        async with Postgres.transaction():
            await lock_representations(project_name, remains.representation_ids)
            rows = await Postgres.fetch(
                _SQL.get("of_representations", project_name),
                remains.representation_ids,
                remains.site_names,
                paths,
            )
            marks: dict[RowKey, Mark] = {}
            for row in rows:
                mark = Mark(
                    representation_id=row["representation_id"],
                    site_name=row["site_name"],
                    folder_path=row["folder_path"] or "",
                    files=parse_files(row["files"]),
                    entries=None,
                )
                marks[mark.key] = mark
            now = await current_time(project_name)
            await write_marks(project_name, marks.values(), user_name, now)
        return list(marks.values())
