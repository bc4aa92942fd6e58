"""The counts beside a status row: the Python twin of the SQL `sitesync_rollup_v1`.

The trigger fills them on every write. Rows that it has not seen yet, of an old
table, are computed here when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .files import (
    ABANDONED_SECONDS,
    MAX_BIGINT,
    Entries,
    entry_message,
    entry_next,
    entry_size,
    entry_status,
    entry_timestamp,
    is_verified,
    parse_entries,
    whole_number,
)
from .status import SiteStatus

# 9999-12-31 in epoch seconds: later times are cut, Postgres and Python both know it.
LATEST_TIME = 253402214400.0


@dataclass(frozen=True)
class Rollup:
    """Counts of files, bytes and the earliest time (epoch seconds) with work to do."""

    files_total: int
    files_due: int
    files_failed: int
    files_synced: int
    files_verified: int
    bytes_total: int
    bytes_done: int
    due_at: float | None
    last_error: str | None


def compute_rollup(
    data: object, representation_files: object, now: float, changed_at: float
) -> Rollup:
    """Count a row's `data`; total for any JSON. Times are epoch seconds."""
    entries = parse_entries(data)
    statuses = [entry_status(entry) for entry in entries.values()]
    due_times = list(_due_times(entries, now, changed_at))
    moved = (SiteStatus.SYNCED, SiteStatus.IN_PROGRESS)
    return Rollup(
        files_total=len(entries),
        files_due=len(due_times),
        files_failed=statuses.count(SiteStatus.FAILED),
        files_synced=statuses.count(SiteStatus.SYNCED),
        files_verified=sum(map(is_verified, entries.values())),
        bytes_total=_sum_sizes(representation_files),
        bytes_done=min(
            sum(
                entry_size(entry)
                for entry in entries.values()
                if entry_status(entry) in moved
            ),
            MAX_BIGINT,
        ),
        due_at=min(due_times, default=None),
        last_error=_last_error(entries),
    )


def _due_times(entries: Entries, now: float, changed_at: float) -> Iterator[float]:
    for entry in entries.values():
        status = entry_status(entry)
        if status == SiteStatus.QUEUED:
            yield min(entry_timestamp(entry), now)
        elif status == SiteStatus.IN_PROGRESS:
            yield changed_at + ABANDONED_SECONDS
        elif status == SiteStatus.FAILED:
            next_at = entry_next(entry)
            if next_at is not None:
                yield min(next_at, LATEST_TIME)


def _last_error(entries: Entries) -> str | None:
    failed = [
        (-entry_timestamp(entry), file_id, entry_message(entry))
        for file_id, entry in entries.items()
        if entry_status(entry) == SiteStatus.FAILED and entry_message(entry) is not None
    ]
    return min(failed)[2] if failed else None


def _sum_sizes(representation_files: object) -> int:
    if not isinstance(representation_files, list):
        return 0
    sizes = (
        whole_number(item.get("size"))
        for item in representation_files
        if isinstance(item, dict)
    )
    return min(sum(sizes), MAX_BIGINT)
