"""Numbers that stand for states, as stored and as other addons name them."""

from __future__ import annotations


class SiteSyncStatus:
    """State of a file or representation on a site."""

    NA = -1
    IN_PROGRESS = 0
    QUEUED = 1
    FAILED = 2
    PAUSED = 3
    OK = 4


class SyncStatus:
    """What is to be done for a representation, seen from this machine."""

    DO_NOTHING = 0
    DO_UPLOAD = 1
    DO_DOWNLOAD = 2


_PLAIN_PERCENTS = tuple(n for n in range(101) if n / 100 * 100 == n)
"""Percents that stay whole numbers when a tool multiplies the fraction by 100."""


def round_progress(status: int, progress: float) -> float:
    """A fraction for people: 1 only when all is there, never more digits than two.

    Core's tools print `fraction * 100` unrounded, hence the choice of values.
    """
    if status == SiteSyncStatus.OK:
        return 1.0
    percent = min(max(progress, 0.0), 0.99) * 100
    return max(n for n in _PLAIN_PERCENTS if n <= percent + 1e-9 and n < 100) / 100  # noqa: PLR2004
