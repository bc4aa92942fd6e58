"""How long to wait before trying again."""

from __future__ import annotations

from typing import Optional


class Backoff:
    """Delays in seconds, doubling from `first` up to `longest` until a success."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def fail(self, retry_after: Optional[float] = None) -> float:
        """Count a failure; the seconds to wait, at least what the other side asked."""
        delay = min(self._first * 2.0**self._failures, self._longest)
        if delay < self._longest:
            self._failures += 1
        return max(delay, retry_after or 0.0)

    def reset(self) -> None:
        self._failures = 0
