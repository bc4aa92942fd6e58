"""Events without a websocket: asks the server again and again what happened."""

from __future__ import annotations

import logging
import threading
from typing import Callable, Optional

from ..errors import ServerError
from .client import ServerClient

log = logging.getLogger(__name__)

WAIT_SECONDS = 25
RETRY_SECONDS = 15.0
GRACE_SECONDS = 3.0
"""A websocket that connects within this time spares another login."""
NEWS_SECONDS = 1.0
"""Shortest time between two questions: while files move, events come all the time."""


class LongPoll:
    """Calls `on_event`, from a thread of its own, when something happened.

    On a connection of its own: a request of it takes as long as nothing happens.
    """

    def __init__(
        self,
        client: ServerClient,
        on_event: Callable[[], None],
        is_needed: Callable[[], bool],
    ) -> None:
        """Nothing is asked while it is not needed."""
        self._is_needed = is_needed
        self._client = client.make_another()
        self._on_event = on_event
        self._stop = threading.Event()
        self._cursor: Optional[str] = None
        self._is_up = False
        threading.Thread(target=self._run, name="sitesync-wait", daemon=True).start()

    def is_up(self) -> bool:
        """Whether the last question was answered."""
        return self._is_up

    def stop(self) -> None:
        """Ask nothing more. A question that waits is left to end by itself."""
        self._stop.set()

    def _run(self) -> None:
        self._stop.wait(GRACE_SECONDS)
        while not self._stop.is_set():
            if not self._is_needed():
                self._is_up = False
                self._cursor = None
                self._stop.wait(RETRY_SECONDS)
                continue
            try:
                answer = self._client.wait_for_events(self._cursor, WAIT_SECONDS)
            except ServerError as error:
                log.debug("No events by waiting: %s", error)
                self._is_up = False
                self._cursor = None
                self._stop.wait(RETRY_SECONDS)
                continue
            # What happened before the first answer is not known.
            is_news = self._cursor is None or answer.has_events
            self._cursor = answer.cursor
            self._is_up = True
            if is_news and not self._stop.is_set():
                self._on_event()
                self._stop.wait(NEWS_SECONDS)
        self._client.close()
