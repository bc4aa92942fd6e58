"""The counts beside a status row: the Python twin of the SQL trigger.

Our own writes bring the counts along; the trigger fills them on everybody else's. Rows
that neither has seen yet, of an old table, are computed here when they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .files import (
    ABANDONED_SECONDS,
    MAX_BIGINT,
    Entries,
    RepresentationFile,
    entry_message,
    entry_next,
    entry_size,
    entry_status,
    entry_timestamp,
    has_proof,
    parse_entries,
    whole_number,
)
from .status import SiteStatus, aggregate_status

# 9999-12-31 in epoch seconds: later times are cut, Postgres and Python both know it.
LATEST_TIME = 253402214400.0

# Compared for each file of large claims and reports: names are quicker than members.
_SYNCED, _IN_PROGRESS = SiteStatus.SYNCED, SiteStatus.IN_PROGRESS
_QUEUED, _FAILED = SiteStatus.QUEUED, SiteStatus.FAILED


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
    statuses: set[int] = field(default_factory=set)

    @property
    def status(self) -> SiteStatus:
        return aggregate_status(self.statuses)

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
    synced = verified = due = bytes_done = 0
    present = counts.statuses
    failed: list[tuple[float, str, str]] = []
    for file_id, entry in entries.items():
        status = entry_status(entry)
        present.add(status)
        if status == _SYNCED:
            synced += 1
            bytes_done += entry_size(entry)
            if "proof" in entry and has_proof(entry):
                verified += 1
        elif status == _IN_PROGRESS:
            due += 1
            bytes_done += entry_size(entry)
            counts.is_running = True
        elif status == _QUEUED:
            due += 1
            counts.queued_at = _earlier(counts.queued_at, entry_timestamp(entry))
        elif status == _FAILED:
            counts.files_failed += 1
            next_at = entry_next(entry)
            if next_at is not None:
                due += 1
                counts.next_at = _earlier(counts.next_at, min(next_at, LATEST_TIME))
            message = entry_message(entry)
            if message is not None:
                failed.append((-entry_timestamp(entry), file_id, message))
    counts.files_synced, counts.files_verified, counts.files_due = synced, verified, due
    counts.bytes_done = min(bytes_done, MAX_BIGINT)
    counts.last_error = min(failed)[2] if failed else None
    return counts


def _earlier(first: float | None, second: float) -> float:
    return second if first is None else min(first, second)


def sum_sizes(
    representation_files: object, parsed: list[RepresentationFile] | None = None
) -> int:
    """Return the bytes of a representation's files, as they stand in the database.

    :param parsed: what `parse_files` made of them, where somebody has done that.
    """
    if not isinstance(representation_files, list):
        return 0
    if parsed is not None and len(parsed) == len(representation_files):
        sizes = [file.size for file in parsed]
    else:
        sizes = [
            whole_number(item.get("size"))
            for item in representation_files
            if isinstance(item, dict)
        ]
    return min(sum(sizes), MAX_BIGINT)
