"""The agent: claims transfers, runs them on threads, reports once a second.

One thread talks to the server (`run`); workers move files. A report carries what became
of files, renews leases and, when work runs low, asks for the next. Nothing but its
owner ends the agent: an unreachable server or an unusable site is told, waited for
with growing delays, and costs no file an attempt.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Executor
from dataclasses import replace
from typing import Optional

from ..errors import (
    RequestRefusedError,
    ServerError,
    ServerUnreachableError,
    SiteClosedError,
    SiteIdInUseError,
    describe_origin,
)
from ..work import (
    Claim,
    ClaimRequest,
    Health,
    LeaseKey,
    TransferAnswer,
    TransferReport,
    UnusableSite,
)
from .agent_config import AgentConfig, AgentSummary
from .appetite import Appetite
from .chores import Chores
from .ends import Surroundings
from .ports import Clock, Emit, Server, Sites
from .progress import Progress, Speedometer
from .runner import TransferRun, describe_outcome
from .server_contact import ServerContact
from .site_faults import MOST_UNUSABLE, SiteFaults
from .traffic import Traffic
from .workload import MOST_TOLD, Workload

log = logging.getLogger(__name__)

REPORT_SECONDS = 1.0
"""Shortest time between two reports while files move."""
REQUEST_SECONDS = 0.1
"""Shortest time between two requests whatever happens."""
BUSY_SECONDS = 0.5
"""The same while files are under way: what is wanted sooner waits for that."""
WAKE_SECONDS = 1.0
"""Shortest time between two looks for work that events caused."""
HTTP_BAD_REQUEST = 400
PAUSED = "paused"
STOPPED_STATES = (PAUSED, "cancelled")
"""Answers to a report: somebody ordered that the transfer stops."""
HUNGRY_BYTES = 1_000_000_000
"""With less than this under way, the next work is asked for."""


class Agent:
    """One process that performs transfers. `run` blocks; the other methods are safe
    to call from other threads and from signal handlers."""

    def __init__(
        self,
        config: AgentConfig,
        server: Server,
        sites: Sites,
        pool: Executor,
        clock: Clock,
        emit: Emit,
    ) -> None:
        self._config = config
        self._server = server
        self._sites = sites
        self._clock = clock
        self._emit = emit
        self._signal = threading.Event()
        self._stop = threading.Event()
        self._paused = threading.Event()
        self._woken = threading.Event()
        self._progress = Progress()
        self._faults = SiteFaults(clock, emit)
        self._contact = ServerContact(clock, emit, once=config.once)
        self._is_idle = False
        self._done = False
        self._unfinished = ""
        start = self._clock.now()
        self._appetite = Appetite(start)
        self._speed = Speedometer(start)
        self._traffic = Traffic(sites.find_limits, clock, config.identity.site_name)
        shared = Surroundings(sites, self._traffic, self._progress, config.journal)
        self._work = Workload(shared, pool)
        self._chores = Chores(
            *(config.identity.id, server, sites, clock, emit), on_idle=self.wake
        )
        self._request_at = self._report_at = self._claim_at = start
        self._last_request = self._last_claim = start - WAKE_SECONDS

    # --- what its owner may do -------------------------------------------------------

    def request_stop(self) -> None:
        """End soon: files under way are given back."""
        self._stop.set()
        self._signal.set()

    def pause(self) -> None:
        """Give everything back and take nothing until `resume`."""
        self._paused.set()
        self._signal.set()

    def resume(self) -> None:
        self._paused.clear()
        self.wake()

    def wake(self) -> None:
        """There may be work: look soon."""
        self._woken.set()
        self._signal.set()

    # --- the loop --------------------------------------------------------------------

    def run(self) -> AgentSummary:
        """Work until stopped, or with `once` until nothing is pending.

        Raises `LoginRefusedError` or `RequestRefusedError` when the first contact is
        refused, and with `once` `ServerUnreachableError` after a minute without one.
        """
        identity = self._config.identity
        self._emit("started", {"agentId": identity.id, "siteName": identity.site_name})
        try:
            while not self._stop.is_set():
                delay = self._step_safely()
                if self._done:
                    break
                self._clock.wait(self._signal, delay)
        finally:
            self._give_back_all(stopping=True)
        summary = AgentSummary(
            self._progress.snapshot(), self._work.failed_files, self._unfinished
        )
        self._emit("stopped", self._describe_progress())
        return summary

    def _step_safely(self) -> float:
        """`step`, with a fault of ours told and waited for like one of others."""
        try:
            return self.step()
        except ServerError:
            raise
        except Exception as error:
            if self._config.once:
                raise
            told = describe_origin(error)
            log.error("The agent goes on after an unexpected error: %s", told)
            problem = f"Unexpected {type(error).__name__}; the log says where"
            self._emit("problem", {"message": problem})
            return REPORT_SECONDS

    def step(self) -> float:
        """Talk to the server if it is time; the seconds until the next step."""
        if self._paused.is_set():
            self._give_back_all(stopping=False)
            return REPORT_SECONDS
        now = self._clock.now()
        self._take_wake(now)
        if now >= self._request_at:
            try:
                self._exchange(now)
            except ServerError as error:
                self._handle_server_error(error)
        return max(0.0, self._find_next_step() - self._clock.now())

    def _take_wake(self, now: float) -> None:
        if self._woken.is_set():
            self._woken.clear()
            self._claim_at = min(
                self._claim_at, max(now, self._last_claim + WAKE_SECONDS)
            )

    def _find_next_step(self) -> float:
        if not self._work:
            wanted = self._claim_at
        elif self._work.is_drained:
            wanted = self._last_request + REQUEST_SECONDS
        else:
            wanted = self._report_at
            if self._is_hungry():
                wanted = min(wanted, self._claim_at)
            wanted = max(wanted, self._last_request + BUSY_SECONDS)
        return max(wanted, self._request_at)

    def _exchange(self, now: float) -> None:
        """One request: reports that are due, with a claim when work runs low."""
        for project_name, fault in self._work.list_faults():
            if not isinstance(fault, SiteClosedError):
                self._faults.note(project_name, fault)
        for project_name, fault in self._chores.take_faults():
            self._faults.note(project_name, fault)
        done = self._progress.snapshot()
        transfers_done = done.transfers_done + self._work.ended
        self._appetite.measure(now, transfers_done, done.files_done)
        is_drained = self._work.is_drained
        if not is_drained and now < self._last_request + BUSY_SECONDS:
            return
        if self._work and is_drained:
            # The last report asks for the next work.
            self._claim_at = now
        claim = self._make_claim(now)
        # What asks for work tells all that there is: one request instead of two.
        is_early = is_drained or claim is not None
        reports = self._take_reports(now) if is_early or now >= self._report_at else []
        if not reports and claim is None:
            return
        self._last_request = now
        refusal = None
        if reports:
            refusal = self._send_reports(reports, claim)
        elif claim is not None:
            self._accept(
                self._server.claim(replace(claim, health=self._describe_health()))
            )
        if refusal is None:
            self._contact.succeed()
        else:
            self._claim_at = now + self._contact.fail(refusal)
        self._request_at = max(self._request_at, now + REQUEST_SECONDS)

    # --- reports ---------------------------------------------------------------------

    def _take_reports(self, now: float) -> list[TransferReport]:
        self._report_at = now + REPORT_SECONDS
        reports = self._work.take_reports(now)
        if len(reports) > MOST_TOLD:
            self._report_at = now
        return reports[:MOST_TOLD]

    def _send_reports(
        self, reports: list[TransferReport], claim: Optional[ClaimRequest]
    ) -> Optional[RequestRefusedError]:
        """Report; why there is no next work although the results were taken."""
        identity = self._config.identity
        try:
            answer = self._server.report(
                identity.id, reports, claim, self._describe_health()
            )
        except ServerUnreachableError:
            for report in reports:
                self._work[report.key].send_failed = True
            raise
        except RequestRefusedError as error:
            if error.status != HTTP_BAD_REQUEST:
                raise
            # The claim may be what is refused: it comes again, alone.
            is_alone = len(reports) == 1 and claim is None
            self._isolate_refused(reports, error, is_alone=is_alone)
            return None
        by_key = {report.key: report for report in reports}
        for item in answer.transfers:
            if item.key in by_key:
                self._take_answer(item, by_key[item.key])
        self._emit("progress", self._describe_progress())
        if answer.claimed is not None:
            self._accept(answer.claimed)
        return answer.refusal

    def _isolate_refused(
        self,
        reports: list[TransferReport],
        error: RequestRefusedError,
        *,
        is_alone: bool,
    ) -> None:
        """One bad report refuses all of its request: send each alone, and give back
        the transfer whose report is refused."""
        self._claim_at = self._clock.now() + REPORT_SECONDS
        if not is_alone:
            for report in reports:
                self._send_reports([report], None)
            return
        run = self._work[reports[0].key]
        self._work.withdraw(run)
        message = f"its report is refused: {error}"
        self._emit("problem", {"label": run.transfer.label, "message": message})
        self._release([run.lease_key], stopping=False)

    def _take_answer(self, answer: TransferAnswer, report: TransferReport) -> None:
        run = self._work[answer.key]
        for reason in answer.rejected:
            self._emit("problem", {"label": run.transfer.label, "message": reason})
        if answer.state in STOPPED_STATES:
            self._work.withdraw(run, goes_on=answer.state == PAUSED)
            about = {"label": run.transfer.label, "state": answer.state}
            self._emit("withdrawn", about)
            return
        is_known_end = run.send_failed and report.finished
        if answer.state == "lost" and not is_known_end:
            self._work.withdraw(run)
            self.wake()
            message = "its lease is lost; another agent may do it"
            self._emit("problem", {"label": run.transfer.label, "message": message})
            return
        run.confirm(report)
        run.lease.extend(self._clock.now())
        run.send_failed = False
        if report.finished:
            self._finish(run)

    def _finish(self, run: TransferRun) -> None:
        self._work.finish(run)
        if run.fault is None:
            key = run.transfer.key
            for site_name in (run.transfer.source_site, key.site_name):
                place = UnusableSite(key.project_name, site_name)
                self._faults.clear(place, run.started_at)
            self._progress.add(transfers=1)
            self._emit("transfer", describe_outcome(run))

    # --- claims ----------------------------------------------------------------------

    def _make_claim(self, now: float) -> Optional[ClaimRequest]:
        if now < self._claim_at or not self._is_hungry():
            return None
        self._last_claim = now
        exclude = (*self._faults.list_unusable(), *self._traffic.list_closed())
        return self._config.make_claim(
            self._appetite,
            exclude[:MOST_UNUSABLE],
            self._sites.find_known_roots(),
            self._chores.room,
        )

    def _is_hungry(self) -> bool:
        hungry_files = self._appetite.hungry_files
        return (
            self._work.files_left < hungry_files
            and self._work.bytes_left < HUNGRY_BYTES
        )

    def _accept(self, claim: Claim) -> None:
        now = self._clock.now()
        if claim.transfers:
            self._work.start(
                claim.transfers, claim.lease_seconds, now, self._signal.set
            )
            self._is_idle = False
            self._sites.note_projects({t.key.project_name for t in claim.transfers})
        self._chores.accept(claim)
        has_more = claim.transfers and claim.pending
        self._claim_at = now if has_more else self._find_next_look(claim, now)
        if not self._work and self._chores.is_idle:
            self._become_idle(claim)

    def _find_next_look(self, claim: Claim, now: float) -> float:
        """When there may be work again that no event tells of."""
        looks = [now + self._sites.find_idle_seconds()]
        if claim.next_due_in_seconds is not None:
            looks.append(now + max(claim.next_due_in_seconds, REPORT_SECONDS))
        next_try = self._faults.find_next_try()
        if next_try is not None:
            looks.append(next_try)
        opening = self._traffic.find_next_opening()
        if opening is not None:
            looks.append(now + opening)
        return min(looks)

    def _become_idle(self, claim: Claim) -> None:
        if not self._is_idle:
            self._is_idle = True
            due = claim.next_due_in_seconds
            self._emit("idle", {"pending": claim.pending, "nextDueInSeconds": due})
        if self._config.once and not claim.pending:
            reasons = self._faults.describe(), self._traffic.describe_closed()
            self._unfinished = "; ".join(reason for reason in reasons if reason)
            self._done = True

    # --- ends and errors -------------------------------------------------------------

    def _give_back_all(self, *, stopping: bool) -> None:
        """Stop the workers, tell what is done, give back the rest.

        With `stopping` the server also learns that this agent is gone.
        """
        self._work.cancel()
        self._chores.stop()
        self._work.wait_idle()
        reports = self._work.take_last_reports()
        try:
            for start in range(0, len(reports), MOST_TOLD):
                self._send_reports(reports[start : start + MOST_TOLD], None)
            leases = self._work.list_leases()
            if leases or (stopping and self._contact.is_fine):
                self._release(leases, stopping=stopping)
        except ServerError as error:
            # Leases that nobody renews end by themselves.
            self._emit("problem", {"message": f"Work was not given back: {error}"})
        self._work.clear()

    def _release(self, leases: list[LeaseKey], *, stopping: bool) -> None:
        agent_id = self._config.identity.id
        while len(leases) > MOST_TOLD:
            self._server.release(agent_id, leases[:MOST_TOLD], stopping=False)
            leases = leases[MOST_TOLD:]
        self._server.release(agent_id, leases, stopping=stopping)

    def _handle_server_error(self, error: ServerError) -> None:
        """Plan the next try, or raise what its owner has to see to."""
        self._request_at = self._clock.now() + self._contact.fail(error)
        is_refused = isinstance(error, RequestRefusedError)
        if is_refused and not isinstance(error, SiteIdInUseError):
            # The server does not take these results: others may do the work.
            for run in self._work:
                self._work.withdraw(run)
            self.wake()

    def _describe_health(self) -> Health:
        moved = self._progress.snapshot().bytes_moved
        speed = self._speed.measure(self._clock.now(), moved)
        return Health(speed, self._faults.list_problems())

    def _describe_progress(self) -> dict[str, object]:
        done = self._progress.snapshot()
        return {
            "transfersActive": len(self._work),
            "transfersDone": done.transfers_done,
            "filesActive": self._work.files_left,
            "filesDone": done.files_done,
            "filesFailed": self._work.failed_files,
            "bytesMoved": done.bytes_moved,
        }
