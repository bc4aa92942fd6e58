"""What agents report of files under their leases, and what entries become by it."""

from __future__ import annotations

from typing import NamedTuple

from .backoff import backoff_seconds
from .files import (
    FAILURE_KEYS,
    MAX_MESSAGE_LENGTH,
    MISSING,
    PROOF_KEYS,
    RETRYABLE_ERRORS,
    WRITER_KEY,
    Entry,
    entry_retries,
    entry_status,
    proof_timestamp,
    requeue,
)
from .status import SiteStatus

_LOST_AT_SUCCESS = frozenset({*FAILURE_KEYS, "retries", WRITER_KEY})
_SYNCED = int(SiteStatus.SYNCED)
# Compared for each file of large reports: names are quicker than members.
_DONE, _FAILED = SiteStatus.SYNCED, SiteStatus.FAILED


class FileReport(NamedTuple):
    """What the holder of a lease says about one file.

    `is_source_read`: he compared the content of the source, not only of the target.
    `is_source_lacking`: the source is found to lack the file, which is no failure of
    this attempt.
    """

    id: str
    status: SiteStatus
    bytes_done: int = 0
    checksum: str | None = None
    proof: str | None = None
    is_source_read: bool = False
    error_class: str = "retryable"
    message: str | None = None
    retry_after_seconds: float | None = None
    is_source_lacking: bool = False

    @property
    def misses_source(self) -> bool:
        return self.status is _FAILED and self.error_class == "missing_source"


def apply_report(
    entry: Entry, report: FileReport, now: float, retry_count: int, chance: float
) -> Entry:
    """Return `entry` after an agent's report.

    `retry_count` is the setting: how often a failed file is tried again.
    `chance` in [0, 1) spreads the next attempt. A report about a file that is
    SYNCED already (an alias brought it) changes nothing unless it says SYNCED.
    """
    if report.status is _DONE:
        return _succeeded(entry, report, now)
    if entry_status(entry) == SiteStatus.SYNCED:
        return entry
    if report.status == SiteStatus.FAILED:
        return _failed(entry, report, now, retry_count, chance)
    if report.status == SiteStatus.QUEUED:
        return requeue(entry, now)
    return {
        **entry,
        "status": int(SiteStatus.IN_PROGRESS),
        "size": report.bytes_done,
        "timestamp": int(now),
    }


def _succeeded(entry: Entry, report: FileReport, now: float) -> Entry:
    done = entry.copy()
    if not _LOST_AT_SUCCESS.isdisjoint(entry):
        for key in _LOST_AT_SUCCESS & entry.keys():
            del done[key]
    timestamp = proof_timestamp(now)
    done["status"], done["size"] = _SYNCED, report.bytes_done
    done["proof"], done["timestamp"], done["proven"] = (
        report.proof,
        timestamp,
        timestamp,
    )
    return done


def _failed(
    entry: Entry, report: FileReport, now: float, retry_count: int, chance: float
) -> Entry:
    # Where the source is to blame, another one may be tried at once.
    retries = entry_retries(entry) + (not report.is_source_lacking)
    dropped = (*FAILURE_KEYS, *PROOF_KEYS)
    failed = {key: value for key, value in entry.items() if key not in dropped}
    failed.update(
        status=int(SiteStatus.FAILED),
        size=0,
        timestamp=int(now),
        retries=retries,
        error=report.error_class,
        message=(report.message or "The agent gave no reason")[:MAX_MESSAGE_LENGTH],
    )
    if retries <= retry_count and report.error_class in RETRYABLE_ERRORS:
        wait = 0.0 if report.is_source_lacking else report.retry_after_seconds
        failed["next"] = now + (
            backoff_seconds(retries, chance) if wait is None else wait
        )
    return failed


def mark_lacking(entry: Entry, message: str | None, now: float) -> Entry:
    """Return the entry of a file that an agent looked for in vain.

    It stays FAILED until somebody says that it is there, or orders it anew.
    """
    dropped = (*FAILURE_KEYS, *PROOF_KEYS)
    lacking = {key: value for key, value in entry.items() if key not in dropped}
    text = f"An agent did not find this file here: {message or 'no reason given'}"
    lacking.update(
        status=int(SiteStatus.FAILED),
        size=0,
        timestamp=int(now),
        error=MISSING,
        message=text[:MAX_MESSAGE_LENGTH],
    )
    return lacking
