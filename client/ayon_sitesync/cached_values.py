"""Values that are asked for often and change seldom; safe to use from any thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from .errors import ServerError

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

    A load that fails is not tried again for `retry_seconds`: its error is raised at
    once when there is no earlier value, else the earlier value goes on serving.
    """

    def __init__(
        self,
        load: Callable[[K], V],
        *,
        fresh_seconds: float,
        retry_seconds: float,
        most: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
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
        with gate:
            # Another thread may have loaded it meanwhile.
            entry = self._find(key)
            if entry is None:
                self._raise_recent_failure(key)
                entry = self._load_now(key)
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
        except ServerError as error:
            log.warning("An older value of %s goes on serving: %s", key, error)
            return entry.value

    def list_known(self) -> dict[K, V]:
        """All values as they are, however old."""
        with self._lock:
            return {key: entry.value for key, entry in self._entries.items()}

    def reload(self, key: K) -> V:
        """Load it now, whatever is known."""
        return self._load_now(key).value

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
            target=self._refresh,
            args=(key, entry),
            name="sitesync-refresh",
            daemon=True,
        ).start()
        return entry

    def _failed_lately(self, key: K) -> bool:
        failure = self._failures.get(key)
        return failure is not None and self._now() - failure[0] < self._retry_seconds

    def _raise_recent_failure(self, key: K) -> None:
        with self._lock:
            if self._failed_lately(key):
                raise self._failures[key][1]

    def _load_now(self, key: K) -> _Entry[V]:
        try:
            value = self._load(key)
        except ServerError as error:
            with self._lock:
                self._failures[key] = (self._now(), error)
                self._failures.move_to_end(key)
                while len(self._failures) > self._most:
                    self._failures.popitem(last=False)
            raise
        entry = _Entry(value, self._now())
        with self._lock:
            self._failures.pop(key, None)
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        return entry

    def _refresh(self, key: K, entry: _Entry[V]) -> None:
        try:
            self._load_now(key)
        except ServerError as error:
            log.debug("An older value of %s goes on serving: %s", key, error)
        finally:
            entry.is_refreshing = False
