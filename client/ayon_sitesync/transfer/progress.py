"""Bytes moved, counted by many threads and read by one."""

from __future__ import annotations

import threading
from dataclasses import dataclass


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
        self._snapshot = ProgressSnapshot(0, 0, 0, 0)

    def add(
        self, *, transfers: int = 0, files: int = 0, failed: int = 0, moved: int = 0
    ) -> None:
        with self._lock:
            now = self._snapshot
            self._snapshot = ProgressSnapshot(
                now.transfers_done + transfers,
                now.files_done + files,
                now.files_failed + failed,
                now.bytes_moved + moved,
            )

    def snapshot(self) -> ProgressSnapshot:
        with self._lock:
            return self._snapshot
