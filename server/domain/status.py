"""Site status: the integers on the wire and how files add up to a representation."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class SiteStatus(enum.IntEnum):
    """State of a file or representation on a site, as stored and sent."""

    NOT_AVAILABLE = -1
    IN_PROGRESS = 0
    QUEUED = 1
    FAILED = 2
    PAUSED = 3
    SYNCED = 4


STATUS_VALUES = frozenset(int(status) for status in SiteStatus)

# First match wins: one failed file shows, whatever the others do.
_PRECEDENCE = (
    SiteStatus.FAILED,
    SiteStatus.IN_PROGRESS,
    SiteStatus.PAUSED,
    SiteStatus.QUEUED,
)


def aggregate_status(statuses: Iterable[int]) -> SiteStatus:
    """Roll the statuses of files up to the status of their representation.

    All SYNCED gives SYNCED; no files, all NOT_AVAILABLE, or a mix of SYNCED and
    NOT_AVAILABLE gives NOT_AVAILABLE; else the first of `_PRECEDENCE` that occurs.
    """
    present = set(statuses)
    if present == {SiteStatus.SYNCED}:
        return SiteStatus.SYNCED
    for status in _PRECEDENCE:
        if status in present:
            return status
    return SiteStatus.NOT_AVAILABLE
