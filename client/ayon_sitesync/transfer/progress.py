"""Bytes moved, counted by many threads and read by one."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

SPEED_SECONDS = 5.0
"""Speed is that of so many last seconds."""


@dataclass(frozen=True)
class ProgressSnapshot:
    """What an agent has done since it started."""

    transfers_done: int
    files_done: int
    files_failed: int
    bytes_moved: int


class Progress:
    """Counters of an agent. Threads add; `snapshot` is consistent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._transfers = self._files = self._failed = self._moved = 0

    def add(
        self, *, transfers: int = 0, files: int = 0, failed: int = 0, moved: int = 0
    ) -> None:
        with self._lock:
            self._transfers += transfers
            self._files += files
            self._failed += failed
            self._moved += moved

    def snapshot(self) -> ProgressSnapshot:
        with self._lock:
            return ProgressSnapshot(
                self._transfers, self._files, self._failed, self._moved
            )


class Speedometer:
    """Bytes per second of the last few seconds."""

    def __init__(self, now: float) -> None:
        self._samples = deque([(now, 0)])

    def measure(self, now: float, bytes_moved: int) -> float:
        """`bytes_moved` are all so far; the speed at this time."""
        self._samples.append((now, bytes_moved))
        while len(self._samples) > 2 and now - self._samples[1][0] >= SPEED_SECONDS:  # noqa: PLR2004 - one interval is needed
            self._samples.popleft()
        since, before = self._samples[0]
        return (bytes_moved - before) / (now - since) if now > since else 0.0
