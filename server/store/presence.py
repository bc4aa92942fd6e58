"""Writes what a look at a site's storage has found, for many representations.

Work goes in slices, one transaction each, so that nobody waits for long. What is there
is there under all names of the store; what is not, under none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..domain.copies import synced_ids
from ..domain.presence import (
    CONTENT_HASHES,
    Presence,
    PresenceChange,
    apply_presence,
    withdraw_files,
)
from ..domain.reconciliation import fit_entries
from ..domain.site import ProjectSites
from ..domain.verbs import is_empty
from ..errors import NotAllowedError
from ..host import Postgres
from ..sql import QueryFile
from .access import Caller, Representation, load_representations, readable_paths
from .posts import propagate
from .reconciliation import ReconciliationStore
from .removal_marks import lock_marks
from .rows import (
    DEFAULT_PRIORITY,
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)

_SQL = QueryFile("presence")

ROWS_AT_ONCE = 200
"""Representations that one transaction writes."""


@dataclass(frozen=True)
class Look:
    """A look at one site of a project; `requeue` what is missing and elsewhere."""

    project_name: str
    site_name: str
    caller: Caller
    sites: ProjectSites
    requeue: bool

    @property
    def store(self) -> set[str]:
        """All names of the site's store."""
        return {self.site_name} | self.sites.aliases(self.site_name)


@dataclass
class PresenceTally:
    """What a look came to, in files, and what of it was not taken as told."""

    synced: int = 0
    queued: int = 0
    missing: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    changed: set[RowKey] = field(default_factory=set)

    def refuse(
        self, representation_id: str, file_id: str | None, code: str, detail: str
    ) -> None:
        self.problems.append(
            {
                "representationId": representation_id,
                "fileId": file_id,
                "errorCode": code,
                "detail": detail,
            }
        )


class PresenceStore:
    """Takes what scans find."""

    def __init__(self) -> None:
        self._reconciliation = ReconciliationStore()

    async def apply(
        self, look: Look, found: dict[str, list[Presence]]
    ) -> PresenceTally:
        """Write what was found of each representation."""
        tally = PresenceTally()
        ids = sorted(found)
        for start in range(0, len(ids), ROWS_AT_ONCE):
            part = ids[start : start + ROWS_AT_ONCE]
            await self._apply_slice(look, {name: found[name] for name in part}, tally)
        return tally

    async def _apply_slice(
        self, look: Look, found: dict[str, list[Presence]], tally: PresenceTally
    ) -> None:
        project, ids = look.project_name, list(found)
        paths = await readable_paths(look.caller, project)
        async with Postgres.transaction():
            await lock_representations(project, ids)
            representations = await load_representations(project, ids, paths)
            rows = await lock_rows(project, ids)
            marked = (await lock_marks(project, ids)).keys()
            checksums = await self._checksums(project, ids)
            now = await current_time(project)
            written: dict[RowKey, Row] = {}
            for name, looks in found.items():
                representation = _find(representations, name, tally)
                if representation is None:
                    continue
                row = rows.get((name, look.site_name))
                if (name, look.site_name) in marked and row and is_empty(row.entries):
                    detail = "its files are being removed from this site"
                    tally.refuse(name, None, "removing", detail)
                    continue
                here = _Here(look, representation, rows, now)
                for changed in here.apply(looks, checksums.get(name, {}), tally):
                    written[changed.key] = changed
            await write_rows(project, written.values())
            followed = await self._reconciliation.follow_publish(
                project,
                {**rows, **written}.values(),
                {
                    name: one.files
                    for name, one in representations.items()
                    if isinstance(one, Representation)
                },
            )
        tally.changed |= written.keys() | followed

    async def _checksums(
        self, project_name: str, ids: list[str]
    ) -> dict[str, dict[str, set[str]]]:
        """Return `algorithm:hex` of files, by representation and file."""
        records = await Postgres.fetch(_SQL.get("checksums", project_name), ids)
        known: dict[str, dict[str, set[str]]] = {}
        for record in records:
            files = known.setdefault(record["representation_id"], {})
            checksum = f"{record['algorithm']}:{record['digest']}"
            files.setdefault(record["file_id"], set()).add(checksum)
        return known


def _find(
    representations: dict[str, Representation | NotAllowedError],
    representation_id: str,
    tally: PresenceTally,
) -> Representation | None:
    found = representations.get(representation_id)
    if isinstance(found, Representation):
        return found
    code, detail = "unknown_representation", "There is no such representation"
    if found is not None:
        code, detail = found.error_code, str(found.detail)
    tally.refuse(representation_id, None, code, detail)
    return None


@dataclass
class _Here:
    """One representation on the site that was looked at."""

    look: Look
    representation: Representation
    rows: dict[RowKey, Row]
    now: float

    def apply(
        self,
        looks: list[Presence],
        checksums: dict[str, set[str]],
        tally: PresenceTally,
    ) -> list[Row]:
        """Return the rows that change, and count what does."""
        look, name = self.look, self.representation.id
        files = {file.id: file for file in self.representation.files}
        known = {key: set(values) for key, values in checksums.items()}
        for file in files.values():
            if file.hash_type in CONTENT_HASHES and file.hash:
                known.setdefault(file.id, set()).add(f"{file.hash_type}:{file.hash}")
        row = self.rows.get((name, look.site_name))
        before = {} if row is None else row.entries
        entries = fit_entries(before, list(files.values()), self.now)
        change = apply_presence(
            *(entries, files, looks, known),
            self._elsewhere() if look.requeue else None,
            self.now,
        )
        for problem in change.problems:
            tally.refuse(name, problem.file_id, problem.code, problem.detail)
        tally.synced += len(change.synced)
        tally.queued += len(change.queued)
        tally.missing += len(change.missing)
        if change.entries == entries:
            return []
        empty = Row(name, look.site_name, -1, DEFAULT_PRIORITY, {})
        changed = (row or empty).with_entries(change.entries)
        return [changed, *self._of_aliases(changed, change)]

    def _elsewhere(self) -> set[str]:
        """Return the files that another store has."""
        return {
            file_id
            for row in self._rows()
            if row.site_name not in self.look.store
            for file_id in synced_ids(row.entries)
        }

    def _rows(self) -> Iterable[Row]:
        name = self.representation.id
        return [row for row in self.rows.values() if row.representation_id == name]

    def _of_aliases(self, changed: Row, change: PresenceChange) -> list[Row]:
        """Return the rows of the store's other names that change with it."""
        rows = dict(self.rows)
        names = self.look.store - {self.look.site_name}
        written: dict[RowKey, Row] = {}
        for row in self._rows():
            if row.site_name in names:
                entries = withdraw_files(
                    row.entries, change.missing, change.queued, self.now
                )
                if entries != row.entries:
                    written[row.key] = rows[row.key] = row.with_entries(entries)
        files = self.representation.files
        for row in propagate(changed, rows, self.look.sites, files, int(self.now)):
            written[row.key] = row
        return list(written.values())
