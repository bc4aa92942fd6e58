"""What an agent does beside transfers: it deletes removed files and scans its site.

One thread, which lives while there is something to do. A long scan makes way for
removals.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Callable, Optional

from ..errors import (
    ServerError,
    SiteUnhealthyError,
    TransferCancelledError,
    TransferError,
    describe_origin,
)
from ..work import Claim, ScanOrder
from .ports import Clock, Emit, Server, Sites
from .removal import Removals
from .scan import ScanResult, scan_site

log = logging.getLogger(__name__)

STOP_SECONDS = 20.0
"""How long a stop waits for the file at hand."""


class Chores:
    """Removals and scans of one agent; its methods are for the agent's thread."""

    def __init__(
        self,
        agent_id: str,
        server: Server,
        sites: Sites,
        clock: Clock,
        emit: Emit,
        on_idle: Callable[[], None],
    ) -> None:
        """`on_idle` is called when nothing is left: there may be more."""
        self._server = server
        self._sites = sites
        self._emit = emit
        self._on_idle = on_idle
        self._removals = Removals(agent_id, server, sites, clock, emit)
        self._scans: deque[ScanOrder] = deque()
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    @property
    def room(self) -> int:
        """How many removals the next claim may give."""
        return self._removals.room

    @property
    def is_idle(self) -> bool:
        return self._thread is None

    def accept(self, claim: Claim) -> None:
        """Begin with what a claim gave."""
        if not claim.removals and not claim.scans:
            return
        self._removals.accept(claim.removals)
        with self._lock:
            self._scans.extend(claim.scans)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="chores", daemon=True
                )
                self._thread.start()

    def take_faults(self) -> list[tuple[str, SiteUnhealthyError]]:
        """Projects and what is wrong with a site there, since the last call."""
        return self._removals.take_faults()

    def stop(self) -> None:
        """End with the file at hand and give everything back."""
        self._removals.stop.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(STOP_SECONDS)
        self._removals.give_back()
        self._scans.clear()
        self._removals.stop.clear()

    def _run(self) -> None:
        try:
            while True:
                self._removals.work()
                with self._lock:
                    is_over = self._removals.stop.is_set() or (
                        self._removals.is_idle and not self._scans
                    )
                    if is_over:
                        self._thread = None
                        break
                    scan = self._scans.popleft() if self._scans else None
                if scan is not None:
                    self._scan(scan)
        except Exception as error:  # a fault of ours must not end the agent
            told = describe_origin(error)
            log.error(
                "Removals and scans were stopped by an unexpected error: %s", told
            )
            with self._lock:
                self._thread = None
        self._on_idle()

    def _scan(self, order: ScanOrder) -> None:
        message = None
        result = ScanResult()
        try:
            provider = self._sites.open_site(order.project_name, order.site_name)
            result = scan_site(
                *(self._server, provider, order.project_name, order.site_name),
                verify=False,
                requeue=False,
                report=self._make_way,
            )
        except TransferCancelledError:
            return
        except (TransferError, ServerError) as error:
            message = str(error)
        counts = (result.found, result.missing, result.different)
        try:
            self._server.finish_scan(order, counts, message)
        except ServerError as error:
            message = f"A scan could not be told: {error}"
        if message is not None:
            about = {"siteName": order.site_name, "message": message}
            self._emit("problem", about)
        found, missing, different = counts
        self._emit(
            "scan",
            {
                "projectName": order.project_name,
                "siteName": order.site_name,
                "found": found,
                "missing": missing,
                "different": different,
            },
        )

    def _make_way(self, result: ScanResult) -> None:
        """Between two parts of a scan: removals, and the end when it is time."""
        self._removals.work()
        if self._removals.stop.is_set():
            raise TransferCancelledError("the scan")
