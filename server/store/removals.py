"""Removals: agents delete the files of marked rows, then the rows go.

A mark is void as soon as its row, or one of another name of the same store, says
anything but -1: that is looked at when an agent asks for work, and at every report.
Marks of all names of a store are given together, under one token.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..domain.files import RepresentationFile
from ..domain.pauses import Pauses
from ..domain.removal import (
    OWN_SITE_FIRST_SECONDS,
    SETTLE_SECONDS,
    Mark,
    RemovalReport,
    describe_failures,
    files_to_delete,
    next_try,
    withdraw_deleted,
)
from ..domain.site import ProjectSites
from ..domain.transfer import LEASE_SECONDS
from ..domain.verbs import is_empty
from ..host import Postgres
from ..sql import QueryFile, project_schema
from .access import Paths
from .leases import Holder
from .removal_marks import columns, delete_marks, folders_of, lock_marks
from .rows import (
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)
from .transfer_queue import MOST_PENDING, Outlook

_SQL = QueryFile("removals")

MOST_FILES = 20_000
"""Files that one claim gives to delete."""

LoadSites = Callable[[str], Awaitable[ProjectSites]]
LoadPauses = Callable[[], Awaitable[Pauses]]


@dataclass(frozen=True)
class Leg:
    """One store that an agent reaches as `site_name`: all its names.

    What has waited `delay` seconds is given, of folders that match `paths`.
    """

    site_name: str
    names: list[str]
    delay: float
    paths: Paths


@dataclass(frozen=True)
class Remover:
    """An agent that may delete files in one project, and the sites that it reaches."""

    project_name: str
    holder: Holder
    own_site: str
    reachable: list[str]
    sites: ProjectSites
    paths: Paths
    variant: str

    def legs(self) -> Iterator[Leg]:
        """Yield its own store first; whose files are there already may be told."""
        seen: set[str] = set()
        for name in [self.own_site, *self.reachable]:
            if name in seen:
                continue
            names = {name} | self.sites.aliases(name)
            seen |= names
            is_own = name == self.own_site
            yield Leg(
                name,
                sorted(names),
                0.0 if is_own else OWN_SITE_FIRST_SECONDS,
                None if is_own else self.paths,
            )


@dataclass(frozen=True)
class RemovalResult:
    """The answer to a report.

    `held`; `finished`: the row is gone; `failed`: it is tried again later; `cancelled`:
    it was taken back, tell what is deleted and end; `paused`; `lost`.
    """

    state: str
    expires_at: float | None = None


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


class RemovalStore:
    """Gives removals to agents and takes what they tell."""

    def __init__(self, load_sites: LoadSites, load_pauses: LoadPauses) -> None:
        """`load_sites(project)` gives the aliases of sites."""
        self._load_sites = load_sites
        self._load_pauses = load_pauses

    async def projects_with_work(self, names: Iterable[str]) -> list[str]:
        """Return which projects have removals or scans: one request for all."""
        by_schema = {project_schema(name): name for name in names}
        if not by_schema:
            return []
        query = "\nUNION ALL\n".join(
            _SQL.get("has_work", name) for name in by_schema.values()
        )
        return [by_schema[row["schema"]] for row in await Postgres.fetch(query)]

    async def claim(
        self, remover: Remover, most: int
    ) -> tuple[list[dict[str, Any]], set[RowKey]]:
        """Give up to `most` removals; return them, and the keys of rows that went."""
        given: list[dict[str, Any]] = []
        gone: set[RowKey] = set()
        for leg in remover.legs():
            if len(given) >= most:
                break
            now = await current_time(remover.project_name)
            records = await Postgres.fetch(
                _SQL.get("due_marks", remover.project_name),
                leg.names,
                now - leg.delay,
                now,
                SETTLE_SECONDS,
                leg.paths,
                most - len(given),
            )
            if records:
                ids = sorted(record["representation_id"] for record in records)
                ids = ids[: most - len(given)]
                removals, without_files = await self._take(remover, leg, ids)
                given += removals
                gone |= without_files
        return given, gone

    async def _take(
        self, remover: Remover, leg: Leg, ids: list[str]
    ) -> tuple[list[dict[str, Any]], set[RowKey]]:
        """Lease the removals of representations on one store."""
        project = remover.project_name
        async with Postgres.transaction():
            await lock_representations(project, ids)
            rows = await lock_rows(project, ids, leg.names)
            marks = await lock_marks(project, ids)
            now = await current_time(project)
            groups = _group(
                mark for mark in marks.values() if mark.site_name in leg.names
            )
            groups = {
                name: group
                for name, group in groups.items()
                if all(mark.is_due(now) for mark in group)
            }
            wanted = {
                row.representation_id
                for row in rows.values()
                if not is_empty(row.entries)
            }
            void = [groups.pop(name) for name in wanted & groups.keys()]
            files = await self._find_files(project, leg, groups)
            leased = {name: uuid.uuid4().hex for name in files if files[name]}
            idle = [
                groups[name] for name in groups.keys() & files.keys() - leased.keys()
            ]
            await delete_marks(project, _keys(void + idle))
            gone = set(_keys(idle)) & rows.keys()
            await _delete_rows(project, gone)
            await self._lease(remover, groups, leased, now)
        return [
            _describe(remover, leg, name, token, files[name], now)
            for name, token in leased.items()
        ], gone

    async def _find_files(
        self, project_name: str, leg: Leg, groups: dict[str, list[Mark]]
    ) -> dict[str, list[RepresentationFile]]:
        """Return what is to be deleted for each representation, within the bound."""
        marks = [group[0] for group in groups.values()]
        folders = {mark.folder_path for mark in marks}
        folders |= set((await folders_of(project_name, groups)).values())
        lost = await Postgres.fetch(
            _SQL.get("lost_folders", project_name), sorted(folders)
        )
        places = "anywhere" if lost else "in_folders"
        records = await Postgres.fetch(
            _SQL.get("named_paths", project_name, places=places),
            sorted(folders),
            sorted({file.path for mark in marks for file in mark.files}),
            leg.names,
        )
        named_by = {record["path"]: record["representation_ids"] for record in records}
        found: dict[str, list[RepresentationFile]] = {}
        count = 0
        for mark in marks:
            files = files_to_delete(mark, named_by)
            if found and count + len(files) > MOST_FILES:
                break
            found[mark.representation_id] = files
            count += len(files)
        return found

    async def _lease(
        self,
        remover: Remover,
        groups: dict[str, list[Mark]],
        leased: dict[str, str],
        now: float,
    ) -> None:
        marks = [mark for name in leased for mark in groups[name]]
        if not marks:
            return
        await Postgres.execute(
            _SQL.get("lease_marks", remover.project_name),
            [mark.representation_id for mark in marks],
            [mark.site_name for mark in marks],
            [leased[mark.representation_id] for mark in marks],
            remover.holder.agent_id,
            remover.holder.user_name,
            now + LEASE_SECONDS,
        )

    async def outlook(self, remover: Remover) -> Outlook:
        """Look at what remains: counts what is worth waiting for."""
        now = await current_time(remover.project_name)
        pending, waits = 0, []
        for leg in remover.legs():
            row = await Postgres.fetchrow(
                _SQL.get("outlook", remover.project_name),
                leg.names,
                now,
                remover.holder.agent_id,
                remover.sites.retry_count,
                MOST_PENDING,
            )
            pending += row["pending"]
            if row["next_due_at"] is not None:
                waits.append(max(row["next_due_at"] + leg.delay - now, 0.0))
        return Outlook(pending, min(waits, default=None))

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
        await write_rows(project_name, batch.written.values())
        await _delete_rows(project_name, batch.gone)
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
            await self.release(project_name, holder, batch.returned)

    async def release(
        self, project_name: str, holder: Holder, tokens: list[str] | None = None
    ) -> int:
        """Give removals back, without tokens all of an agent; return how many."""
        records = await Postgres.fetch(
            _SQL.get("release_marks", project_name),
            holder.agent_id,
            holder.user_name,
            tokens,
        )
        return len({record["representation_id"] for record in records})

    async def count(self, project_name: str, paths: Paths) -> dict[str, int]:
        """Return how many representations wait for their removal, by site."""
        records = await Postgres.fetch(_SQL.get("count_marks", project_name), paths)
        return {record["site_name"]: record["removing"] for record in records}


async def _delete_rows(project_name: str, keys: Iterable[RowKey]) -> None:
    pairs = sorted(keys)
    if pairs:
        await Postgres.execute(_SQL.get("delete_rows", project_name), *columns(pairs))


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
            _withdraw(batch, wanted, report.deleted)
        return RemovalResult("cancelled")
    if report.is_finished and report.failed:
        due_at = next_try(
            report.failed, group[0].retries + 1, batch.now, random.random()
        )
        batch.failed.append((report.token, due_at, describe_failures(report.failed)))
        return RemovalResult("failed")
    if report.is_finished:
        batch.unmarked |= keys
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


def _group(marks: Iterable[Mark]) -> dict[str, list[Mark]]:
    groups: dict[str, list[Mark]] = {}
    for mark in marks:
        groups.setdefault(mark.representation_id, []).append(mark)
    return groups


def _keys(groups: Iterable[list[Mark]]) -> list[RowKey]:
    return [mark.key for group in groups for mark in group]


def _describe(
    remover: Remover,
    leg: Leg,
    representation_id: str,
    token: str,
    files: list[RepresentationFile],
    now: float,
) -> dict[str, Any]:
    return {
        "projectName": remover.project_name,
        "representationId": representation_id,
        "siteName": leg.site_name,
        "lease": {"token": token, "expiresAt": now + LEASE_SECONDS},
        "variant": remover.variant,
        "files": [
            {"id": file.id, "path": file.path, "size": file.size} for file in files
        ],
    }
