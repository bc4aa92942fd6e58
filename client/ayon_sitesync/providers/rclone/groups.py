"""Calls whose bytes rclone counts together: they are watched, and may be stopped.

A call is answered when its work has ended, so nobody waits longer than that; how many
bytes have moved is asked for beside it.
"""

from __future__ import annotations

import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitTimeoutError
from contextlib import suppress
from types import TracebackType
from typing import Any, Callable, Optional

from .daemon import Session
from .errors import DaemonLostError, RcError

LOOK_SECONDS = 0.25
STALL_SECONDS = 600.0
"""A transfer of which no byte moves for so long has stalled."""
SLOW_SECONDS = 3600.0
"""The same for calls that do not tell: moves that the storage does by copying."""
SLOWEST_BYTES_PER_SECOND = 10_000
"""A transfer that goes on has the time above, and this for all of its bytes."""


class Group:
    """One group of statistics in a session. A context manager: forgotten at its end."""

    def __init__(self, session: Session) -> None:
        self.name = f"sitesync-{uuid.uuid4().hex}"
        self._session = session

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        # What ended the work is told, not what goes wrong in cleaning up.
        with suppress(RcError, DaemonLostError):
            self._session.call("core/stats-delete", {"group": self.name})

    def read_stats(self) -> dict[str, Any]:
        return self._session.call("core/stats", {"group": self.name})

    def watch(
        self,
        command: str,
        call: dict[str, Any],
        tick: Callable[[int], None],
        size: int = 0,
    ) -> dict[str, Any]:
        """The answer to a call of this group that moves bytes; `size` if it is many.

        `tick` gets all bytes so far from time to time; what it raises stops the call.
        Raises `RcError`, and `DaemonLostError` also when no byte moves any more.
        """
        patience = SLOW_SECONDS + size / SLOWEST_BYTES_PER_SECOND
        with ThreadPoolExecutor(1) as pool:
            answer: Future[dict[str, Any]] = pool.submit(
                self._session.call, command, {**call, "_group": self.name}, patience
            )
            done, moved_at = 0, time.monotonic()
            try:
                while True:
                    with suppress(WaitTimeoutError):
                        return answer.result(LOOK_SECONDS)
                    moved = int(self.read_stats().get("bytes") or 0)
                    tick(moved)
                    if moved > done:
                        done, moved_at = moved, time.monotonic()
                    elif time.monotonic() - moved_at > STALL_SECONDS:
                        raise DaemonLostError(
                            "no byte has moved for"
                            f" {STALL_SECONDS / 60:.0f} minutes; the storage may have"
                            " stalled"
                        )
            finally:
                if not answer.done():
                    with suppress(RcError, DaemonLostError):
                        self._session.call("job/stopgroup", {"group": self.name})
