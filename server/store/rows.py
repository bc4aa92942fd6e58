"""Rows of `sitesync_files_status`, locked and written.

For use inside a transaction. Locks are always taken in the same order:
representations, then rows, then leases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..domain.files import Entries, parse_entries
from ..domain.rollup import Counts, count_entries
from ..domain.status import SiteStatus
from ..host import Postgres
from ..sql import QueryFile
from .crossings import BeingDeletedError
from .turns import in_turns

_SQL = QueryFile("state")

DEFAULT_PRIORITY = 50
ROWS_A_STATEMENT, ENTRIES_A_STATEMENT = 100, 10_000
"""More would take too long to encode at once; one row may have more entries."""

# Representation id and site name.
RowKey = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """State of one representation on one site.

    `counts` are those of the entries, where somebody has counted.
    """

    representation_id: str
    site_name: str
    status: int
    priority: int
    entries: Entries
    counts: Counts | None = field(default=None, compare=False)

    @property
    def key(self) -> RowKey:
        return self.representation_id, self.site_name

    @property
    def is_synced(self) -> bool:
        return self.status == SiteStatus.SYNCED

    def with_entries(self, entries: Entries) -> Row:
        counts = count_entries(entries)
        return Row(*self.key, int(counts.status), self.priority, entries, counts)


async def current_time(project_name: str) -> float:
    """Return the project's clock in epoch seconds."""
    row = await Postgres.fetchrow(_SQL.get("now", project_name))
    return float(row["now"])


async def lock_representations(
    project_name: str, representation_ids: Iterable[str]
) -> None:
    """Hold back other writers of these representations, and their deletion.

    :raises BeingDeletedError: one is being deleted; see `do_until_uncrossed`.
    """
    ids = list(representation_ids)
    await Postgres.fetch(_SQL.get("lock_representations", project_name), ids)
    row = await Postgres.fetchrow(_SQL.get("being_deleted", project_name), ids)
    if row is not None:
        raise BeingDeletedError(project_name, row["id"])


async def lock_rows(
    project_name: str,
    representation_ids: Iterable[str],
    site_names: Iterable[str] | None = None,
) -> dict[RowKey, Row]:
    """Lock the rows of representations, of all sites if none are named."""
    records = await Postgres.fetch(
        _SQL.get("lock_rows", project_name),
        list(representation_ids),
        None if site_names is None else list(site_names),
    )
    rows = [
        Row(
            record["representation_id"],
            record["site_name"],
            record["status"],
            record["priority"],
            parse_entries(record["data"]),
        )
        async for record in in_turns(records)
    ]
    return {row.key: row for row in rows}


async def write_rows(
    project_name: str, rows: Iterable[Row], sizes: Mapping[str, int] | None = None
) -> None:
    """Insert or replace rows, with their counts, in statements of a hundred at most.

    :param sizes: bytes of all files, by representation, as far as they are known.
    """
    query = _SQL.get("write_rows", project_name)
    for part in parts_of(sorted(rows, key=lambda row: row.key)):
        await Postgres.execute(
            query,
            [_describe(row, (sizes or {}).get(row.representation_id)) for row in part],
        )


def parts_of(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield what one statement each writes: encoding it holds up others."""
    part: list[Row] = []
    entries = 0
    for row in rows:
        entries += len(row.entries)
        if part and (len(part) == ROWS_A_STATEMENT or entries > ENTRIES_A_STATEMENT):
            yield part
            part, entries = [], len(row.entries)
        part.append(row)
    if part:
        yield part


def _describe(row: Row, size: int | None) -> dict[str, Any]:
    """Return what `write_rows` takes; `size`: bytes of all files, if known."""
    counts = row.counts or count_entries(row.entries)
    return {
        "representation_id": row.representation_id,
        "site_name": row.site_name,
        "status": row.status,
        "priority": row.priority,
        "data": {"files": row.entries},
        "files_total": counts.files_total,
        "files_due": counts.files_due,
        "files_failed": counts.files_failed,
        "files_synced": counts.files_synced,
        "files_verified": counts.files_verified,
        "bytes_done": counts.bytes_done,
        "last_error": counts.last_error,
        "queued_at": counts.queued_at,
        "next_at": counts.next_at,
        "is_running": counts.is_running,
        "bytes_total": size,
    }
