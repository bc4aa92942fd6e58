"""Totals by site and status that the database keeps while rows are written.

Triggers note what each statement changes, without waiting for each other; here the
notes are folded into sums, everything is counted once where rows are older than the
triggers, and what belongs to inactive entities is counted apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any

from ..host import Postgres, logging
from ..sql import QueryFile, project_schema

_SQL = QueryFile("totals")

# A reader folds beyond this: summing so many changes takes a millisecond.
MOST_CHANGES = 500
# What is hidden is counted again so much later, if entities or states have changed.
HIDDEN_AGE_SECONDS = 60.0
# ... and where that takes long, so that it takes no larger part of the time.
HIDDEN_SHARE = 0.01


class TotalsStore:
    """Reads the kept totals of projects, and keeps them in order in the background."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._folding: dict[str, asyncio.Task[None]] = {}
        self._hidden_seconds: dict[str, float] = {}

    async def read(self, project_name: str) -> list[Any] | None:
        """Return a row for each site and status; None before they are counted."""
        rows = await Postgres.fetch(_SQL.get("kept", project_name))
        if not rows[0]["is_counted"]:
            return None
        if rows[0]["changes"] > MOST_CHANGES:
            self._fold_soon(project_name)
        return [row for row in rows if row["site_name"] is not None]

    async def look_after(self, project_name: str, addon_version: str) -> None:
        """Do what is due, now and then: count, fold, look for what is hidden."""
        row = await Postgres.fetchrow(
            _SQL.get("state", project_name, activity="activity"),
            _schema_name(project_name),
            max(
                HIDDEN_AGE_SECONDS,
                self._hidden_seconds.get(project_name, 0.0) / HIDDEN_SHARE,
            ),
        )
        if not row["is_counted"]:
            await self.count(project_name, addon_version)
            return
        if row["has_changes"]:
            await self.fold(project_name)
        if row["is_old"]:
            await self.count_hidden(project_name)

    async def fold(self, project_name: str) -> None:
        """Add the changes to the sums, unless somebody is at it."""
        async with Postgres.transaction():
            if await self._try_lock(project_name):
                await Postgres.execute(_SQL.get("fold", project_name))

    async def count_hidden(self, project_name: str) -> None:
        """Count what belongs to inactive entities, unless somebody is at it."""
        async with Postgres.transaction():
            if await self._try_lock(project_name):
                await self._count_hidden(project_name)

    async def count(self, project_name: str, addon_version: str) -> None:
        """Count everything anew; rows go on being written meanwhile."""
        async with Postgres.transaction():
            await Postgres.fetch(_SQL.get("lock"), _schema_name(project_name))
            await Postgres.execute(_SQL.get("recount", project_name))
            await self._count_hidden(project_name)
            await Postgres.execute(_SQL.get("record", project_name), addon_version)

    async def _count_hidden(self, project_name: str) -> None:
        started_at = self._clock()
        # Noted first: what changes while it is counted is seen the next time.
        await Postgres.execute(
            _SQL.get("note_hidden", project_name, activity="activity"),
            _schema_name(project_name),
        )
        await Postgres.execute(_SQL.get("forget_hidden", project_name))
        await Postgres.execute(_SQL.get("count_hidden", project_name))
        self._hidden_seconds[project_name] = self._clock() - started_at

    async def _try_lock(self, project_name: str) -> bool:
        row = await Postgres.fetchrow(_SQL.get("try_lock"), _schema_name(project_name))
        return bool(row["locked"])

    def _fold_soon(self, project_name: str) -> None:
        if project_name in self._folding:
            return

        async def run() -> None:
            # A named boundary: the changes are still there for the next one.
            try:
                await self.fold(project_name)
            except Exception as error:
                logging.error(
                    f"Site Sync could not fold totals of {project_name}: {error!r}"
                )

        # AYON keeps a request's connection in the context: it must not be shared.
        task = asyncio.create_task(
            run(), name=f"sitesync totals {project_name}", context=Context()
        )
        self._folding[project_name] = task
        task.add_done_callback(lambda _: self._folding.pop(project_name, None))


def _schema_name(project_name: str) -> str:
    return project_schema(project_name).strip('"')
