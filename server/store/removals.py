"""Removals that agents take: they delete the files of marked rows, then the rows go.

A mark is void as soon as its row, or one of another name of the same store, says
anything but -1: that is looked at when an agent asks for work, and at every report.
Marks of all names of a store are given together, under one token.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

from ..domain.files import RepresentationFile
from ..domain.removal import (
    OWN_SITE_FIRST_SECONDS,
    SETTLE_SECONDS,
    Mark,
    files_to_delete,
)
from ..domain.site import ProjectSites
from ..domain.transfer import LEASE_SECONDS
from ..domain.verbs import is_empty
from ..host import Postgres
from ..sql import QueryFile, project_schema
from .access import Paths
from .due_rows import MOST_PENDING, Outlook
from .leases import Holder
from .removal_marks import (
    delete_marks,
    delete_rows,
    folders_of,
    lock_marks,
    release_marks,
)
from .rows import RowKey, current_time, lock_representations, lock_rows

_SQL = QueryFile("removals")

MOST_FILES = 20_000
"""Files that one claim gives to delete."""


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
    """An agent that may delete files in one project, and the sites that it reaches.

    `attended`: sites that live agents have as their own, who come first there.
    """

    project_name: str
    holder: Holder
    own_site: str
    reachable: list[str]
    sites: ProjectSites
    paths: Paths
    variant: str
    attended: Set[str]

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
                0.0
                if is_own or names.isdisjoint(self.attended)
                else OWN_SITE_FIRST_SECONDS,
                None if is_own else self.paths,
            )


class RemovalStore:
    """Gives removals to agents, and takes them back."""

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
            await delete_rows(project, gone)
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

    async def release(
        self, project_name: str, holder: Holder, tokens: list[str] | None = None
    ) -> int:
        """Give removals back, without tokens all of an agent; return how many."""
        return await release_marks(project_name, holder, tokens)

    async def count(self, project_name: str, paths: Paths) -> dict[str, int]:
        """Return how many representations wait for their removal, by site."""
        records = await Postgres.fetch(_SQL.get("count_marks", project_name), paths)
        return {record["site_name"]: record["removing"] for record in records}


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
