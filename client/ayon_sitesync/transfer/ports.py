"""What the transfer engine needs from outside, as protocols.

The command line and the addon hand in the real ones, tests their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Callable, Optional, Protocol

from ..providers.base import Provider
from ..site_limits import SiteLimits
from ..work import (
    Claim,
    ClaimRequest,
    Health,
    LeaseKey,
    RemovalAnswer,
    RemovalReport,
    ReportAnswer,
    ScanOrder,
    TransferReport,
)
from .scan import ScanServer

Emit = Callable[[str, "dict[str, Any]"], None]
"""Takes the name of an event of the agent and what belongs to it (JSON values)."""


class Server(ScanServer, Protocol):
    """The queue. Every method may raise the `ServerError` classes."""

    def claim(self, request: ClaimRequest) -> Claim: ...

    def report(
        self,
        agent_id: str,
        reports: Sequence[TransferReport],
        claim: Optional[ClaimRequest],
        health: Optional[Health] = None,
    ) -> ReportAnswer: ...

    def release(
        self, agent_id: str, leases: Sequence[LeaseKey], *, stopping: bool
    ) -> int:
        """Give leases back. With `stopping` the agent ends: its site is free."""

    def report_removals(
        self, agent_id: str, reports: Sequence[RemovalReport]
    ) -> list[RemovalAnswer]: ...

    def finish_scan(
        self, order: ScanOrder, counts: tuple[int, int, int], message: Optional[str]
    ) -> None:
        """Tell files found, missing and different; `message` why it was not done."""


class Sites(Protocol):
    """The storage of sites; called from several threads."""

    def open_site(self, project_name: str, site_name: str) -> Provider:
        """Raises `SiteUnhealthyError` when this machine has no way to the site."""

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        """How much may be done at a site, by the settings as they are now.

        Does not raise and, once a project is known, does not wait for the server.
        """

    def find_known_roots(self) -> dict[str, dict[str, str]]:
        """Roots of the own site in the projects that are known so far."""

    def find_idle_seconds(self) -> float:
        """The longest wait between two looks for work, live channel considered."""

    def note_projects(self, names: set[str]) -> None:
        """Work of these projects was given."""


class Clock(Protocol):
    """Time that never goes back, and waiting."""

    def now(self) -> float: ...

    def wall_time(self) -> float:
        """Seconds since the epoch, as this machine's calendar has them."""

    def sleep(self, stop: threading.Event, seconds: float) -> None:
        """Until `stop` is set (it stays set) or `seconds` have passed."""

    def wait(self, signal: threading.Event, seconds: float) -> None:
        """Until `signal` is set (it is cleared) or `seconds` have passed."""


class MonotonicClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.monotonic()

    def wall_time(self) -> float:
        return time.time()

    def sleep(self, stop: threading.Event, seconds: float) -> None:
        stop.wait(seconds)

    def wait(self, signal: threading.Event, seconds: float) -> None:
        signal.wait(max(0.0, seconds))
        signal.clear()
