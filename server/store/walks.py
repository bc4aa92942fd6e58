"""Where a look at the queue begins: what nobody can take is not looked at each time.

A row in front of the queue may wait long: for a source, or because its folder is
inactive or may not be read. A claim looks at pieces of 500 rows, up to a bound, and a
piece without a row to give is passed over by the next claims of its kind for a while.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

PIECES_AT_ONCE = 20
"""A claim looks at no more pieces of one queue; the next one goes on behind them."""
LEAST_SECONDS, SECONDS_A_PIECE, MOST_SECONDS = 3.0, 0.1, 30.0
"""How long pieces are passed over: the more there are, the longer."""
MOST_ROUTES = 1000

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


START = Position()


@dataclass(frozen=True)
class _Passed:
    """What is passed over: up to where, and since when (None: the end is not found)."""

    position: Position
    pieces: int
    since: float | None

    def is_valid(self) -> bool:
        if self.since is None:
            return True
        seconds = min(LEAST_SECONDS + self.pieces * SECONDS_A_PIECE, MOST_SECONDS)
        return time.monotonic() - self.since < seconds


class Walks:
    """How far the queue of each route was seen to have nothing to give.

    Each process knows its own, in memory: it is a hint, and passes.
    """

    def __init__(self) -> None:
        self._passed: dict[RouteKey, _Passed] = {}

    def start(self, key: RouteKey) -> Position:
        """Return the row after which to look."""
        passed = self._passed.get(key)
        return passed.position if passed is not None and passed.is_valid() else START

    def is_unfinished(self, key: RouteKey) -> bool:
        """Tell whether nobody has looked yet behind what is passed over."""
        return key in self._passed and self._passed[key].since is None

    def pass_over(
        self, key: RouteKey, end: Position, pieces: int, *, is_finished: bool
    ) -> None:
        """Let the next looks begin after `end`, `pieces` behind where this one did."""
        before = self._passed.pop(key, None)
        if before is not None and not before.is_valid():
            before = None
        since = None
        if is_finished:
            # Counts from the first look, so that the front is looked at again.
            since = time.monotonic()
            if before is not None and before.since is not None:
                since = before.since
        while len(self._passed) >= MOST_ROUTES:
            del self._passed[next(iter(self._passed))]
        count = pieces + (0 if before is None else before.pieces)
        self._passed[key] = _Passed(end, count, since)
