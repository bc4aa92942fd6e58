"""A walk over all representations, a few at a time, again and again.

Events get lost: with a process, or while another version of the addon was in
production. The walk notes the files of what was published before Site Sync, and brings
in line what nobody told us about.
"""

from __future__ import annotations

from ..host import Postgres
from ..sql import QueryFile
from .default_rows import APPEARED
from .known_files import note_files
from .reconciliation import ReconciliationStore
from .rows import RowKey, current_time
from .upkeep import read_position, write_position

_SQL = QueryFile("known_files")

POSITION = "sweep"
ROUND = "swept"
"""Noted when a round has ended: from then on there is no hurry."""
AT_ONCE = 500
FIRST_ID = "0" * 32


class SweepStore:
    """The walk of one project; a step is part of the caller's transaction."""

    def __init__(self, reconciliation: ReconciliationStore) -> None:
        self._reconciliation = reconciliation

    async def is_first_round(self, project_name: str) -> bool:
        return await read_position(project_name, ROUND) is None

    async def step(self, project_name: str) -> tuple[set[RowKey], bool]:
        """Look at the next ones; return the changed rows, and whether a round ended."""
        after = await read_position(project_name, POSITION) or FIRST_ID
        end = await Postgres.fetchrow(
            _SQL.get("batch_end", project_name), after, AT_ONCE
        )
        rows = await Postgres.fetch(
            _SQL.get("batch", project_name, parents="parents"),
            *(after, AT_ONCE),
            int(await read_position(project_name, APPEARED) or 0),
        )
        now = await current_time(project_name)
        unknown = [row["id"] for row in rows if row["is_unknown"]]
        await note_files(project_name, unknown, now, are_new=False)
        changed = await self._reconciliation.bring_in_line(
            project_name,
            [row["id"] for row in rows if row["is_changed"] or row["is_out_of_line"]],
        )
        next_position = FIRST_ID if end is None else end["id"]
        await write_position(project_name, POSITION, next_position)
        if end is None:
            await write_position(project_name, ROUND, "")
        return changed, end is None
