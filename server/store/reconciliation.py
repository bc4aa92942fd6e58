"""Brings state rows in line with representations whose files have changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..domain.copies import synced_ids
from ..domain.files import RepresentationFile, return_running
from ..domain.reconciliation import names_gone_files, reconcile
from ..host import Postgres
from ..sql import QueryFile
from .known_files import FilesById, by_id
from .rows import (
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)

_SQL = QueryFile("known_files")
_VERBS = QueryFile("verbs")

SLICE = 50
"""Representations of one transaction: who waits for a row waits for one slice."""
REPLACED = "replaced"
"""What a run came to whose files were published again meanwhile."""
CANCELLED = "cancelled"
"""What it came to where somebody made the entities inactive."""


@dataclass(frozen=True)
class _Files:
    """The files of a representation: as we know them (None = not at all), and now."""

    representation_id: str
    known: FilesById | None
    current: FilesById


@dataclass
class _Changes:
    """What one slice comes to."""

    rows: dict[RowKey, Row] = field(default_factory=dict)
    awaited: list[str] = field(default_factory=list)
    moved: list[tuple[str, str, str]] = field(default_factory=list)
    changed_files: list[tuple[str, str]] = field(default_factory=list)


class ReconciliationStore:
    """Compares representations with what our rows know of them. All is idempotent."""

    async def bring_in_line(
        self, project_name: str, representation_ids: Iterable[str]
    ) -> set[RowKey]:
        """Compare all rows of representations; return the keys of those that changed.

        Leases on changed rows end: what is copied under them is the old content.
        """
        ids = sorted(set(representation_ids))
        changed: set[RowKey] = set()
        for start in range(0, len(ids), SLICE):
            changed |= await self._bring_slice(project_name, ids[start : start + SLICE])
        return changed

    async def follow_publish(
        self,
        project_name: str,
        rows: Iterable[Row],
        files: Mapping[str, list[RepresentationFile]],
    ) -> set[RowKey]:
        """Bring in line what was published again, as who writes a row of it sees.

        The event about it may be lost, and AYON 1.16 sends none: without this the
        other sites would be said to have the new content until the walk comes by.
        In the caller's transaction.

        :param rows: all rows of these representations, as he leaves them.
        :param files: those that the representations have now, by id.
        """
        stale = {
            row.representation_id
            for row in rows
            if row.representation_id in files
            and names_gone_files(row.entries, files[row.representation_id])
        }
        return await self.bring_in_line(project_name, stale)

    async def release_inactive(self, project_name: str) -> set[RowKey]:
        """End the leases on what is no longer active; its files wait in the queue.

        Returns the keys of the rows. Agents are told that it was cancelled.
        """
        found = await Postgres.fetch(_SQL.get("inactive_leases", project_name))
        if not found:
            return set()
        wanted = {(key["representation_id"], key["site_name"]) for key in found}
        ids = sorted({key[0] for key in wanted})
        async with Postgres.transaction():
            await lock_representations(project_name, ids)
            rows = await lock_rows(project_name, ids, {key[1] for key in wanted})
            now = await current_time(project_name)
            stopped = [
                row.with_entries(return_running(row.entries, now))
                for key, row in rows.items()
                if key in wanted
            ]
            await self._end_leases(
                project_name, [row.key for row in stopped], CANCELLED, now
            )
            await write_rows(project_name, stopped)
        return {row.key for row in stopped}

    async def _end_leases(
        self, project_name: str, keys: list[RowKey], outcome: str, now: float
    ) -> None:
        await Postgres.execute(
            _VERBS.get("end_leases", project_name),
            *_columns(keys, 2),
            outcome,
            now,
        )

    async def _bring_slice(self, project_name: str, ids: list[str]) -> set[RowKey]:
        async with Postgres.transaction():
            await lock_representations(project_name, ids)
            rows = await lock_rows(project_name, ids)
            now = await current_time(project_name)
            records = await Postgres.fetch(
                _SQL.get("files_and_known", project_name), ids
            )
            rows_of: dict[str, list[Row]] = {}
            for row in rows.values():
                rows_of.setdefault(row.representation_id, []).append(row)
            changes = _Changes()
            for record in records:
                known = record["known_files"]
                _compare(
                    changes,
                    _Files(
                        record["id"],
                        None if known is None else by_id(known),
                        by_id(record["files"]),
                    ),
                    rows_of.get(record["id"], []),
                    now,
                )
            await self._write(project_name, changes, ids, now)
        return set(changes.rows)

    async def _write(
        self, project_name: str, changes: _Changes, ids: list[str], now: float
    ) -> None:
        await self._end_leases(project_name, list(changes.rows), REPLACED, now)
        await write_rows(project_name, changes.rows.values())
        if changes.changed_files:
            await Postgres.execute(
                _SQL.get("drop_checksums", project_name),
                *_columns(changes.changed_files, 2),
            )
        if changes.moved:
            await Postgres.execute(
                _SQL.get("move_checksums", project_name), *_columns(changes.moved, 3)
            )
        await Postgres.execute(
            _SQL.get("renew", project_name, parents="parents"),
            *(ids, changes.awaited, now),
        )


def _compare(changes: _Changes, files: _Files, rows: list[Row], now: float) -> None:
    """Note what changed files mean for the rows of one representation."""
    known, current = files.known or {}, files.current
    there: set[str] = set()
    is_changed = files.known is None
    for row in rows:
        entries = reconcile(row.entries, known, current.values(), now)
        if entries != row.entries:
            entries = return_running(entries, now)
            changes.rows[row.key] = row.with_entries(entries)
            is_changed = True
        there |= synced_ids(entries)
    if is_changed and current.keys() - there:
        changes.awaited.append(files.representation_id)
    changes.moved += [
        (files.representation_id, old_id, new_id)
        for old_id, new_id in _same_content(known, current)
    ]
    changes.changed_files += [
        (files.representation_id, file_id)
        for file_id in known.keys() & current.keys()
        if known[file_id] != current[file_id]
    ]


def _same_content(known: FilesById, current: FilesById) -> list[tuple[str, str]]:
    """Return (old id, new id) of files that only have another id now."""
    gone = {
        (file.path, file.size, file.hash, file.hash_type): file_id
        for file_id, file in known.items()
        if file_id not in current
    }
    found = []
    for file in current.values():
        old_id = gone.get((file.path, file.size, file.hash, file.hash_type))
        if old_id is not None and file.id not in known:
            found.append((old_id, file.id))
    return found


def _columns(rows: Iterable[tuple[str, ...]], count: int) -> list[list[str]]:
    ordered = sorted(rows)
    return [[row[number] for row in ordered] for number in range(count)]
