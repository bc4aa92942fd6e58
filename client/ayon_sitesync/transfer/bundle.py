"""Small transfers between the same two sites, whose files are brought together.

To look after a transfer of one small file costs more than to copy it. Those of one
claim share what the files of one transfer share: a look at both sites, a place within
their limits, the wait for the disk. Each has its own outcomes, reports and lease, and
each may be stopped alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Callable

from ..errors import TransferCancelledError, TransferError
from ..providers.base import BATCH_BYTES, BATCH_FILES
from ..work import FileReport, Transfer, TransferFile
from .batch import is_batched, is_small
from .batch_job import BatchJob
from .copy_result import Outcome
from .ends import Ends
from .runner import LEAST_FILES, SHARES, TransferRun, bring_batch
from .traffic import Passage

LEAST_BUNDLED = 8
"""So many files are not shared by several workers."""


def gather_small(transfers: Sequence[Transfer]) -> list[list[Transfer]]:
    """Transfers in bundles, each where its first one was; large ones are alone."""
    small = [transfer for transfer in transfers if _is_small(transfer)]
    most = sum(len(transfer.files) for transfer in small) // SHARES
    most = min(max(most, LEAST_BUNDLED), BATCH_FILES)
    growing: dict[tuple[str, str, str], _Gathering] = {}
    bundles = []
    for transfer in transfers:
        if not _is_small(transfer):
            bundles.append([transfer])
            continue
        key = transfer.key
        route = (key.project_name, transfer.source_site, key.site_name)
        found = growing.get(route)
        if found is None or not found.has_room(transfer, most):
            found = growing[route] = _Gathering()
            bundles.append(found.transfers)
        found.add(transfer)
    return bundles


def _is_small(transfer: Transfer) -> bool:
    files = transfer.files
    return 0 < len(files) <= LEAST_FILES and all(map(is_small, files))


@dataclass
class _Gathering:
    """A bundle that grows."""

    transfers: list[Transfer] = field(default_factory=list)
    size: int = 0
    paths: set[str] = field(default_factory=set)

    def has_room(self, transfer: Transfer, most: int) -> bool:
        # Two that bring the same path would meet in one batch.
        return (
            len(self.paths) + len(transfer.files) <= most
            and self.size + _sum_sizes(transfer) <= BATCH_BYTES
            and self.paths.isdisjoint(file.path for file in transfer.files)
        )

    def add(self, transfer: Transfer) -> None:
        self.transfers.append(transfer)
        self.size += _sum_sizes(transfer)
        self.paths.update(file.path for file in transfer.files)


def _sum_sizes(transfer: Transfer) -> int:
    return sum(file.size or 0 for file in transfer.files)


class Bundle:
    """Runs of transfers that share one worker and one batch."""

    def __init__(self, runs: Sequence[TransferRun], ends: Ends) -> None:
        self._runs = runs
        self._ends = ends

    def start(self, pool: Executor, on_idle: Callable[[], None]) -> None:
        """Queue all files and return; a worker calls `on_idle` after the last.

        Where the sites take no batches, each transfer runs for itself after all.
        """

        def run() -> None:
            passage = self._ends.enter(submit)
            if passage is None:
                return
            is_together = self._goes_together()
            try:
                ended = self._bring(passage) if is_together else []
            finally:
                self._ends.leave(passage)
            for one, files, reports in ended:
                one.end(files, reports)
            if is_together:
                on_idle()
                return
            for one in self._runs:
                one.start(pool, on_idle)

        def submit() -> None:
            # A pool that has ended takes nothing: then nobody waits for it either.
            with suppress(RuntimeError):
                pool.submit(run)

        submit()

    def _goes_together(self) -> bool:
        try:
            return is_batched(*self._ends.open())
        except Exception:  # whatever it is, `_bring` meets it again and tells it
            return True

    def _bring(self, passage: Passage) -> list[_Ended]:
        begun = [(run, run.take_all()) for run in self._runs]
        try:
            reports = self._report_all(begun, passage)
        except Exception as error:  # nobody else would ever count these files
            return [
                (run, files, run.report_unexpected(files, error))
                for run, files in _list_files(begun)
            ]
        return [(run, files, reports[run]) for run, files in _list_files(begun)]

    def _report_all(
        self, begun: Sequence[_Begun], passage: Passage
    ) -> dict[TransferRun, list[FileReport]]:
        """What became of the files of each run, but for those that were stopped."""
        try:
            brought = self._copy(begun, passage)
        except TransferError as error:
            fault = self._ends.find_fault_behind(error)
            return {
                run: [run.report_failure(file, error, fault) for file in files]
                for run, files in _list_files(begun)
            }
        reports: dict[TransferRun, list[FileReport]] = {run: [] for run, _ in begun}
        for run, job, outcome in brought:
            reports[run].append(run.report(job.file, outcome))
        return reports

    def _copy(
        self, begun: Sequence[_Begun], passage: Passage
    ) -> list[tuple[TransferRun, BatchJob, Outcome]]:
        parallel = self._ends.count_parallel(passage)
        left = [(run, job) for run, jobs in begun for job in jobs]
        while left:
            left = [(run, job) for run, job in left if not run.is_stopped]
            jobs = [job for _, job in left]
            try:
                outcomes = bring_batch(jobs, self._ends, parallel)
            except TransferCancelledError:
                # One of them was stopped. What others have by now is recognised.
                continue
            return [(*item, outcome) for item, outcome in zip(left, outcomes)]
        return []


_Begun = tuple[TransferRun, list[BatchJob]]
_Ended = tuple[TransferRun, list[TransferFile], list[FileReport]]


def _list_files(
    begun: Sequence[_Begun],
) -> list[tuple[TransferRun, list[TransferFile]]]:
    return [(run, [job.file for job in jobs]) for run, jobs in begun]
