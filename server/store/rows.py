"""Rows of `sitesync_files_status`, locked and written.

For use inside a transaction. Locks are always taken in the same order:
representations, then rows, then leases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..domain.files import Entries, parse_entries
from ..domain.rollup import Counts, count_entries
from ..domain.status import SiteStatus
from ..host import Postgres
from ..sql import QueryFile
from .crossings import BeingDeletedError
from .turns import in_turns

_SQL = QueryFile("state")

DEFAULT_PRIORITY = 50
ROWS_A_STATEMENT = 100
"""More would take too long to encode at once."""

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
    """Insert or replace rows, with their counts, in statements of a few hundred.

    :param sizes: bytes of all files, by representation, as far as they are known.
    """
    ordered = sorted(rows, key=lambda row: row.key)
    for start in range(0, len(ordered), ROWS_A_STATEMENT):
        part = ordered[start : start + ROWS_A_STATEMENT]
        await _write_part(project_name, part, sizes or {})


async def _write_part(
    project_name: str, ordered: list[Row], sizes: Mapping[str, int]
) -> None:
    counts = [row.counts or count_entries(row.entries) for row in ordered]
    await Postgres.execute(
        _SQL.get("write_rows", project_name),
        [row.representation_id for row in ordered],
        [row.site_name for row in ordered],
        [row.status for row in ordered],
        [row.priority for row in ordered],
        [{"files": row.entries} for row in ordered],
        [each.files_total for each in counts],
        [each.files_due for each in counts],
        [each.files_failed for each in counts],
        [each.files_synced for each in counts],
        [each.files_verified for each in counts],
        [each.bytes_done for each in counts],
        [each.last_error for each in counts],
        [each.queued_at for each in counts],
        [each.next_at for each in counts],
        [each.is_running for each in counts],
        [sizes.get(row.representation_id) for row in ordered],
    )
