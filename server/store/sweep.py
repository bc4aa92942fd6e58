"""A walk over all representations, a few at a time, again and again.

Events get lost: with a process, or while another version of the addon was in
production. The walk notes the files of what was published before Site Sync, and finds
what nobody told us about.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..host import Postgres
from ..sql import QueryFile
from .default_rows import APPEARED
from .known_files import note_files
from .rows import current_time
from .upkeep import read_position, write_position

_SQL = QueryFile("known_files")

POSITION = "sweep"
ROUND = "swept"
"""Noted when a round has ended: from then on there is no hurry."""
AT_ONCE = 500
FIRST_ID = "0" * 32


@dataclass(frozen=True)
class Step:
    """Representations to bring in line, and whether a round has ended."""

    found: list[str]
    is_over: bool


class SweepStore:
    """The walk of one project; a step is part of the caller's transaction."""

    async def is_first_round(self, project_name: str) -> bool:
        return await read_position(project_name, ROUND) is None

    async def step(self, project_name: str) -> Step:
        """Look at the next ones, and go on.

        What is found is brought in line after this transaction: one that has noted
        files must not wait for representations that others are at, who note files
        too. Where it never comes to that, the next round finds it again.
        """
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
        next_position = FIRST_ID if end is None else end["id"]
        await write_position(project_name, POSITION, next_position)
        if end is None:
            await write_position(project_name, ROUND, "")
        found = [
            row["id"] for row in rows if row["is_changed"] or row["is_out_of_line"]
        ]
        return Step(found, is_over=end is None)
