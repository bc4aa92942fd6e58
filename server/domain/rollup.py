"""The counts beside a status row: the Python twin of the SQL trigger.

Our own writes bring the counts along; the trigger fills them on everybody else's. Rows
that neither has seen yet, of an old table, are computed here when they are read.
"""

from __future__ import annotations

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


@dataclass(slots=True)
class Counts:
    """What a row's entries come to, whatever the time is.

    `queued_at`: since when the oldest QUEUED file waits. `next_at`: when the first
    FAILED one is tried again. Epoch seconds, None = there is no such file.
    """

    files_total: int
    files_due: int = 0
    files_failed: int = 0
    files_synced: int = 0
    files_verified: int = 0
    bytes_done: int = 0
    queued_at: float | None = None
    next_at: float | None = None
    is_running: bool = False
    last_error: str | None = None

    def due_at(self, now: float, changed_at: float) -> float | None:
        """Return when the first file is due, of a row written at `changed_at`."""
        times = []
        if self.queued_at is not None:
            times.append(min(self.queued_at, now))
        if self.is_running:
            times.append(changed_at + ABANDONED_SECONDS)
        if self.next_at is not None:
            times.append(self.next_at)
        return min(times, default=None)


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
    counts = count_entries(parse_entries(data))
    return Rollup(
        files_total=counts.files_total,
        files_due=counts.files_due,
        files_failed=counts.files_failed,
        files_synced=counts.files_synced,
        files_verified=counts.files_verified,
        bytes_total=sum_sizes(representation_files),
        bytes_done=counts.bytes_done,
        due_at=counts.due_at(now, changed_at),
        last_error=counts.last_error,
    )


def count_entries(entries: Entries) -> Counts:
    """Count entries in one pass: claims and reports count a thousand at a time."""
    counts = Counts(len(entries))
    failed: list[tuple[float, str, str]] = []
    for file_id, entry in entries.items():
        status = entry_status(entry)
        if status == SiteStatus.SYNCED:
            counts.files_synced += 1
            counts.bytes_done += entry_size(entry)
            if "proof" in entry and is_verified(entry):
                counts.files_verified += 1
        elif status == SiteStatus.IN_PROGRESS:
            counts.files_due += 1
            counts.bytes_done += entry_size(entry)
            counts.is_running = True
        elif status == SiteStatus.QUEUED:
            counts.files_due += 1
            counts.queued_at = _earlier(counts.queued_at, entry_timestamp(entry))
        elif status == SiteStatus.FAILED:
            counts.files_failed += 1
            next_at = entry_next(entry)
            if next_at is not None:
                counts.files_due += 1
                counts.next_at = _earlier(counts.next_at, min(next_at, LATEST_TIME))
            message = entry_message(entry)
            if message is not None:
                failed.append((-entry_timestamp(entry), file_id, message))
    counts.bytes_done = min(counts.bytes_done, MAX_BIGINT)
    counts.last_error = min(failed)[2] if failed else None
    return counts


def _earlier(first: float | None, second: float) -> float:
    return second if first is None else min(first, second)


def sum_sizes(representation_files: object) -> int:
    """Return the bytes of a representation's files, as they stand in the database."""
    if not isinstance(representation_files, list):
        return 0
    sizes = (
        whole_number(item.get("size"))
        for item in representation_files
        if isinstance(item, dict)
    )
    return min(sum(sizes), MAX_BIGINT)
