"""The live channel: hints from the server that there may be work."""

from __future__ import annotations

import logging
from typing import Any, Callable, Optional

from ..errors import ServerError
from .client import ServerClient
from .long_poll import LongPoll

log = logging.getLogger(__name__)

TOPICS = ("sitesync.state", "sitesync.pauses", "connection.opened")


class LiveChannel:
    """Calls `on_event`, from a thread of its own, when something about sites changed.

    Uses the event hub of ayon_api. Where that does not connect, because a proxy lets
    no websocket pass, or is missing in an older version, the server is asked what
    happened by requests that wait, until the hub does connect.
    """

    def __init__(self, client: ServerClient, on_event: Callable[[], None]) -> None:
        self._client = client
        self._on_event = on_event
        self._connection: Any = None
        self._hub: Any = None
        self._projects: set[str] = set()
        self._poll: Optional[LongPoll] = None

    def is_up(self) -> bool:
        """Whether events arrive now. Starts listening on the client's connection."""
        try:
            connection = self._client.connect()
            if connection is not self._connection:
                # A new login: the hub of the old one holds a token that is over.
                self.stop()
                self._projects = set(self._client.list_projects())
                self._connection = connection
                self._listen(connection)
        except ServerError as error:
            log.debug("No live channel: %s", error)
            return False
        if self._has_websocket():
            self._stop_poll()
            return True
        if self._poll is None:
            self._poll = LongPoll(
                self._client, self._on_event, lambda: not self._has_websocket()
            )
        return self._poll.is_up()

    def _has_websocket(self) -> bool:
        hub = self._hub
        return hub is not None and bool(hub.is_connected())

    def note_projects(self, names: set[str]) -> None:
        """Work of these projects was given.

        A connection gets the events of the projects that its user could read when it
        was made; with a new one among them it is made anew.
        """
        new = names - self._projects
        if self._hub is not None and new:
            self._projects |= new
            self._hub.reconnect()

    def _listen(self, connection: Any) -> None:
        get_hub = getattr(connection, "get_event_hub", None)
        if get_hub is None:
            return
        self._hub = get_hub()
        for topic in TOPICS:
            # Kept weakly by the hub, hence a method of an object that lives.
            self._hub.add_callback(topic, self._receive)

    def _receive(self, event: Any) -> None:
        self._on_event()

    def _stop_poll(self) -> None:
        if self._poll is not None:
            self._poll.stop()
            self._poll = None

    def stop(self) -> None:
        self._stop_poll()
        if self._hub is not None:
            self._hub.stop()
            self._hub = None
            self._connection.close_websocket()
