"""How much an agent may do at a site, and when: the `limits` of a site's settings.

Pure. Times are this machine's own; what makes no sense in the settings does not count
(the server shows it as a problem of the site).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Optional

MEGABYTE, GIGABYTE = 1_000_000, 1_000_000_000
DAY_MINUTES = 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK_DAYS = len(DAYS)
_TIME = re.compile(r"(\d{1,2}):(\d\d)")


@dataclass(frozen=True)
class TimeWindow:
    """A part of the week, in minutes of the day; `days` count from Monday.

    One that ends before it starts goes on over midnight and belongs to the day on which
    it starts; one that ends when it starts is a whole day. `bytes_per_second` None =
    no limit.
    """

    days: frozenset[int]
    start: int
    end: int
    is_paused: bool
    bytes_per_second: Optional[float]

    def holds(self, moment: datetime) -> bool:
        minute = moment.hour * 60 + moment.minute
        today = moment.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        yesterday = (today - 1) % WEEK_DAYS
        return (today in self.days and minute >= self.start) or (
            yesterday in self.days and minute < self.end
        )


@dataclass(frozen=True)
class SiteLimits:
    """None and 0 mean no limit. Of several windows that hold the first one counts."""

    parallel_files: Optional[int] = None
    bytes_per_second: Optional[float] = None
    least_free_bytes: int = 0
    timetable: tuple[TimeWindow, ...] = ()
    parts: tuple[SiteLimits, ...] = ()
    """Limits that hold together, see `combine`; then there is no own timetable."""

    @property
    def is_timed_or_paced(self) -> bool:
        """Whether there is more than numbers of files and bytes."""
        return bool(self.parts or self.timetable or self.bytes_per_second)

    def find_rate(self, moment: datetime) -> Optional[float]:
        """Bytes per second that may be moved at this time."""
        if self.parts:
            rates = [part.find_rate(moment) for part in self.parts]
            return min((rate for rate in rates if rate is not None), default=None)
        window = self._find_window(moment)
        return self.bytes_per_second if window is None else window.bytes_per_second

    def is_closed(self, moment: datetime) -> bool:
        """Whether nothing may be moved at this time."""
        window = self._find_window(moment)
        return (window is not None and window.is_paused) or any(
            part.is_closed(moment) for part in self.parts
        )

    def find_opening(self, moment: datetime) -> Optional[datetime]:
        """The first minute from `moment` on at which it is not closed.

        None when the timetable never opens.
        """
        minute = moment.replace(second=0, microsecond=0)
        for offset in self._list_changes(minute):
            later = max(moment, minute + timedelta(minutes=offset))
            if not self.is_closed(later):
                return later
        return None

    def _list_changes(self, minute: datetime) -> list[int]:
        """Minutes from now, within a week, at which some window begins or ends."""
        passed = minute.hour * 60 + minute.minute
        edges = {0}
        tables = (self.timetable, *(part.timetable for part in self.parts))
        for window in chain.from_iterable(tables):
            edges |= {window.start, window.end % DAY_MINUTES}
        return sorted(
            max(0, day * DAY_MINUTES + edge - passed)
            for day in range(WEEK_DAYS + 1)
            for edge in edges
        )

    def _find_window(self, moment: datetime) -> Optional[TimeWindow]:
        return next((row for row in self.timetable if row.holds(moment)), None)


NO_LIMITS = SiteLimits()


def combine(limits: Iterable[SiteLimits]) -> SiteLimits:
    """All of them together: at each time the strictest counts."""
    found = {part for each in limits for part in each.parts or (each,)} - {NO_LIMITS}
    parts = sorted(found, key=repr)
    if len(parts) <= 1:
        return parts[0] if parts else NO_LIMITS
    parallel = [part.parallel_files for part in parts if part.parallel_files]
    return SiteLimits(
        parallel_files=min(parallel, default=None),
        least_free_bytes=max(part.least_free_bytes for part in parts),
        parts=tuple(parts),
    )


def read_limits(settings: Optional[Mapping[str, Any]]) -> SiteLimits:
    """The `limits` of a site as the addon's settings have them."""
    if not settings:
        return NO_LIMITS
    parallel = _read_number(settings.get("parallel_transfers"))
    floor = _read_number(settings.get("free_space_floor_gb")) or 0.0
    rows = [_read_window(row) for row in settings.get("timetable") or ()]
    return SiteLimits(
        int(parallel) if parallel else None,
        _read_rate(settings),
        int(floor * GIGABYTE),
        tuple(row for row in rows if row is not None),
    )


def _read_window(row: Mapping[str, Any]) -> Optional[TimeWindow]:
    start, end = _read_minute(row.get("start")), _read_minute(row.get("end"))
    names = row.get("days") or DAYS
    days = frozenset(DAYS.index(name) for name in names if name in DAYS)
    if start is None or start == DAY_MINUTES or end is None or not days:
        return None
    return TimeWindow(days, start, end, bool(row.get("paused")), _read_rate(row))


def _read_minute(value: object) -> Optional[int]:
    """Minute of the day of `HH:MM`, 24:00 included; None for anything else."""
    found = _TIME.fullmatch(str(value or "").strip())
    if found is None:
        return None
    hours, minutes = int(found.group(1)), int(found.group(2))
    total = hours * 60 + minutes
    return total if minutes < 60 and total <= DAY_MINUTES else None  # noqa: PLR2004


def _read_rate(settings: Mapping[str, Any]) -> Optional[float]:
    rate = _read_number(settings.get("bandwidth_mb_s"))
    return rate * MEGABYTE if rate else None


def _read_number(value: object) -> Optional[float]:
    """A number above 0; else None."""
    if isinstance(value, (int, float)) and value > 0:
        return float(value)
    return None
