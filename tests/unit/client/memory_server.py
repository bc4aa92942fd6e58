"""A queue in memory that keeps to the wire contract, and time that tests move."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any

from ayon_sitesync.errors import RequestRefusedError, ServerUnreachableError
from ayon_sitesync.work import (
    FAILED,
    GIVEN_BACK,
    SYNCED,
    Claim,
    ClaimRequest,
    FileReport,
    Health,
    LeaseKey,
    Removal,
    RemovalAnswer,
    RemovalReport,
    ReportAnswer,
    ScanOrder,
    Transfer,
    TransferAnswer,
    TransferFile,
    TransferKey,
    TransferReport,
    UnusableSite,
)

LEASE_SECONDS = 60.0
PROJECT = "demo"
EPOCH = 1_795_000_000.0
"""What the calendar shows when a `FakeClock` is at 0."""


class FakeClock:
    """Stands still until someone waits; then the wait is over at once."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.on_wait: Callable[[], object] = lambda: None

    def now(self) -> float:
        return self.seconds

    def wall_time(self) -> float:
        return EPOCH + self.seconds

    def sleep(self, stop: threading.Event, seconds: float) -> None:
        if not stop.is_set():
            self.seconds += seconds

    def wait(self, signal: threading.Event, seconds: float) -> None:
        self.on_wait()
        if signal.is_set():
            signal.clear()
        else:
            self.seconds += seconds


class InlineExecutor(Executor):
    """Runs what is submitted when `run_all` is called, or at once."""

    def __init__(self, *, at_once: bool = True) -> None:
        self._at_once = at_once
        self._waiting: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        self._waiting.append(lambda: fn(*args, **kwargs))
        if self._at_once:
            self.run_all()
        return Future()

    def run_next(self) -> None:
        """What was submitted first."""
        self._waiting.pop(0)()

    def run_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()


@dataclass
class Row:
    """One queued transfer and what was reported about it."""

    transfer: Transfer
    lease_token: str | None = None
    leases_given: int = 0
    waiting: list[str] = field(default_factory=list)
    results: dict[str, FileReport] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)


class MemoryServer:
    """Hands out rows with waiting files; knows nothing of time."""

    def __init__(self, retries: int = 0) -> None:
        self.rows: dict[TransferKey, Row] = {}
        self.requests: list[str] = []
        self.failure: Exception | None = None
        self.lose_answers = 0
        self.refused: set[TransferKey] = set()
        """Transfers whose report makes a request a bad one."""
        self.refusal: RequestRefusedError | None = None
        """Why a report is given no work."""
        self.is_agent_gone = False
        self.most_given = 0
        """Transfers that a claim gives at least, whatever it asks for."""
        self.most_told = 0
        """Transfers in the largest report or release."""
        self.health: Health | None = None
        """What the agent told of itself last."""
        self.removals: list[Removal] = []
        """What the next claim gives to delete."""
        self.removal_reports: list[RemovalReport] = []
        self.removal_states: dict[TransferKey, str] = {}
        """Answers to reports of removals other than that all is well."""
        self.on_removals: Callable[[], object] = lambda: None
        """Called at each report of removals."""
        self.scans: list[ScanOrder] = []
        self.finished_scans: list[
            tuple[ScanOrder, tuple[int, int, int], str | None]
        ] = []
        self.listed: list[dict[str, Any]] = []
        """Rows of the list of representations."""
        self.presence: list[dict[str, Any]] = []
        self.presence_problems: list[dict[str, Any]] = []
        self._retries = retries

    def queue(
        self,
        files: Sequence[TransferFile],
        source: str = "studio",
        number: int = 1,
        project: str = PROJECT,
    ) -> TransferKey:
        """A representation that is to come to `brisk-amber-fox`."""
        key = TransferKey(project, f"{number:032x}", "brisk-amber-fox")
        transfer = Transfer(
            key, source, "download", "", tuple(files), representation="exr"
        )
        self.rows[key] = Row(transfer, waiting=[file.id for file in files])
        return key

    def take_lease(self, key: TransferKey) -> None:
        """The lease passes to someone else."""
        self.rows[key].lease_token = "another"

    def statuses(self, key: TransferKey) -> dict[str, int]:
        return {name: file.status for name, file in self.rows[key].results.items()}

    # --- what agents call ------------------------------------------------------------

    def claim(self, request: ClaimRequest) -> Claim:
        self._answer("claim")
        self.health = request.health
        return self._claim(request)

    def report(
        self,
        agent_id: str,
        reports: Sequence[TransferReport],
        claim: ClaimRequest | None,
        health: Health | None = None,
    ) -> ReportAnswer:
        self._answer("report")
        self.health = health
        self.most_told = max(self.most_told, len(reports))
        if self.refused.intersection(report.key for report in reports):
            raise RequestRefusedError("files.0: is not valid", status=400)
        answers = tuple(self._take_report(report) for report in reports)
        if self.lose_answers:
            self.lose_answers -= 1
            raise ServerUnreachableError("timed out")
        if claim is not None and self.refusal is not None:
            return ReportAnswer(answers, None, self.refusal)
        return ReportAnswer(answers, self._claim(claim) if claim else None)

    def release(
        self, agent_id: str, leases: Sequence[LeaseKey], *, stopping: bool
    ) -> int:
        self._answer("release")
        self.is_agent_gone = stopping
        self.most_told = max(self.most_told, len(leases))
        released = 0
        for lease in leases:
            row = self.rows.get(lease.key)
            if row is not None and row.lease_token == lease.lease_token:
                released += 1
                self._end_lease(row)
        return released

    def report_removals(
        self, agent_id: str, reports: Sequence[RemovalReport]
    ) -> list[RemovalAnswer]:
        self._answer("report_removals")
        self.on_removals()
        self.removal_reports += reports
        return [
            RemovalAnswer(
                report.key,
                self.removal_states.get(report.key) or self._find_state(report),
            )
            for report in reports
        ]

    @staticmethod
    def _find_state(report: RemovalReport) -> str:
        if not report.finished:
            return "held"
        return "failed" if report.failed else "finished"

    def finish_scan(
        self, order: ScanOrder, counts: tuple[int, int, int], message: str | None
    ) -> None:
        self._answer("finish_scan")
        self.finished_scans.append((order, counts, message))

    def iterate_rows(
        self, project_name: str, body: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        self._answer("iterate_rows")
        yield from self.listed

    def write_presence(
        self,
        project_name: str,
        site_name: str,
        files: Sequence[Mapping[str, Any]],
        *,
        requeue: bool,
    ) -> dict[str, Any]:
        self._answer("write_presence")
        self.presence += [dict(file) for file in files]
        synced = sum(file["state"] == "present" for file in files)
        missing = len(files) - synced
        return {
            "results": self.presence_problems,
            "synced": synced,
            "queued": missing if requeue else 0,
            "missing": 0 if requeue else missing,
        }

    def _answer(self, request: str) -> None:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure

    def _claim(self, request: ClaimRequest) -> Claim:
        due = [
            row
            for row in self.rows.values()
            if row.waiting
            and row.lease_token is None
            and not self._list_ends(row).intersection(request.exclude)
        ]
        given = [
            self._give(row)
            for row in due[: max(request.max_transfers, self.most_given)]
        ]
        removals = self.removals[: request.max_removals]
        del self.removals[: request.max_removals]
        scans = self.scans if request.takes_scans else []
        self.scans = []
        return Claim(
            *(tuple(given), LEASE_SECONDS, None, len(due) - len(given)),
            removals=tuple(removals),
            scans=tuple(scans),
        )

    @staticmethod
    def _list_ends(row: Row) -> set[UnusableSite]:
        key, source = row.transfer.key, row.transfer.source_site
        return {
            UnusableSite(key.project_name, site) for site in (key.site_name, source)
        }

    @staticmethod
    def _give(row: Row) -> Transfer:
        row.leases_given += 1
        row.lease_token = f"lease-{row.leases_given}"
        files = tuple(f for f in row.transfer.files if f.id in row.waiting)
        return replace(row.transfer, lease_token=row.lease_token, files=files)

    def _take_report(self, report: TransferReport) -> TransferAnswer:
        row = self.rows[report.key]
        if row.lease_token != report.lease_token:
            return TransferAnswer(report.key, "lost")
        for file in report.files:
            row.results[file.id] = file
            if file.status == FAILED:
                row.attempts[file.id] = row.attempts.get(file.id, 0) + 1
            is_over = file.status == SYNCED or (
                file.status == FAILED and row.attempts[file.id] > self._retries
            )
            if is_over and file.id in row.waiting:
                row.waiting.remove(file.id)
            if file.status == GIVEN_BACK:
                row.results.pop(file.id)
        if report.finished:
            self._end_lease(row)
            return TransferAnswer(report.key, "finished")
        return TransferAnswer(report.key, "held")

    def _end_lease(self, row: Row) -> None:
        row.lease_token = None
