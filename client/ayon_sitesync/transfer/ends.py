"""The two sites of transfers: opened once, looked at, used within their limits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Callable, Optional, cast

from ..errors import (
    PathError,
    ServerError,
    SiteUnhealthyError,
    TransferError,
    describe_origin,
)
from ..paths import split_rootless
from ..providers.base import (
    MANY_PARALLEL,
    BandwidthProvider,
    Provider,
    ResumeProvider,
    SpaceProvider,
)
from ..work import Transfer, UnusableSite
from .journal import Journal
from .ports import Sites
from .progress import Progress
from .traffic import Passage, Traffic

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What the transfers of one agent share."""

    sites: Sites
    traffic: Traffic
    progress: Progress
    journal: Optional[Journal] = None


class Ends:
    """Source and target of transfers; safe to use from any thread."""

    def __init__(self, transfers: Sequence[Transfer], shared: Surroundings) -> None:
        """`transfers`: one, or several between the same two sites."""
        self._transfers = transfers
        self._shared = shared
        self._lock = threading.Lock()
        self._providers: Optional[tuple[Provider, Provider]] = None
        key = transfers[0].key
        self._source = UnusableSite(key.project_name, transfers[0].source_site)
        self._target = UnusableSite(key.project_name, key.site_name)

    # --- open ------------------------------------------------------------------------

    def open(self) -> tuple[Provider, Provider]:
        """Both sites' storage, looked at once for all files.

        Raises `SiteUnhealthyError` for the one that cannot be used.
        """
        with self._lock:
            if self._providers is None:
                source = self._open_one(self._source)
                target = self._open_one(self._target)
                journal = self._shared.journal
                if journal is not None and target.capabilities.resumes:
                    tokens = journal.list_tokens()
                    cast(ResumeProvider, target).spare_parts(tokens)
                # Before others get past this: what makes folders makes a missing root.
                self._check_health(source, target)
                # Nor does a byte move before they are held to their limits.
                self._apply_rates(source, target)
                self._providers = (source, target)
            return self._providers

    def _open_one(self, place: UnusableSite) -> Provider:
        try:
            return self._shared.sites.open_site(place.project_name, place.site_name)
        except ServerError as error:
            reason = f"its settings could not be read: {error}"
            raise SiteUnhealthyError(place.site_name, reason) from error

    def _check_health(self, source: Provider, target: Provider) -> None:
        roots = self._list_roots()
        source.check_health(roots, writable=False)
        target.check_health(roots, writable=True)

    def _list_roots(self) -> set[str]:
        roots = set()
        for transfer in self._transfers:
            for file in transfer.files:
                # A file with an unusable path fails for itself.
                with suppress(PathError):
                    roots.add(split_rootless(file.path)[0])
        return roots

    def find_fault_behind(self, error: TransferError) -> Optional[SiteUnhealthyError]:
        """What is wrong with a whole site, where that is behind a file's error."""
        return error if isinstance(error, SiteUnhealthyError) else self.find_fault()

    def find_fault(self) -> Optional[SiteUnhealthyError]:
        """What is wrong with one of the sites now."""
        if self._providers is None:
            return None
        try:
            self._check_health(*self._providers)
        except SiteUnhealthyError as fault:
            return fault
        except Exception as error:  # the file's own error is told all the same
            log.warning("A site could not be looked at: %s", describe_origin(error))
        return None

    # --- limits ----------------------------------------------------------------------

    def enter(self, retry: Callable[[], object]) -> Optional[Passage]:
        """As `Traffic.enter` for both sites."""
        return self._shared.traffic.enter((self._source, self._target), retry)

    def count_parallel(self, passage: Passage) -> int:
        """How many files of a batch may be under way at once. Call it once."""
        if not self.open()[1].capabilities.takes_many:
            return 1
        return self._shared.traffic.widen(passage, MANY_PARALLEL)

    def leave(self, passage: Passage) -> None:
        self._shared.traffic.leave(passage)

    def pace(self, moved: int, stop: threading.Event) -> None:
        """Count bytes on both sites, and wait as long as their limits want.

        Not any longer once `stop` is set. Raises `SiteClosedError` when the timetable
        of one allows nothing any more.
        """
        ends = self.open()
        if any(end.capabilities.limits_bandwidth for end in ends):
            self._apply_rates(*ends)
        for place, provider in zip((self._source, self._target), ends):
            if provider.capabilities.limits_bandwidth:
                continue
            delay = self._shared.traffic.charge(place, moved)
            while delay > 0:
                self._shared.traffic.wait(stop, delay)
                if stop.is_set():
                    return
                delay = self._shared.traffic.charge(place, 0)

    def _apply_rates(self, source: Provider, target: Provider) -> None:
        """Raise when a site is closed; who keeps rates by itself gets the lower one.

        What another process moves does not wait for the bytes that are counted here.
        """
        places = self._source, self._target
        rates = [self._shared.traffic.find_rate(place) for place in places]
        rate = min((rate for rate in rates if rate is not None), default=None)
        for provider in (source, target):
            if provider.capabilities.limits_bandwidth:
                cast(BandwidthProvider, provider).set_bandwidth(rate)

    def reserve(self, sizes: Iterable[Optional[int]]) -> AbstractContextManager[None]:
        """Room on the target for files of these sizes, as `Traffic.reserve`."""
        target = self.open()[1]

        def find_free() -> Optional[int]:
            if not target.capabilities.tells_space:
                return None
            return cast(SpaceProvider, target).find_free_bytes(self._list_roots())

        size = sum(size or 0 for size in sizes)
        return self._shared.traffic.reserve(self._target, size, find_free)
