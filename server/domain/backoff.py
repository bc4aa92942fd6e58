"""When a failed file is tried again."""

from __future__ import annotations

FIRST_DELAY_SECONDS = 15.0
LONGEST_DELAY_SECONDS = 30 * 60.0
JITTER = 0.2


def backoff_seconds(retries: int, chance: float) -> float:
    """Return the wait before the next attempt, in seconds.

    `retries` counts the failures so far (1 after the first). `chance` in [0, 1)
    spreads the wait by 20 % either way, so that files which failed together
    do not come back together.
    """
    doublings = min(max(retries, 1) - 1, 16)
    delay = min(FIRST_DELAY_SECONDS * 2.0**doublings, LONGEST_DELAY_SECONDS)
    return delay * (1.0 + JITTER * (2.0 * chance - 1.0))
