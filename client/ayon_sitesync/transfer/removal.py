"""Deletes the files that somebody removed from a site, and tells the server.

The server says which files: none that anything else needs there. It is asked again
before a removal is begun and every second while it runs, since whoever wants the files
again takes the removal back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Optional, cast

from ..errors import (
    PathError,
    RequestRefusedError,
    ServerError,
    SiteUnhealthyError,
    TransferError,
    describe_origin,
)
from ..paths import split_rootless
from ..providers.base import FolderProvider, Provider
from ..work import (
    LeaseKey,
    Removal,
    RemovalAnswer,
    RemovalFailure,
    RemovalReport,
    TransferKey,
)
from .backoff import Backoff
from .ports import Clock, Emit, Server, Sites

log = logging.getLogger(__name__)

REPORT_SECONDS = 1.0
"""How often the server is told, and asked whether a removal still holds."""
MOST_REMOVALS = 100
"""As many are held at a time: each is renewed with every report."""
MESSAGE_LENGTH = 1000


class _Run:
    """One removal in the hands of this agent."""

    def __init__(self, removal: Removal, now: float) -> None:
        self.removal = removal
        self.confirmed_at = now
        self.deleted: list[str] = []
        self.handled: set[str] = set()
        self.failed: list[RemovalFailure] = []
        self.is_withdrawn = False
        self.is_finished = False
        self.folders: list[str] = []

    def make_report(self) -> RemovalReport:
        return RemovalReport(
            self.removal.key,
            self.removal.lease_token,
            tuple(self.deleted),
            tuple(self.failed),
            self.is_finished,
        )


class Removals:
    """The removals that an agent holds. One thread works; others may hand in more."""

    def __init__(
        self, agent_id: str, server: Server, sites: Sites, clock: Clock, emit: Emit
    ) -> None:
        self._agent_id = agent_id
        self._server = server
        self._sites = sites
        self._clock = clock
        self._emit = emit
        self._lock = threading.Lock()
        self._runs: dict[TransferKey, _Run] = {}
        self._faults: list[tuple[str, SiteUnhealthyError]] = []
        self._report_at = clock.now()
        self.stop = threading.Event()
        """Set: end with the file at hand."""

    # --- the agent's side ------------------------------------------------------------

    def accept(self, removals: Sequence[Removal]) -> None:
        """Take over what a claim gave."""
        now = self._clock.now()
        with self._lock:
            if not self._runs:
                # The claim was the server's word that they hold.
                self._report_at = now + REPORT_SECONDS
            for removal in removals:
                self._runs[removal.key] = _Run(removal, now)

    @property
    def room(self) -> int:
        """How many more may be handed in."""
        return max(0, MOST_REMOVALS - len(self._runs))

    @property
    def is_idle(self) -> bool:
        return not self._runs

    def take_faults(self) -> list[tuple[str, SiteUnhealthyError]]:
        """Projects and what is wrong with a site there, since the last call."""
        with self._lock:
            faults, self._faults = self._faults, []
        return faults

    def give_back(self) -> None:
        """Tell what is done and return the rest; for after the work was stopped."""
        if not self._runs:
            return
        try:
            self._report()
            self._release(list(self._runs.values()))
        except ServerError as error:
            # Leases that nobody renews end by themselves.
            self._emit("problem", {"message": f"Removals were not given back: {error}"})
        self._runs.clear()

    # --- the worker's side -----------------------------------------------------------

    def work(self) -> None:
        """Delete what is held, until nothing is left or `stop` is set."""
        backoff = Backoff(1.0, 30.0)
        while not self.stop.is_set():
            try:
                run = self._find_next()
                if run is not None:
                    self._remove(run)
                elif self._runs:
                    self._report()
                else:
                    return
                backoff.reset()
            except RequestRefusedError as error:  # noqa: PERF203 - it waits anyway
                # Leases that nobody renews end by themselves; others may do it.
                self._emit("problem", {"message": f"Removals are refused: {error}"})
                with self._lock:
                    self._runs.clear()
            except ServerError as error:
                # The agent itself tells of a server that does not answer.
                log.debug("Removals wait for the server: %s", error)
                self._clock.sleep(self.stop, backoff.fail())

    def _find_next(self) -> Optional[_Run]:
        with self._lock:
            return next(
                (run for run in self._runs.values() if not run.is_finished), None
            )

    def _remove(self, run: _Run) -> None:
        if self._clock.now() - run.confirmed_at >= REPORT_SECONDS:
            self._report()
        if not self._is_held(run):
            return
        key = run.removal.key
        try:
            provider = self._open(run.removal)
            # After an error of the server it goes on where it was.
            for file in run.removal.files:
                if file.id in run.handled:
                    continue
                if not self._may_go_on(run):
                    return
                self._delete(provider, run, file.id, file.path)
                run.handled.add(file.id)
            if provider.capabilities.has_folders:
                cast(FolderProvider, provider).prune_folders(run.folders)
            run.is_finished = True
        except SiteUnhealthyError as fault:
            with self._lock:
                self._faults.append((key.project_name, fault))
            self._give_up_site(key)
        except ServerError:
            raise
        except Exception as error:  # it must not end the removals of other sites
            self._fail_rest(run, error)

    def _fail_rest(self, run: _Run, error: Exception) -> None:
        """What nobody expected costs this removal an attempt."""
        told = describe_origin(error)
        log.error("Files of a removal could not be deleted: %s", told)
        # Without its text: of a provider of others it may hold a password.
        message = f"Unexpected {type(error).__name__}; the agent's log says where"
        if isinstance(error, TransferError):
            message = str(error)[:MESSAGE_LENGTH]
        run.failed += [
            RemovalFailure(file.id, "retryable", message)
            for file in run.removal.files
            if file.id not in run.handled
        ]
        run.is_finished = True

    def _open(self, removal: Removal) -> Provider:
        key = removal.key
        provider = self._sites.open_site(key.project_name, key.site_name)
        roots = set()
        for file in removal.files:
            # A file with an unusable path fails for itself.
            with suppress(PathError):
                roots.add(split_rootless(file.path)[0])
        provider.check_health(roots, writable=True)
        return provider

    def _delete(
        self, provider: Provider, run: _Run, file_id: str, rootless: str
    ) -> None:
        try:
            path = provider.locate(rootless)
            provider.delete(path)
        except SiteUnhealthyError:
            raise
        except TransferError as error:
            # Everything but an impossible path may work once somebody has seen to it.
            is_permanent = isinstance(error, PathError)
            run.failed.append(
                RemovalFailure(
                    file_id,
                    "permanent" if is_permanent else "retryable",
                    str(error)[:MESSAGE_LENGTH],
                )
            )
        else:
            run.deleted.append(file_id)
            run.folders.append(path)

    def _may_go_on(self, run: _Run) -> bool:
        """Report when it is time; whether the removal is still to be done."""
        if self._clock.now() >= self._report_at:
            self._report()
        return not self.stop.is_set() and self._is_held(run)

    def _is_held(self, run: _Run) -> bool:
        if run.is_withdrawn:
            # What is deleted by now has to be told.
            run.is_finished = True
        return self._runs.get(run.removal.key) is run and not run.is_withdrawn

    def _give_up_site(self, key: TransferKey) -> None:
        """Give back what is held of a site that cannot be used."""
        with self._lock:
            lost = [
                run
                for run in self._runs.values()
                if run.removal.key.project_name == key.project_name
                and run.removal.key.site_name == key.site_name
                and not run.is_finished
            ]
            for run in lost:
                del self._runs[run.removal.key]
        self._release(lost)

    def _release(self, runs: Sequence[_Run]) -> None:
        leases = [
            LeaseKey(run.removal.key, run.removal.lease_token)
            for run in runs
            if not run.is_finished
        ]
        if leases:
            self._server.release(self._agent_id, leases, stopping=False)

    def _report(self) -> None:
        """Tell everything that is held; what is over is dropped."""
        with self._lock:
            runs = dict(self._runs)
        if not runs:
            return
        reports = [run.make_report() for run in runs.values()]
        self._report_at = self._clock.now() + REPORT_SECONDS
        answers = self._server.report_removals(self._agent_id, reports)
        finished = {report.key: report.finished for report in reports}
        for answer in answers:
            self._take_answer(
                runs[answer.key], answer, is_finished=finished[answer.key]
            )

    def _take_answer(
        self, run: _Run, answer: RemovalAnswer, *, is_finished: bool
    ) -> None:
        if answer.state == "held":
            run.confirmed_at = self._clock.now()
            return
        if answer.state == "cancelled" and not is_finished:
            run.is_withdrawn = True
            return
        with self._lock:
            if self._runs.get(answer.key) is run:
                del self._runs[answer.key]
        self._emit("removal", _describe(run, answer.state))


def _describe(run: _Run, state: str) -> dict[str, object]:
    """A removal that is over, for events."""
    paths = {file.id: file.path for file in run.removal.files}
    return {
        "projectName": run.removal.key.project_name,
        "representationId": run.removal.key.representation_id,
        "siteName": run.removal.key.site_name,
        "state": state,
        "files": len(run.removal.files),
        "filesDeleted": len(run.deleted),
        "errors": [
            {"path": paths[failure.id], "message": failure.message}
            for failure in run.failed
        ],
    }
