"""Totals of a project: how much is on which site, and in which state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from ..host import Postgres
from ..sql import QueryFile
from .access import Paths
from .lists import fetch_list
from .totals import TotalsStore

_SQL = QueryFile("summary")

MAX_AGE_SECONDS = 2.0
# A summary that is asked for again after this time is renewed before it is too old.
RENEW_AGE_SECONDS = 0.8
MOST_PROJECTS = 200

# Site -> status -> counts of representations, files, bytes.
Totals = dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Summary:
    """Totals as they were at `as_of`, epoch seconds."""

    totals: Totals
    as_of: float


@dataclass(frozen=True)
class FolderSummary:
    folder_id: str
    path: str
    totals: Totals


class SummaryStore:
    """Counts of what is where.

    What an unrestricted user sees is kept by the database. Until that is counted, of a
    table that was there before, it is kept here for a moment: counting a large project
    takes a second, which is done once for all who ask at a time.
    """

    def __init__(
        self, totals: TotalsStore, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._totals = totals
        self._clock = clock
        self._kept: dict[str, tuple[float, Summary]] = {}
        self._counting: dict[str, asyncio.Task[Summary]] = {}

    async def params(self, project_name: str, paths: Paths) -> dict[str, Any]:
        query = _SQL.get("params", project_name, parents="parents")
        row = await Postgres.fetchrow(query, paths)
        return {"count": row["count"], "names": list(row["names"])}

    async def site_totals(self, project_name: str, paths: Paths) -> Summary:
        """Return the totals of the readable folders, at most two seconds old."""
        if paths is not None:
            return await self._count(project_name, paths)
        as_of = time.time()
        rows = await self._totals.read(project_name)
        if rows is None:
            return await self._kept_totals(project_name)
        totals: Totals = {}
        for row in rows:
            _add(totals, row)
        return Summary(totals, as_of)

    async def _kept_totals(self, project_name: str) -> Summary:
        kept_at, summary = self._kept.get(project_name, (None, None))
        age = None if kept_at is None else self._clock() - kept_at
        if summary is None or age is None or age > MAX_AGE_SECONDS:
            return await asyncio.shield(self._renew(project_name))
        if age > RENEW_AGE_SECONDS:
            self._renew(project_name)
        return summary

    def _renew(self, project_name: str) -> asyncio.Task[Summary]:
        """Count in the background, once however many ask."""
        task = self._counting.get(project_name)
        if task is None:
            # AYON keeps a request's connection in the context: it must not be shared.
            task = asyncio.create_task(
                self._count_and_keep(project_name),
                name=f"sitesync summary {project_name}",
                context=Context(),
            )
            self._counting[project_name] = task
            task.add_done_callback(lambda done: self._finish(project_name, done))
        return task

    def _finish(self, project_name: str, task: asyncio.Task[Summary]) -> None:
        del self._counting[project_name]
        if not task.cancelled():
            task.exception()  # whoever waits gets it; nobody may be waiting

    async def _count_and_keep(self, project_name: str) -> Summary:
        started_at = self._clock()
        summary = await self._count(project_name, None)
        if len(self._kept) >= MOST_PROJECTS:
            self._kept.clear()
        self._kept[project_name] = (started_at, summary)
        return summary

    async def _count(self, project_name: str, paths: Paths) -> Summary:
        as_of = time.time()
        query = _SQL.get("site_totals", project_name, parents="parents")
        totals: Totals = {}
        for row in await fetch_list(query, paths):
            _add(totals, row)
        return Summary(totals, as_of)

    async def folder_totals(
        self, project_name: str, paths: Paths, folder_ids: list[str]
    ) -> list[FolderSummary]:
        """Return the totals of the subtrees of folders; unknown ones are left out."""
        query = _SQL.get("folder_totals", project_name, parents="parents")
        folders: dict[str, FolderSummary] = {}
        for row in await fetch_list(query, paths, folder_ids):
            found = folders.setdefault(
                row["folder_id"],
                FolderSummary(row["folder_id"], f"/{row['folder_path']}", {}),
            )
            if row["site_name"] is not None:
                _add(found.totals, row)
        return list(folders.values())

    async def machines_of_user(
        self, project_name: str, user_name: str, addon_name: str, addon_version: str
    ) -> list[Any]:
        """Return the user's machines with the sites that he chose on each."""
        query = _SQL.get("machines_of_user", project_name)
        rows: list[Any] = await Postgres.fetch(
            query, user_name, addon_name, addon_version
        )
        return rows


def _add(totals: Totals, row: Any) -> None:
    totals.setdefault(row["site_name"], {})[str(row["status"])] = {
        "representations": row["representations"],
        "files": row["files"],
        "filesSynced": row["files_synced"],
        "filesVerified": row["files_verified"],
        "filesFailed": row["files_failed"],
        "bytes": row["bytes"],
        "bytesDone": row["bytes_done"],
    }
