"""Where a look at the queue begins: what nobody can take is not looked at each time.

A row in front of the queue may wait long: for a source, or because its folder is
inactive or may not be read. A claim looks at pieces of 500 rows, up to a bound, and
what is in front of the first row to give is passed over by the next claims of its kind
for a while, if it is much.
What is written meanwhile in front of where they begin is looked at all the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

PIECES_AT_ONCE = 20
"""A claim looks at no more pieces of one queue; the next one goes on behind them."""
LEAST_SECONDS, SECONDS_A_PIECE, MOST_SECONDS = 3.0, 0.1, 30.0
"""How long pieces are passed over: the more there are, the longer."""
FEW_ROWS = 100
"""So many rows in front of the first to give are looked at by each claim."""
MOST_ROUTES = 1000
SETTLE_SECONDS = 10.0
"""A row is written that long before others see it, at most: transactions are short."""

RouteKey = tuple[str, str, tuple[str, ...], tuple[str, ...] | None]


@dataclass(frozen=True)
class Position:
    """A row of a queue, in its order: priority downwards, due time (epoch), id."""

    priority: int = 2**31 - 1
    due_at: float = float("-inf")
    representation_id: str = "0" * 32

    @property
    def values(self) -> tuple[int, float, str]:
        return self.priority, self.due_at, self.representation_id

    @property
    def before(self) -> Position:
        """The place right in front of this row, whatever stands there."""
        number = max(int(self.representation_id, 16) - 1, 0)
        return replace(self, representation_id=f"{number:032x}")


START = Position()


@dataclass(frozen=True)
class _Passed:
    """What is passed over: up to where, and since when (None: the end is not found).

    `looked_at`: when the first look at it began, by the project's clock.
    """

    position: Position
    pieces: int
    since: float | None
    looked_at: float

    @property
    def seconds_left(self) -> float | None:
        """For how long it is passed over; None until the end is found."""
        if self.since is None:
            return None
        seconds = min(LEAST_SECONDS + self.pieces * SECONDS_A_PIECE, MOST_SECONDS)
        return seconds - (time.monotonic() - self.since)

    @property
    def is_valid(self) -> bool:
        return self.seconds_left is None or self.seconds_left > 0


class Walks:
    """How far the queue of each route was seen to have nothing to give.

    Each process knows its own, in memory: it is a hint, and passes.
    """

    def __init__(self) -> None:
        self._passed: dict[RouteKey, _Passed] = {}

    def start(self, key: RouteKey) -> Position:
        """Return the row after which to look."""
        passed = self._find(key)
        return START if passed is None else passed.position

    def fresh_since(self, key: RouteKey) -> float | None:
        """Return since when rows in front of the start may have been written.

        By the project's clock; None where nothing is passed over.
        """
        passed = self._find(key)
        return None if passed is None else passed.looked_at - SETTLE_SECONDS

    def seconds_left(self, key: RouteKey) -> float | None:
        """Return in how many seconds what is passed over is worth a look again.

        0 where nobody has looked yet behind it; None where nothing is passed over.
        """
        passed = self._find(key)
        return None if passed is None else passed.seconds_left or 0.0

    def pass_over(
        self,
        key: RouteKey,
        end: Position,
        pieces: int,
        looked_at: float,
        *,
        is_finished: bool,
    ) -> None:
        """Let the next looks begin after `end`, `pieces` behind where this one did."""
        before = self._find(key)
        since = time.monotonic() if is_finished else None
        if before is not None:
            # Counts from the first look, so that the front is looked at again.
            pieces, looked_at = pieces + before.pieces, before.looked_at
            if is_finished and before.since is not None:
                since = before.since
        self._passed.pop(key, None)
        while len(self._passed) >= MOST_ROUTES:
            del self._passed[next(iter(self._passed))]
        self._passed[key] = _Passed(end, pieces, since, looked_at)

    def _find(self, key: RouteKey) -> _Passed | None:
        passed = self._passed.get(key)
        return passed if passed is not None and passed.is_valid else None
