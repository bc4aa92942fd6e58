"""How much work an agent asks for: what it does in two seconds, within bounds.

Asking for little and often would make a fast agent wait for the server; asking for much
would keep a slow one's work from others.
"""

from __future__ import annotations

MEASURED_SECONDS = 1.0
RISE_SECONDS = 0.2
"""That it is faster is believed sooner: it would wait for the server until then."""
AHEAD_SECONDS = 2.0
FEWEST_TRANSFERS, MOST_TRANSFERS = 100, 1000
FEWEST_FILES, MOST_FILES = 2000, 10_000
HUNGRY_FILES = 500
"""With fewer files than this under way, work is asked for in any case."""


class Appetite:
    """Counts what was done per second, and says what to ask for."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._transfers = self._files = 0
        self._transfers_per_second = self._files_per_second = 0.0

    def measure(self, now: float, transfers: int, files: int) -> None:
        """`transfers` and `files` are all that were done so far."""
        seconds = now - self._since
        if seconds < RISE_SECONDS:
            return
        transfers_per_second = (transfers - self._transfers) / seconds
        files_per_second = (files - self._files) / seconds
        if seconds < MEASURED_SECONDS:
            if transfers_per_second <= self._transfers_per_second:
                return
            files_per_second = max(files_per_second, self._files_per_second)
        self._transfers_per_second = transfers_per_second
        self._files_per_second = files_per_second
        self._since, self._transfers, self._files = now, transfers, files

    @property
    def hungry_files(self) -> int:
        """With fewer files left, the next work is asked for: that takes a while."""
        return max(HUNGRY_FILES, int(self._files_per_second * AHEAD_SECONDS))

    @property
    def transfers(self) -> int:
        wanted = int(self._transfers_per_second * AHEAD_SECONDS)
        return min(max(wanted, FEWEST_TRANSFERS), MOST_TRANSFERS)

    @property
    def files(self) -> int:
        wanted = int(self._files_per_second * AHEAD_SECONDS)
        return min(max(wanted, FEWEST_FILES), MOST_FILES)
