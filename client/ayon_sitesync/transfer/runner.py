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
from ..providers.base import BATCH_BYTES, MANY_PARALLEL
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
from .batch import copy_batch, count_batched, is_batched, is_small
from .batch_job import BatchJob
from .copy import Route, copy_file
from .copy_result import CopyResult
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
    ) -> None:
        self.transfer = transfer
        self.started_at = started_at
        self.lease = lease
        self.send_failed = False
        """A report of it got no answer: the server may know the results already."""
        self._ends = Ends(transfer, shared)
        self._progress = shared.progress
        self._journal = shared.journal
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._goes_on = False
        self._started = threading.Event()
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
                is_last = self._run_next(passage)
            finally:
                self._ends.leave(passage)
            if is_last:
                self._idle.set()
                on_idle()

        def submit() -> None:
            # A pool that has ended takes nothing: then nobody waits for it either.
            with suppress(RuntimeError):
                pool.submit(run)

        # One for each file: those that find nothing left are done at once.
        for _ in self.transfer.files:
            submit()

    def _run_next(self, passage: Passage) -> bool:
        """Run what is next; whether that was the last of the transfer."""
        self._started.set()
        files = self._take_files()
        if not files:
            return False
        try:
            outcomes = self._run_files(files, passage)
        except Exception as error:  # nobody else would ever count these files
            outcomes = self._report_all_unexpected(files, error)
        with self._lock:
            self._left -= len(files)
            for outcome in outcomes:
                self._outcomes[outcome.id] = self._unsent[outcome.id] = outcome
            return self._left == 0

    def cancel(self, *, goes_on: bool = False) -> None:
        """Stop soon; files under way have no outcome and leave nothing behind.

        When it `goes_on` later, what can be resumed is left for that.
        """
        self._goes_on = goes_on
        self._cancelled.set()

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
        with self._lock:
            return self._left

    @property
    def is_under_way(self) -> bool:
        """A worker has started with it, and not all files are done."""
        return self._started.is_set() and not self.is_idle

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
        together = self._count_together()
        share = max(LEAST_FILES, len(self.transfer.files) // SHARES)
        most = min(together, share)
        taken: list[TransferFile] = []
        size = 0
        with self._lock:
            while self._waiting and len(taken) < most:
                file = self._waiting[0]
                size += file.size or 0
                goes_along = together > 1 and is_small(file) and size <= BATCH_BYTES
                if taken and not goes_along:
                    break
                taken.append(self._waiting.popleft())
                if not goes_along:
                    break
        return taken

    def _count_together(self) -> int:
        """How many small files go together; 1 = each alone."""
        try:
            self._raise_if_stopped()
            source, target = self._ends.open()
        except Exception:  # whatever it is, the file that meets it again tells it
            return 1
        return count_batched(target) if is_batched(source, target) else 1

    def _run_files(
        self, files: Sequence[TransferFile], passage: Passage
    ) -> list[FileReport]:
        if len(files) == 1:
            outcome = self._run_file(files[0])
            return [] if outcome is None else [outcome]
        try:
            return self._transfer_batch(files, passage)
        except TransferCancelledError:
            return []
        except TransferError as error:
            fault = self._find_fault(error)
            return [self._report_failure(file, error, fault) for file in files]
        except Exception as error:  # a fault of ours must not end the agent
            return self._report_all_unexpected(files, error)

    def _run_file(self, file: TransferFile) -> Optional[FileReport]:
        try:
            return self._transfer_file(file)
        except TransferCancelledError:
            return None
        except TransferError as error:
            return self._report_failure(file, error, self._find_fault(error))
        except Exception as error:  # a fault of ours must not end the agent
            told = describe_origin(error)
            log.error("File '%s' could not be transferred: %s", file.path, told)
            return self._report_unexpected(file, error)

    def _find_fault(self, error: TransferError) -> Optional[SiteUnhealthyError]:
        if isinstance(error, SiteUnhealthyError):
            return error
        return self._ends.find_fault()

    def _report_failure(
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

    def _report_all_unexpected(
        self, files: Sequence[TransferFile], error: Exception
    ) -> list[FileReport]:
        told = describe_origin(error)
        log.error("Files of '%s' could not be moved: %s", self.transfer.label, told)
        return [self._report_unexpected(file, error) for file in files]

    def _report_unexpected(self, file: TransferFile, error: Exception) -> FileReport:
        self._progress.add(failed=1)
        # Without its text: of a provider of others it may hold a password.
        message = f"Unexpected {type(error).__name__}; the agent's log says where"
        return FileReport(file.id, FAILED, 0, error_class="retryable", message=message)

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
        reports = []
        source, target = self._ends.open()
        parallel = 1
        if target.capabilities.takes_many:
            parallel = self._ends.widen(passage, MANY_PARALLEL)
        with self._ends.reserve(file.size for file in files):
            outcomes = copy_batch(jobs, source, target, parallel)
        for file, outcome in zip(files, outcomes):
            if isinstance(outcome, TransferError):
                fault = self._find_fault(outcome)
                reports.append(self._report_failure(file, outcome, fault))
            else:
                reports.append(self._report_done(file, outcome))
        return reports

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
