"""One transfer in the hands of this agent: its files, their outcomes, its reports.

Each file stands for itself: one that fails or waits never holds up the others. Worker
threads run files, the agent's own thread takes reports; results stay here until the
server has confirmed them.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Callable, Optional

from ..errors import (
    SiteUnhealthyError,
    TransferCancelledError,
    TransferError,
    describe_origin,
)
from ..work import (
    FAILED,
    GIVEN_BACK,
    PROGRESS,
    SYNCED,
    FileReport,
    LeaseKey,
    Transfer,
    TransferFile,
    TransferReport,
)
from .batch import copy_batch, is_batched, is_small, limit_batch
from .batch_job import BatchJob
from .copy import Route, copy_file
from .copy_result import CopyResult, Outcome
from .ends import Ends, Surroundings
from .lease import Lease
from .traffic import Passage

log = logging.getLogger(__name__)

LEAST_FILES = 16
MESSAGE_LENGTH = 1000
"""A longer reason (paths have no limit) is cut."""
SHARES = 4
"""A transfer's small files are shared by so many workers, from so many on."""


class TransferRun:
    """Runs one transfer once it is started."""

    def __init__(
        self,
        transfer: Transfer,
        lease: Lease,
        shared: Surroundings,
        started_at: float,
        ends: Optional[Ends] = None,
    ) -> None:
        """`ends`: its two sites, where it shares them with other transfers."""
        self.transfer = transfer
        self.started_at = started_at
        self.lease = lease
        self.send_failed = False
        """A report of it got no answer: the server may know the results already."""
        self._ends = ends or Ends([transfer], shared)
        self._progress = shared.progress
        self._journal = shared.journal
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._goes_on = False
        self._is_started = False
        self._left = len(transfer.files)
        self._waiting = deque(transfer.files)
        self._idle = threading.Event()
        if not transfer.files:
            self._idle.set()
        self._outcomes: dict[str, FileReport] = {}
        self._unsent: dict[str, FileReport] = {}
        # Complete from the start: workers set values while the agent reads them.
        self._moved = {file.id: 0 for file in transfer.files}
        self._reported_moved: dict[str, int] = {}
        self._fault: Optional[SiteUnhealthyError] = None

    # --- the agent's side ------------------------------------------------------------

    def start(self, pool: Executor, on_idle: Callable[[], None]) -> None:
        """Queue every file and return; a worker calls `on_idle` after the last."""

        def run() -> None:
            passage = self._ends.enter(submit)
            if passage is None:
                return
            try:
                files, reports = self._run_next(passage)
            finally:
                self._ends.leave(passage)
            if files and self.end(files, reports):
                on_idle()

        def submit() -> None:
            # A pool that has ended takes nothing: then nobody waits for it either.
            with suppress(RuntimeError):
                pool.submit(run)

        # One for each file: those that find nothing left are done at once.
        for _ in self.transfer.files:
            submit()

    def _run_next(
        self, passage: Passage
    ) -> tuple[Sequence[TransferFile], list[FileReport]]:
        """Run what is next: those files, and what became of them."""
        self._is_started = True
        files = self._take_files()
        try:
            return files, self._run_files(files, passage)
        except Exception as error:  # nobody else would ever count these files
            return files, self.report_unexpected(files, error)

    def take_all(self) -> list[BatchJob]:
        """Every file, for a worker that brings them along with those of others.

        What became of them goes to `end`.
        """
        self._is_started = True
        with self._lock:
            files = list(self._waiting)
            self._waiting.clear()
        return [BatchJob(file, self._make_tick(file)) for file in files]

    def end(self, files: Sequence[TransferFile], reports: Sequence[FileReport]) -> bool:
        """Note what became of files (nothing of those that were stopped); whether they
        were the last."""
        with self._lock:
            self._left -= len(files)
            for report in reports:
                self._outcomes[report.id] = self._unsent[report.id] = report
            is_last = self._left == 0
        if is_last:
            self._idle.set()
        return is_last

    def cancel(self, *, goes_on: bool = False) -> None:
        """Stop soon; files under way have no outcome and leave nothing behind.

        When it `goes_on` later, what can be resumed is left for that.
        """
        self._goes_on = goes_on
        self._cancelled.set()

    @property
    def is_stopped(self) -> bool:
        """It was cancelled, if only for now."""
        return self._cancelled.is_set()

    @property
    def is_idle(self) -> bool:
        """No file is running or waiting."""
        return self._idle.is_set()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until no file is running or waiting, at most `seconds`."""
        return self._idle.wait(seconds)

    @property
    def fault(self) -> Optional[SiteUnhealthyError]:
        """Why one of the two sites could not be used, when that was so."""
        return self._fault

    @property
    def outcomes(self) -> dict[str, FileReport]:
        """What became of each file so far."""
        with self._lock:
            return dict(self._outcomes)

    @property
    def files_left(self) -> int:
        return self._left

    @property
    def is_waiting(self) -> bool:
        """No worker has started with it, and there is something to do."""
        return not self._is_started and not self.is_idle

    @property
    def is_under_way(self) -> bool:
        """A worker has started with it, and not all files are done."""
        return self._is_started and not self.is_idle

    @property
    def bytes_moved(self) -> int:
        with self._lock:
            return sum(self._moved.values())

    def take_report(self) -> TransferReport:
        """News since the last confirmed report."""
        with self._lock:
            files = list(self._unsent.values())
            for file_id, moved in self._moved.items():
                if file_id in self._outcomes:
                    continue
                if moved != self._reported_moved.get(file_id, 0):
                    files.append(FileReport(file_id, PROGRESS, moved))
            is_finished = self._left == 0 and len(self._outcomes) == len(
                self.transfer.files
            )
        return TransferReport(
            self.transfer.key, self.lease.token, tuple(files), is_finished
        )

    def confirm(self, report: TransferReport) -> None:
        """The server took `report`."""
        with self._lock:
            for file in report.files:
                if file.status == PROGRESS:
                    self._reported_moved[file.id] = file.bytes_done
                elif self._unsent.get(file.id) is file:
                    del self._unsent[file.id]

    @property
    def lease_key(self) -> LeaseKey:
        return LeaseKey(self.transfer.key, self.lease.token)

    # --- the workers' side -----------------------------------------------------------

    def _take_files(self) -> list[TransferFile]:
        """The next file, or as many small ones as go together."""
        together, most_bytes = self._limit_batch()
        share = -(-len(self.transfer.files) // SHARES)
        most = min(together, max(LEAST_FILES, share))
        taken: list[TransferFile] = []
        size = 0
        with self._lock:
            while self._waiting and len(taken) < most:
                file = self._waiting[0]
                size += file.size or 0
                goes_along = together > 1 and is_small(file) and size <= most_bytes
                if taken and not goes_along:
                    break
                taken.append(self._waiting.popleft())
                if not goes_along:
                    break
        return taken

    def _limit_batch(self) -> tuple[int, int]:
        """How many small files go together, and their bytes; 1 = each alone."""
        try:
            self._raise_if_stopped()
            source, target = self._ends.open()
        except Exception:  # whatever it is, the file that meets it again tells it
            return 1, 0
        return limit_batch(target) if is_batched(source, target) else (1, 0)

    def _run_files(
        self, files: Sequence[TransferFile], passage: Passage
    ) -> list[FileReport]:
        try:
            if len(files) > 1:
                return self._transfer_batch(files, passage)
            return [self._transfer_file(file) for file in files]
        except TransferCancelledError:
            return []
        except TransferError as error:
            fault = self._ends.find_fault_behind(error)
            return [self.report_failure(file, error, fault) for file in files]
        except Exception as error:  # a fault of ours must not end the agent
            return self.report_unexpected(files, error)

    def report(self, file: TransferFile, outcome: Outcome) -> FileReport:
        """What became of one file of a batch."""
        if isinstance(outcome, CopyResult):
            return self._report_done(file, outcome)
        return self.report_failure(file, outcome, self._ends.find_fault_behind(outcome))

    def report_failure(
        self,
        file: TransferFile,
        error: TransferError,
        fault: Optional[SiteUnhealthyError],
    ) -> FileReport:
        """`fault`: what is wrong with a whole site, so that the file does not pay."""
        if fault is not None:
            return self._give_back(file, fault)
        self._progress.add(failed=1)
        return FileReport(
            file.id,
            FAILED,
            0,
            error_class=error.error_class,
            message=str(error)[:MESSAGE_LENGTH],
            retry_after=error.retry_after,
        )

    def report_unexpected(
        self, files: Sequence[TransferFile], error: Exception
    ) -> list[FileReport]:
        """A fault of ours, or of a provider of others, at these files."""
        told = describe_origin(error)
        log.error("Files of '%s' could not be moved: %s", self.transfer.label, told)
        self._progress.add(failed=len(files))
        # Without its text: of a provider of others it may hold a password.
        message = f"Unexpected {type(error).__name__}; the agent's log says where"
        return [
            FileReport(file.id, FAILED, 0, error_class="retryable", message=message)
            for file in files
        ]

    def _report_done(self, file: TransferFile, result: CopyResult) -> FileReport:
        self._progress.add(files=1)
        return FileReport(
            *(file.id, SYNCED, result.size),
            checksum=result.checksum,
            proof=result.proof,
            source_read=result.source_read,
        )

    def _make_tick(self, file: TransferFile) -> Callable[[int], None]:
        def tick(moved: int) -> None:
            self._raise_if_stopped()
            self._moved[file.id] += moved
            self._progress.add(moved=moved)
            self._ends.pace(moved, self._cancelled)
            self._raise_if_stopped()

        return tick

    def _transfer_batch(
        self, files: Sequence[TransferFile], passage: Passage
    ) -> list[FileReport]:
        self._raise_if_stopped()
        jobs = [BatchJob(file, self._make_tick(file)) for file in files]
        parallel = self._ends.count_parallel(passage)
        outcomes = bring_batch(jobs, self._ends, parallel)
        return [self.report(file, outcome) for file, outcome in zip(files, outcomes)]

    def _transfer_file(self, file: TransferFile) -> FileReport:
        self._raise_if_stopped()
        source, target = self._ends.open()
        key = self.transfer.key
        route = Route(
            *(source, target, self._make_tick(file)),
            self._journal,
            f"{key.project_name}\n{key.site_name}",
        )
        with self._ends.reserve([file.size]):
            return self._report_done(file, copy_file(file, route))

    def _raise_if_stopped(self) -> None:
        if self._cancelled.is_set():
            raise TransferCancelledError(self.transfer.label, goes_on=self._goes_on)
        if self._fault is not None:
            raise self._fault

    def _give_back(self, file: TransferFile, fault: SiteUnhealthyError) -> FileReport:
        self._fault = self._fault or fault
        return FileReport(file.id, GIVEN_BACK, 0)


def bring_batch(jobs: Sequence[BatchJob], ends: Ends, parallel: int) -> list[Outcome]:
    """`copy_batch` between two sites that keep some free space."""
    source, target = ends.open()
    with ends.reserve(job.file.size for job in jobs):
        return copy_batch(jobs, source, target, parallel)


def describe_outcome(run: TransferRun) -> dict[str, object]:
    """A finished transfer for events: names, sizes, and each file that failed."""
    transfer = run.transfer
    paths = {file.id: file.path for file in transfer.files}
    outcomes = run.outcomes
    failed = [o for o in outcomes.values() if o.status == FAILED]
    return {
        "projectName": transfer.key.project_name,
        "representationId": transfer.key.representation_id,
        "siteName": transfer.key.site_name,
        "sourceSite": transfer.source_site,
        "direction": transfer.direction,
        "label": transfer.label,
        "files": len(transfer.files),
        "filesSynced": sum(o.status == SYNCED for o in outcomes.values()),
        "filesFailed": len(failed),
        "bytesMoved": run.bytes_moved,
        "errors": [
            {"path": paths[o.id], "errorClass": o.error_class, "message": o.message}
            for o in failed
        ],
    }
