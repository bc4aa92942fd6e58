"""Connections to one server, kept open between uses.

Each user has a connection for himself while he needs it, so requests of several
threads never wait for each other, and a fast line is filled by several streams.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from .connection import Connection
from .options import SshOptions
from .session import LinkError

IDLE_SECONDS = 120.0
LOGINS_AT_ONCE = 4
"""OpenSSH's server refuses at random from ten unfinished logins on."""


class ConnectionPool:
    """Connections of one account on one server."""

    def __init__(self, options: SshOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._logins = threading.Semaphore(LOGINS_AT_ONCE)
        self._reaper_runs = False

    def take(self) -> Connection:
        """A connection for one thread. Raises `SiteUnhealthyError`."""
        while True:
            with self._lock:
                if not self._idle:
                    break
                connection = self._idle.pop()
            if connection.is_alive:
                return connection
            connection.close()
        with self._logins:
            return Connection(self._options)

    def give(self, connection: Connection) -> None:
        """Back after use; answers that nobody took are dropped."""
        try:
            connection.session.forget_all()
        except LinkError:
            connection.close()
        if not connection.is_alive:
            connection.close()
            # What is idle went the same way: none of it is waited for in vain.
            self.close()
            return
        connection.used_at = time.monotonic()
        with self._lock:
            self._idle.append(connection)
            starts_reaper = not self._reaper_runs
            self._reaper_runs = True
        if starts_reaper:
            reference = weakref.ref(self)
            threading.Thread(
                target=_close_idle, args=(reference,), name="ssh-idle", daemon=True
            ).start()

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """A connection for a few requests."""
        connection = self.take()
        try:
            yield connection
        except LinkError:
            connection.close()
            raise
        finally:
            self.give(connection)

    def close(self) -> None:
        """Close what nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close_idle(self, longest_seconds: float) -> bool:
        """Close what was idle for so long; whether any is left."""
        oldest = time.monotonic() - longest_seconds
        with self._lock:
            ended = [c for c in self._idle if c.used_at < oldest or not c.is_alive]
            self._idle = [c for c in self._idle if c not in ended]
            is_left = self._reaper_runs = bool(self._idle)
        for connection in ended:
            connection.close()
        return is_left


def _close_idle(reference: weakref.ref[ConnectionPool]) -> None:
    while True:
        time.sleep(IDLE_SECONDS / 4)
        pool = reference()
        if pool is None or not pool.close_idle(IDLE_SECONDS):
            return
        del pool


_pools: weakref.WeakValueDictionary[SshOptions, ConnectionPool]
_pools = weakref.WeakValueDictionary()
_pools_lock = threading.Lock()


def find_pool(options: SshOptions) -> ConnectionPool:
    """The one pool for these options: projects share their connections."""
    with _pools_lock:
        pool = _pools.get(options)
        if pool is None:
            pool = _pools[options] = ConnectionPool(options)
        return pool
