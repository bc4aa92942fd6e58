"""Values that are asked for often and change seldom; safe to use from any thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from .bounded_calls import call_bounded
from .errors import NoAnswerError, RequestRefusedError, ServerError

log = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")


@dataclass
class _Entry(Generic[V]):
    value: V
    loaded_at: float
    is_refreshing: bool = False


class RefreshingCache(Generic[K, V]):
    """Values loaded on first use; older ones serve while a thread loads them anew.

    A load that fails is not tried again for `retry_seconds`, a refused one for
    `fresh_seconds`: its error is raised at once when there is no earlier value, else
    the earlier value goes on serving. Nobody waits longer than `patience_seconds` for
    a load (None = until it is done), a third of it after a failed one; a load that
    takes longer has failed for now and goes on. `what` names the values in messages;
    each failure is logged once.
    """

    def __init__(
        self,
        load: Callable[[K], V],
        *,
        fresh_seconds: float,
        retry_seconds: float,
        most: int,
        what: str = "the value of",
        patience_seconds: Optional[float] = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._what = what
        self._patience_seconds = patience_seconds
        self._fresh_seconds = fresh_seconds
        self._retry_seconds = retry_seconds
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._failures: OrderedDict[K, tuple[float, ServerError]] = OrderedDict()
        self._loading: dict[K, threading.Lock] = {}

    def get(self, key: K) -> V:
        """Raises the `ServerError` of the load when there is no value yet."""
        entry = self._find(key)
        if entry is not None:
            return entry.value
        with self._lock:
            gate = self._loading.setdefault(key, threading.Lock())
        try:
            with gate:
                # Another thread may have loaded it meanwhile.
                entry = self._find(key) or self._load_first(key)
        finally:
            with self._lock:
                self._loading.pop(key, None)
        return entry.value

    def get_fresh(self, key: K) -> V:
        """As `get`, but an older value serves only when it cannot be loaded anew.

        A load that failed lately is not tried again.
        """
        with self._lock:
            entry = self._entries.get(key)
            is_usable = entry is not None and (
                self._now() - entry.loaded_at < self._fresh_seconds
                or self._failed_lately(key)
            )
        if entry is None:
            return self.get(key)
        if is_usable:
            return entry.value
        try:
            return self._load_now(key).value
        except ServerError:
            return entry.value

    def list_known(self) -> dict[K, V]:
        """All values as they are, however old."""
        with self._lock:
            return {key: entry.value for key, entry in self._entries.items()}

    def reload(self, key: K) -> V:
        """Load it now, whatever is known. Raises the `ServerError` of the load."""
        return self._load_in_time(key, self._patience_seconds).value

    def _find(self, key: K) -> Optional[_Entry[V]]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            if (
                self._now() - entry.loaded_at < self._fresh_seconds
                or entry.is_refreshing
                or self._failed_lately(key)
            ):
                return entry
            entry.is_refreshing = True
        threading.Thread(
            target=self._refresh, args=(key,), name="sitesync-refresh", daemon=True
        ).start()
        return entry

    def _load_first(self, key: K) -> _Entry[V]:
        """There is no value yet. Raises the `ServerError` of the load."""
        patience = self._patience_seconds
        with self._lock:
            failure = self._failures.get(key)
            if failure is not None:
                if self._failed_lately(key):
                    # Else it would grow by this call's frames, each time.
                    raise failure[1].with_traceback(None)
                patience = patience and patience / 3
        return self._load_in_time(key, patience)

    def _load_in_time(self, key: K, seconds: Optional[float]) -> _Entry[V]:
        """Raises `NoAnswerError` when it takes longer; the load goes on then."""
        if seconds is None:
            return self._load_now(key)
        try:
            return call_bounded(lambda: self._load_now(key), seconds)
        except NoAnswerError as error:
            # Nobody else waits for it meanwhile.
            self._note_failure(key, error)
            raise

    def _failed_lately(self, key: K) -> bool:
        failure = self._failures.get(key)
        if failure is None:
            return False
        at, error = failure
        is_refused = isinstance(error, RequestRefusedError)
        pause = self._fresh_seconds if is_refused else self._retry_seconds
        return self._now() - at < pause

    def _load_now(self, key: K) -> _Entry[V]:
        try:
            value = self._load(key)
        except ServerError as error:
            self._note_failure(key, error)
            raise
        entry = _Entry(value, self._now())
        with self._lock:
            self._failures.pop(key, None)
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        return entry

    def _note_failure(self, key: K, error: ServerError) -> None:
        with self._lock:
            before = self._failures.get(key)
            self._failures[key] = (self._now(), error)
            self._failures.move_to_end(key)
            while len(self._failures) > self._most:
                self._failures.popitem(last=False)
            has_value = key in self._entries
        level = logging.WARNING
        if before is not None and str(before[1]) == str(error):
            level = logging.DEBUG
        what = f"{self._what} '{key}'" if key else self._what
        rest = "; the last known serve" if has_value else ""
        log.log(level, "Site Sync cannot read %s%s: %s", what, rest, error)

    def _refresh(self, key: K) -> None:
        try:
            self._load_now(key)
        except ServerError:
            # It is told already, and what is known goes on serving.
            return
        finally:
            with self._lock:
                entry = self._entries.get(key)
                if entry is not None:
                    entry.is_refreshing = False
