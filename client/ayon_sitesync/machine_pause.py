"""The pause of this machine: stored on the server, obeyed here at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional

from .errors import ServerError
from .server_api.host_client import HostClient

log = logging.getLogger(__name__)


class MachinePause:
    """Follows the server, where others may pause or resume this machine too.

    What its user wants goes first: until it is stored, it is tried with each look.
    `apply` makes the agent pause or go on. Safe from any thread.
    """

    def __init__(
        self, client: HostClient, site_id: str, apply: Callable[[bool], None]
    ) -> None:
        self._client = client
        self._site_id = site_id
        self._apply = apply
        self._lock = threading.Lock()
        self._wanted: Optional[bool] = None
        self._reason_for_all = ""

    @property
    def reason_for_all(self) -> str:
        """Why nothing moves in the whole studio; "" while it is not paused."""
        with self._lock:
            return self._reason_for_all

    def want(self, paused: bool) -> None:
        """The user's order, obeyed now; the next look stores it."""
        with self._lock:
            self._wanted = paused
            self._apply(paused)

    def look(self) -> None:
        """Store what is wanted and follow what the server says; never raises."""
        try:
            self._store()
            pauses = self._client.list_pauses()
        except ServerError as error:
            log.info("Pauses are those known: %s", error)
            return
        is_own = any(self._is_of_this_machine(pause) for pause in pauses)
        with self._lock:
            self._reason_for_all = _describe_pause_of_all(pauses)
            if self._wanted is None:
                self._apply(is_own)

    def _store(self) -> None:
        with self._lock:
            wanted = self._wanted
        if wanted is None:
            return
        self._client.write_pause(
            {"scope": "site", "siteName": self._site_id, "paused": wanted}
        )
        with self._lock:
            # He may have changed his mind meanwhile.
            if self._wanted == wanted:
                self._wanted = None

    def _is_of_this_machine(self, pause: Mapping[str, Any]) -> bool:
        return (
            pause["scope"] == "site"
            and pause["siteName"] == self._site_id
            and not pause["projectName"]
        )


def _describe_pause_of_all(pauses: Iterable[Mapping[str, Any]]) -> str:
    for pause in pauses:
        if pause["scope"] == "all":
            who = f" by {pause['userName']}" if pause.get("userName") else ""
            why = f": {pause['reason']}" if pause.get("reason") else ""
            return f"paused for all{who}{why}"
    return ""
