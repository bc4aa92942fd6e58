"""What agents tell of removals, applied under the lease that they name.

A report whose lease is not the mark's, or has expired, changes nothing. Every report
looks whether the removal still holds.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ..domain.pauses import Pauses
from ..domain.removal import (
    Mark,
    RemovalFailure,
    RemovalReport,
    describe_failures,
    next_try,
    withdraw_deleted,
)
from ..domain.site import ProjectSites
from ..domain.transfer import LEASE_SECONDS
from ..domain.verbs import is_empty
from ..host import Postgres
from ..sql import QueryFile
from .leases import Holder
from .removal_marks import delete_marks, delete_rows, lock_marks, release_marks
from .rows import (
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)

_SQL = QueryFile("removals")

LoadSites = Callable[[str], Awaitable[ProjectSites]]
LoadPauses = Callable[[], Awaitable[Pauses]]


@dataclass(frozen=True)
class RemovalResult:
    """The answer to a report.

    `held`; `finished`: the row is gone; `failed`: it is tried again later; `cancelled`:
    it was taken back, tell what is deleted and end; `paused`; `lost`.
    """

    state: str
    expires_at: float | None = None


@dataclass(frozen=True)
class _End:
    """What becomes of a removal in the history."""

    token: str
    outcome: str
    failed: list[RemovalFailure]

    def describe_errors(self) -> dict[str, Any]:
        """Return the errors in an object: lists in a list would be one array."""
        return {
            "list": [
                {
                    "id": failure.file_id,
                    "errorClass": failure.error_class,
                    "message": failure.message,
                }
                for failure in self.failed
            ]
        }


@dataclass
class _Batch:
    """What one transaction of reports works on, and what it will write."""

    now: float
    rows: dict[RowKey, Row]
    marks: dict[str, list[Mark]]
    sites: ProjectSites
    pauses: Pauses
    written: dict[RowKey, Row] = field(default_factory=dict)
    gone: set[RowKey] = field(default_factory=set)
    unmarked: set[RowKey] = field(default_factory=set)
    renewed: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    failed: list[tuple[str, float | None, str]] = field(default_factory=list)
    ended: list[_End] = field(default_factory=list)


class RemovalReportStore:
    """Applies reports, one transaction per project."""

    def __init__(self, load_sites: LoadSites, load_pauses: LoadPauses) -> None:
        """`load_sites(project)` gives the aliases of sites."""
        self._load_sites = load_sites
        self._load_pauses = load_pauses

    async def report(
        self, project_name: str, holder: Holder, reports: list[RemovalReport]
    ) -> tuple[list[RemovalResult], set[RowKey]]:
        """Apply reports; return the answers, and the keys of rows that changed."""
        ids = sorted({report.representation_id for report in reports})
        sites = await self._load_sites(project_name)
        pauses = await self._load_pauses()
        async with Postgres.transaction():
            await lock_representations(project_name, ids)
            rows = await lock_rows(project_name, ids)
            marks = await lock_marks(project_name, ids)
            now = await current_time(project_name)
            held = await self._held(project_name, holder, reports, now)
            by_token: dict[str, list[Mark]] = {}
            for mark in marks.values():
                if mark.token in held:
                    by_token.setdefault(mark.token, []).append(mark)
            batch = _Batch(now, rows, by_token, sites, pauses)
            results = [_apply(batch, project_name, report) for report in reports]
            await self._write(project_name, holder, batch)
        return results, set(batch.written) | batch.gone

    async def _held(
        self,
        project_name: str,
        holder: Holder,
        reports: list[RemovalReport],
        now: float,
    ) -> set[str]:
        records = await Postgres.fetch(
            _SQL.get("held_marks", project_name),
            [report.token for report in reports],
            holder.agent_id,
            holder.user_name,
            now,
        )
        return {record["token"] for record in records}

    async def _write(self, project_name: str, holder: Holder, batch: _Batch) -> None:
        if batch.ended:
            # Before the marks go: they know the site and who wanted it.
            await Postgres.execute(
                _SQL.get("record_ends", project_name),
                [end.token for end in batch.ended],
                [end.outcome for end in batch.ended],
                [end.describe_errors() for end in batch.ended],
                batch.now,
            )
        await write_rows(project_name, batch.written.values())
        await delete_rows(project_name, batch.gone)
        await delete_marks(project_name, batch.unmarked)
        for token, due_at, message in batch.failed:
            await Postgres.execute(
                _SQL.get("fail_marks", project_name), token, due_at, message
            )
        if batch.renewed:
            await Postgres.execute(
                _SQL.get("renew_marks", project_name),
                batch.renewed,
                batch.now + LEASE_SECONDS,
            )
        if batch.returned:
            await release_marks(project_name, holder, batch.returned)


def _apply(batch: _Batch, project_name: str, report: RemovalReport) -> RemovalResult:
    """Apply one report to the batch."""
    group = batch.marks.get(report.token)
    if not group:
        return RemovalResult("lost")
    names = {mark.site_name for mark in group}
    names = names.union(*(batch.sites.aliases(name) for name in names))
    here = [
        row
        for row in batch.rows.values()
        if row.representation_id == report.representation_id and row.site_name in names
    ]
    keys = {mark.key for mark in group}
    wanted = [row for row in here if not is_empty(row.entries)]
    if wanted:
        if report.is_finished:
            batch.unmarked |= keys
            if report.deleted:
                batch.ended.append(_End(report.token, "removal_cancelled", []))
            _withdraw(batch, wanted, report.deleted)
        return RemovalResult("cancelled")
    if report.is_finished and report.failed:
        due_at = next_try(
            report.failed, group[0].retries + 1, batch.now, random.random()
        )
        batch.failed.append((report.token, due_at, describe_failures(report.failed)))
        batch.ended.append(_End(report.token, "removal_failed", report.failed))
        return RemovalResult("failed")
    if report.is_finished:
        batch.unmarked |= keys
        batch.ended.append(_End(report.token, "removed", []))
        batch.gone |= keys & batch.rows.keys()
        return RemovalResult("finished")
    if batch.pauses.cover(project_name, names):
        batch.returned.append(report.token)
        return RemovalResult("paused")
    batch.renewed.append(report.token)
    return RemovalResult("held", batch.now + LEASE_SECONDS)


def _withdraw(batch: _Batch, rows: list[Row], deleted: list[str]) -> None:
    """Queue what rows say is there again, and an agent has deleted."""
    for row in rows:
        entries = withdraw_deleted(row.entries, deleted, batch.now)
        if entries != row.entries:
            batch.written[row.key] = row.with_entries(entries)
