"""An agent's right to one transfer, by the agent's own clock."""

from __future__ import annotations

CHECK_SECONDS = 2.0
"""How soon a file under way hears that somebody has paused or cancelled it."""


class Lease:
    """Held until told otherwise; to be renewed in good time.

    The server's word decides: a lease that ran out here while the server did not answer
    is only known to be lost once it says so, and late results do no harm.
    """

    def __init__(self, token: str, seconds: float, now: float) -> None:
        self.token = token
        self._seconds = seconds
        self._renewed_at = now

    def extend(self, now: float) -> None:
        """The server confirmed it just now."""
        self._renewed_at = now

    @property
    def check_at(self) -> float:
        """When to ask whether it still holds, while files are under way."""
        return self._renewed_at + CHECK_SECONDS

    @property
    def renew_at(self) -> float:
        """When to renew it: after a third, so that two lost requests do not end it."""
        return self._renewed_at + self._seconds / 3
