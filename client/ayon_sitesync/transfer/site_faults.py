"""Sites that cannot be used for now, why, and when to look at them again."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SiteUnhealthyError
from ..work import Transfer
from .backoff import Backoff
from .ports import Clock, Emit

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 300.0
FORGET_SECONDS = 2 * LONGEST_SECONDS


@dataclass
class _Fault:
    """`reason` empty = the site works again; the delays are remembered for a while."""

    reason: str
    backoff: Backoff
    noted_at: float
    retry_at: float


class SiteFaults:
    """Faults by site. A site is tried again after a delay that doubles.

    The delays go on growing when a site works for some files and not for others, as a
    nearly full disk does.
    """

    def __init__(self, clock: Clock, emit: Emit) -> None:
        self._clock = clock
        self._emit = emit
        self._faults: dict[str, _Fault] = {}

    def note(self, error: SiteUnhealthyError) -> None:
        """A transfer met this fault. Told when new; counted once per delay."""
        now = self._clock.now()
        fault = self._faults.get(error.site_name)
        if fault is None:
            fault = _Fault("", Backoff(FIRST_SECONDS, LONGEST_SECONDS), now, now)
            self._faults[error.site_name] = fault
        if fault.reason != error.reason:
            fault.reason = error.reason
            self._emit(
                "problem", {"siteName": error.site_name, "message": error.reason}
            )
        if now - fault.noted_at > FORGET_SECONDS:
            fault.backoff.reset()
        if fault.retry_at <= now:
            fault.noted_at = now
            fault.retry_at = now + fault.backoff.fail()

    def clear(self, site_name: str, started_at: float) -> None:
        """A transfer that started at `started_at` worked with this site.

        One that was under way when the fault was met says nothing about it.
        """
        fault = self._faults.get(site_name)
        if fault is not None and fault.reason and started_at > fault.noted_at:
            fault.reason = ""
            fault.retry_at = 0.0
            self._emit("recovered", {"siteName": site_name})

    def retry_at(self, site_name: str) -> float:
        """When the site may be tried again; 0 for a site without a fault."""
        fault = self._faults.get(site_name)
        return fault.retry_at if fault is not None else 0.0

    def retry_at_for(self, transfer: Transfer) -> float:
        """When both sites of a transfer may be tried again."""
        return max(
            self.retry_at(transfer.source_site), self.retry_at(transfer.key.site_name)
        )

    def is_blocked(self, transfer: Transfer) -> bool:
        return self.retry_at_for(transfer) > self._clock.now()

    def describe(self) -> str:
        """All faults in one sentence; empty without any."""
        return "; ".join(
            f"site '{name}': {fault.reason}"
            for name, fault in sorted(self._faults.items())
            if fault.reason
        )
