"""What the limits of sites allow now: how many files at once, how fast, and whether.

Limits are looked up again each second, so that a change in the settings or the next
window of a timetable reaches files that are under way. Projects whose limits of a site
are the same share them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Callable, Optional

from ..errors import STORAGE_FULL, SiteClosedError, SiteUnhealthyError
from ..site_limits import GIGABYTE, SiteLimits
from ..work import UnusableSite
from .ports import Clock

DEFAULT_PARALLEL_FILES = 4
"""Files of a site under way at once when its settings do not say."""
DEFAULT_OWN_PARALLEL_FILES = 8
"""The own site is one end of all: a slow site at the other leaves it to others."""
LOOK_SECONDS = 1.0
SAVED_SECONDS = 0.25
"""For so long bytes may be saved up: a pause is not followed by a burst."""
NEVER_SECONDS = 7 * 24 * 3600.0

Place = UnusableSite
FindLimits = Callable[[str, str], SiteLimits]


class TokenBucket:
    """Bytes per second for all threads together. Not locked by itself."""

    def __init__(self, now: float) -> None:
        self._at = now
        self._balance = 0.0

    def charge(self, moved: int, rate: Optional[float], now: float) -> float:
        """Count bytes that were moved; the seconds to wait before the next ones."""
        if rate is None:
            self._at, self._balance = now, 0.0
            return 0.0
        self._balance += (now - self._at) * rate
        self._balance = min(self._balance, rate * SAVED_SECONDS) - moved
        self._at = now
        return max(0.0, -self._balance / rate)


class _Gate:
    """One site under one set of limits."""

    def __init__(self, limits: SiteLimits, now: float, most: int) -> None:
        self.limits = limits
        self._most = limits.parallel_files or most
        self.bucket = TokenBucket(now)
        self.under_way = 0
        self.reserved_bytes = 0
        self.waiting: deque[Callable[[], object]] = deque()

    @property
    def is_full(self) -> bool:
        return self.under_way >= self._most

    @property
    def room(self) -> int:
        """How many more files may be under way now."""
        return max(0, self._most - self.under_way)


@dataclass
class _Entry:
    gate: _Gate
    looked_at: float


@dataclass
class Passage:
    """The right to move one file or batch between sites, until it is given back.

    `more`: files beyond one that are under way with it where settings count them.
    """

    gates: tuple[_Gate, ...]
    more: int = 0


class Traffic:
    """The limits of all sites of one agent; safe to use from any thread."""

    def __init__(self, find_limits: FindLimits, clock: Clock, own_site: str) -> None:
        self._find_limits = find_limits
        self._clock = clock
        self._own_site = own_site
        self._lock = threading.Lock()
        self._entries: dict[Place, _Entry] = {}
        self._gates: dict[tuple[str, SiteLimits], _Gate] = {}

    # --- how many at once ------------------------------------------------------------

    def enter(
        self, places: Sequence[Place], retry: Callable[[], object]
    ) -> Optional[Passage]:
        """Begin to move something between these sites.

        None when one of them has enough to do; then `retry` is called once it has not.
        """
        freed: list[Callable[[], object]] = []
        while True:
            gates = self._find_gates(places)
            with self._lock:
                if self._are_current(places, gates):
                    passage = self._pass_or_wait(gates, retry, freed)
                    break
        for call in freed:
            call()
        return passage

    def _are_current(self, places: Sequence[Place], gates: Sequence[_Gate]) -> bool:
        return all(
            self._entries[place].gate is gate for place, gate in zip(places, gates)
        )

    @staticmethod
    def _pass_or_wait(
        gates: tuple[_Gate, ...],
        retry: Callable[[], object],
        freed: list[Callable[[], object]],
    ) -> Optional[Passage]:
        full = next((gate for gate in gates if gate.is_full), None)
        if full is None:
            for gate in gates:
                gate.under_way += 1
            return Passage(gates)
        full.waiting.append(retry)
        # Its turn at the other sites passes to somebody else.
        freed.extend(
            gate.waiting.popleft()
            for gate in gates
            if gate.waiting and not gate.is_full
        )
        return None

    def widen(self, passage: Passage, most: int) -> int:
        """How many files of a batch may be under way at once, 1 to `most`.

        Where the settings of a site say how many, those of a batch count as others do,
        until `leave`. Call it once.
        """
        with self._lock:
            counted = [gate for gate in passage.gates if gate.limits.parallel_files]
            passage.more = min([most - 1, *(gate.room for gate in counted)])
            for gate in counted:
                gate.under_way += passage.more
            return 1 + passage.more

    def leave(self, passage: Passage) -> None:
        """What had begun has ended."""
        freed = []
        with self._lock:
            for gate in passage.gates:
                ended = 1 + (passage.more if gate.limits.parallel_files else 0)
                gate.under_way -= ended
                while gate.waiting and ended:
                    freed.append(gate.waiting.popleft())
                    ended -= 1
        for call in freed:
            call()

    # --- how fast, and whether -------------------------------------------------------

    def charge(self, place: Place, moved: int) -> float:
        """Count bytes moved from or to a site; the seconds to wait then.

        Raises `SiteClosedError` when its timetable allows nothing now.
        """
        (gate,) = self._find_gates([place])
        if not gate.limits.is_timed_or_paced:
            return 0.0
        rate = self._read_rate(place, gate)
        with self._lock:
            return gate.bucket.charge(moved, rate, self._clock.now())

    def find_rate(self, place: Place) -> Optional[float]:
        """Bytes per second that may be moved now; None = any.

        Raises `SiteClosedError` when nothing may.
        """
        (gate,) = self._find_gates([place])
        return self._read_rate(place, gate)

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Until `stop` is set or as many seconds have passed, at most a short while."""
        self._clock.sleep(stop, min(seconds, LOOK_SECONDS))

    def _read_rate(self, place: Place, gate: _Gate) -> Optional[float]:
        moment = self._read_moment()
        if gate.limits.is_closed(moment):
            opening = gate.limits.find_opening(moment)
            until = f" until {opening:%A %H:%M}" if opening else ""
            raise SiteClosedError(
                place.site_name, f"its timetable pauses transfers{until}"
            )
        return gate.limits.find_rate(moment)

    def _read_moment(self) -> datetime:
        # Without a zone on purpose: a timetable is in this machine's time.
        return datetime.fromtimestamp(self._clock.wall_time())

    # --- sites that are closed -------------------------------------------------------

    def list_closed(self) -> tuple[Place, ...]:
        """Known sites that may not be used now."""
        return tuple(place for place, _ in self._list_closed(self._read_moment()))

    def describe_closed(self) -> str:
        """The same in one sentence; empty when none is closed."""
        return "; ".join(
            f"site '{place.site_name}' in {place.project_name}: its timetable pauses"
            " transfers now"
            for place in self.list_closed()
        )

    def find_next_opening(self) -> Optional[float]:
        """Seconds until the first of them may be used; None when none is closed."""
        moment = self._read_moment()
        waits = []
        for _, limits in self._list_closed(moment):
            opening = limits.find_opening(moment)
            waits.append(_count_seconds(moment, opening) if opening else NEVER_SECONDS)
        return min(waits, default=None)

    def _list_closed(self, moment: datetime) -> list[tuple[Place, SiteLimits]]:
        with self._lock:
            places = [
                place
                for place, entry in self._entries.items()
                if entry.gate.limits.is_closed(moment)
            ]
        # The settings may have changed since it was closed.
        found = [(place, self._find_gate(place).limits) for place in places]
        return [(place, limits) for place, limits in found if limits.is_closed(moment)]

    # --- free space ------------------------------------------------------------------

    @contextmanager
    def reserve(
        self, place: Place, size: int, find_free: Callable[[], Optional[int]]
    ) -> Iterator[None]:
        """Bring `size` bytes to a site that shall keep some free space.

        `find_free` gives the free bytes, None where the storage does not tell; it is
        called only when the site has such a limit. Raises `SiteUnhealthyError`.
        """
        (gate,) = self._find_gates([place])
        if not gate.limits.least_free_bytes:
            yield
            return
        free = find_free()
        with self._lock:
            left = None if free is None else free - gate.reserved_bytes - size
            if left is None or left >= gate.limits.least_free_bytes:
                gate.reserved_bytes += size
                left = None
        if left is not None:
            raise _make_full_error(place, free or 0, gate.limits.least_free_bytes)
        try:
            yield
        finally:
            with self._lock:
                gate.reserved_bytes -= size

    # --- the limits of today ---------------------------------------------------------

    def _find_gates(self, places: Sequence[Place]) -> tuple[_Gate, ...]:
        return tuple(self._find_gate(place) for place in places)

    def _find_gate(self, place: Place) -> _Gate:
        now = self._clock.now()
        with self._lock:
            known = self._entries.get(place)
            if known is not None and now - known.looked_at < LOOK_SECONDS:
                return known.gate
        # Without the lock: it may ask the server.
        limits = self._find_limits(place.project_name, place.site_name)
        freed: list[Callable[[], object]] = []
        with self._lock:
            key = (place.site_name, limits)
            gate = self._gates.get(key)
            if gate is None:
                is_own = place.site_name == self._own_site
                most = DEFAULT_OWN_PARALLEL_FILES if is_own else DEFAULT_PARALLEL_FILES
                gate = self._gates[key] = _Gate(limits, now, most)
            self._entries[place] = _Entry(gate, now)
            if known is not None and known.gate is not gate:
                # Whoever waits there goes by the new limits.
                freed.extend(known.gate.waiting)
                known.gate.waiting.clear()
                self._forget_unused()
        for call in freed:
            call()
        return gate

    def _forget_unused(self) -> None:
        used = {id(entry.gate) for entry in self._entries.values()}
        self._gates = {k: g for k, g in self._gates.items() if id(g) in used}


def _count_seconds(moment: datetime, later: datetime) -> float:
    """From one time on the wall to another, between which the clocks may change."""
    seconds = later.timestamp() - moment.timestamp()
    # In an hour that comes twice the later one is taken to be in the first of the two.
    return seconds if seconds > 0 else (later - moment).total_seconds()


def _make_full_error(place: Place, free: int, floor: int) -> SiteUnhealthyError:
    return SiteUnhealthyError(
        place.site_name,
        f"only {free / GIGABYTE:.1f} GB are free, and its settings keep"
        f" {floor / GIGABYTE:.1f} GB; free some space or change"
        f" 'sites > {place.site_name} > limits > free space to keep'",
        STORAGE_FULL,
    )
