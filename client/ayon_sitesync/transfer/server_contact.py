"""How an agent bears a server that does not answer or refuses."""

from __future__ import annotations

from typing import Optional

from ..errors import (
    LoginRefusedError,
    RequestRefusedError,
    ServerError,
    SiteIdInUseError,
)
from .backoff import Backoff
from .ports import Clock, Emit

ONCE_PATIENCE_SECONDS = 60.0
"""How long a run that shall end waits for an unreachable server."""


class ServerContact:
    """Counts failures, tells each trouble once, and says how long to wait."""

    def __init__(self, clock: Clock, emit: Emit, *, once: bool) -> None:
        self._clock = clock
        self._emit = emit
        self._once = once
        self._backoff = Backoff(1.0, 30.0)
        self._had_contact = False
        self._since: Optional[float] = None
        self._trouble = ""

    @property
    def is_fine(self) -> bool:
        """The last request was answered."""
        return self._had_contact and self._since is None

    def succeed(self) -> None:
        """The server answered."""
        self._had_contact = True
        self._backoff.reset()
        if self._since is not None:
            self._since = None
            self._trouble = ""
            self._emit("recovered", {"message": "The server answers again."})

    def fail(self, error: ServerError) -> float:
        """Seconds until the next try. Raises `error` when its owner has to see to it.

        That is a refusal at the first contact, and with `once` any refusal or a minute
        without an answer. A site id in use elsewhere may be free again soon.
        """
        now = self._clock.now()
        is_refused = isinstance(error, (LoginRefusedError, RequestRefusedError))
        is_first = not self._had_contact and not isinstance(error, SiteIdInUseError)
        if is_refused and (is_first or self._once):
            raise error
        if self._since is None:
            self._since = now
        elif self._once and now - self._since > ONCE_PATIENCE_SECONDS:
            raise error
        delay = self._backoff.fail()
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._emit("problem", {"message": str(error), "retryInSeconds": delay})
        return delay
