"""The transfers that an agent has in hand: begun, told of, ended.

Only the agent's own thread uses it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor
from typing import Callable, Optional

from ..errors import SiteUnhealthyError
from ..work import (
    FAILED,
    SYNCED,
    LeaseKey,
    Transfer,
    TransferKey,
    TransferReport,
)
from .bundle import Bundle, gather_small
from .ends import Ends, Surroundings
from .lease import Lease
from .runner import TransferRun

MOST_TOLD = 1000
"""As many transfers as one request may tell of."""
STOP_SECONDS = 20.0
"""How long a stop waits for the step that each worker is in."""


class Workload:
    """Runs by their transfers, and what became of the files of those that ended."""

    def __init__(self, shared: Surroundings, pool: Executor) -> None:
        self._shared = shared
        self._pool = pool
        self._runs: dict[TransferKey, TransferRun] = {}
        self._active: dict[TransferKey, TransferRun] = {}
        """Those of `_runs` that were not idle at the last look."""
        self._ending: list[TransferRun] = []
        self._failed: set[tuple[TransferKey, str]] = set()

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[TransferRun]:
        return iter(list(self._runs.values()))

    def __getitem__(self, key: TransferKey) -> TransferRun:
        return self._runs[key]

    # --- how much --------------------------------------------------------------------

    @property
    def is_drained(self) -> bool:
        """No worker has anything left to do."""
        return not self._list_active()

    @property
    def ended(self) -> int:
        """Transfers without a file left whose end the server has not confirmed."""
        return len(self._runs) - len(self._list_active())

    @property
    def files_left(self) -> int:
        return sum(run.files_left for run in self._list_active())

    @property
    def bytes_left(self) -> int:
        return sum(
            sum(file.size or 0 for file in run.transfer.files) - run.bytes_moved
            for run in self._list_active()
        )

    def _list_active(self) -> Collection[TransferRun]:
        for key in [key for key, run in self._active.items() if run.is_idle]:
            del self._active[key]
        return self._active.values()

    @property
    def failed_files(self) -> int:
        """Files whose last run failed, of all transfers so far."""
        return len(self._failed)

    # --- begin and end ---------------------------------------------------------------

    def start(
        self,
        transfers: Sequence[Transfer],
        lease_seconds: float,
        now: float,
        on_idle: Callable[[], None],
    ) -> None:
        """Begin transfers; a worker calls `on_idle` after the last file of some."""
        for gathered in gather_small(transfers):
            ends = Ends(gathered, self._shared)
            runs = [self._add(one, lease_seconds, now, ends) for one in gathered]
            if len(runs) == 1:
                runs[0].start(self._pool, on_idle)
            else:
                Bundle(runs, ends).start(self._pool, on_idle)

    def _add(
        self, transfer: Transfer, lease_seconds: float, now: float, ends: Ends
    ) -> TransferRun:
        lease = Lease(transfer.lease_token, lease_seconds, now)
        run = TransferRun(transfer, lease, self._shared, now, ends)
        previous = self._runs.get(transfer.key)
        if previous is not None:
            # The server gave it anew, so the earlier lease is over.
            self.withdraw(previous)
        self._runs[transfer.key] = self._active[transfer.key] = run
        return run

    def finish(self, run: TransferRun) -> None:
        """The server has all results of a run."""
        self._drop(run)
        for file_id, outcome in run.outcomes.items():
            name = (run.transfer.key, file_id)
            if outcome.status == FAILED:
                self._failed.add(name)
            elif outcome.status == SYNCED:
                self._failed.discard(name)

    def withdraw(self, run: TransferRun, *, goes_on: bool = False) -> None:
        """Stop a run that is no longer ours; `goes_on` as of `TransferRun.cancel`."""
        run.cancel(goes_on=goes_on)
        self._drop(run)

    def _drop(self, run: TransferRun) -> None:
        del self._runs[run.transfer.key]
        self._active.pop(run.transfer.key, None)
        if not run.is_idle:
            self._ending.append(run)
        self._ending = [ending for ending in self._ending if not ending.is_idle]

    def cancel(self) -> None:
        """Stop everything soon, to go on with it later."""
        for run in self:
            run.cancel(goes_on=True)

    def wait_idle(self) -> None:
        """Wait for the step that each worker is in, `STOP_SECONDS` for all together.

        What no worker has begun with will end at once when one does.
        """
        until = time.monotonic() + STOP_SECONDS
        for run in [*self, *self._ending]:
            if run.is_under_way:
                run.wait_idle(max(0.0, until - time.monotonic()))

    def clear(self) -> None:
        """Forget what was stopped."""
        self._runs.clear()
        self._active.clear()

    # --- what is told ----------------------------------------------------------------

    def list_faults(self) -> Iterator[tuple[str, SiteUnhealthyError]]:
        """Sites that could not be used, with the names of the projects."""
        for run in self:
            fault: Optional[SiteUnhealthyError] = run.fault
            if fault is not None:
                yield run.transfer.key.project_name, fault

    def take_reports(self, now: float) -> list[TransferReport]:
        """Of every run with news, or whose lease has to be renewed or asked about."""
        reports = []
        for run in self:
            ask_at = run.lease.check_at if run.is_under_way else run.lease.renew_at
            if run.is_waiting and now < ask_at:
                continue
            report = run.take_report()
            if report.files or report.finished or now >= ask_at:
                reports.append(report)
        return reports

    def take_last_reports(self) -> list[TransferReport]:
        """What became of files, without anything about leases."""
        reports = [run.take_report() for run in self]
        return [report for report in reports if report.files]

    def list_leases(self) -> list[LeaseKey]:
        return [run.lease_key for run in self]
