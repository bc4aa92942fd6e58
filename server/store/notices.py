"""Tells all workers what happened, and waits for it: NOTIFY and LISTEN of Postgres.

A worker listens on one connection of its own, opened when somebody waits for the first
time, closed when nobody has waited for a while, opened again when it breaks.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any

import asyncpg

from ..domain.notices import Notice, NoticeLog
from ..errors import TooManyWaitersError
from ..host import Postgres, ayonconfig, logging
from ..sql import QueryFile

_SQL = QueryFile("notices")

CHANNEL = "sitesync_live_v1"
MOST_BYTES = 6000
"""Of the names of sites in one notice: a payload of NOTIFY holds 8,000 bytes."""
MOST_WAITERS = 500
MOST_OF_USER = 200
IDLE_SECONDS = 300.0
RETRY_SECONDS = 1.0
CONNECT_SECONDS = 10.0
# Connections break silently behind firewalls: ask now and then.
CHECK_SECONDS = 15.0

# The package has no types.
_connect: Any = asyncpg.connect


class Notices:
    """The notices of one worker."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._log: NoticeLog | None = None
        self._changed = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self._waiters: Counter[str] = Counter()
        self._used_at = 0.0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return self._waiters.total()

    @contextmanager
    def seat(self, user_name: str) -> Iterator[None]:
        """Count a user's request that waits. Wait within.

        :raises TooManyWaitersError: this worker's seats, or the user's, are taken.
        """
        if self.waiting >= MOST_WAITERS or self._waiters[user_name] >= MOST_OF_USER:
            raise TooManyWaitersError
        self._waiters[user_name] += 1
        try:
            yield
        finally:
            self._waiters[user_name] -= 1
            if not self._waiters[user_name]:
                del self._waiters[user_name]
            self._used_at = self._clock()

    async def send(
        self, topic: str, project_name: str | None, site_names: Iterable[str]
    ) -> None:
        """Tell all workers. Call it after the transaction that it is about."""
        names = sorted(site_names)
        told = _cut(names)
        async with Postgres.transaction(force_new=True) as connection:
            await connection.execute(_SQL.get("lock"))
            await connection.execute(
                _SQL.get("send"),
                topic,
                project_name,
                told,
                len(told) < len(names),
            )

    async def position(self) -> int:
        """Return the newest position, 0 if the worker cannot listen now."""
        log = await self._ready_log(self._clock() + CONNECT_SECONDS)
        return 0 if log is None else log.position

    async def wait(
        self, position: int, timeout_seconds: float
    ) -> tuple[list[Notice] | None, int]:
        """Return what happened after a position, and the position after that.

        Waits until something did, or the time is up. None: some of it is not known
        here, as after a broken connection.
        """
        deadline = self._clock() + timeout_seconds
        while True:
            log = await self._ready_log(deadline)
            if log is None:
                return [], position
            found = log.after(position)
            if found is None:
                return None, log.position
            if found:
                return found, found[-1].position
            if deadline <= self._clock():
                return [], position
            await self._sleep(deadline)

    async def _ready_log(self, deadline: float) -> NoticeLog | None:
        """Return the log once the worker listens; None if it does not in time."""
        if self._listener is None:
            self._log = None
            # AYON keeps a request's connection in the context: it must not be shared.
            self._listener = asyncio.create_task(
                self._listen(), name="sitesync listen", context=Context()
            )
        while self._log is None and await self._sleep(deadline):
            pass
        return self._log

    async def _sleep(self, deadline: float) -> bool:
        """Sleep until something changes; False if the deadline was first."""
        try:
            async with asyncio.timeout(deadline - self._clock()):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _listen(self) -> None:
        """Listen until nobody has waited for a while."""
        try:
            while self._is_wanted():
                # A named boundary: whatever breaks the connection, another is made.
                try:
                    await self._listen_once()
                except Exception as error:
                    logging.warning(f"Site Sync listens to Postgres again: {error!r}")
                self._log = None
                await asyncio.sleep(RETRY_SECONDS if self._is_wanted() else 0)
        finally:
            self._listener = None
            self._log = None
            self._wake()

    def _is_wanted(self) -> bool:
        idle = self._clock() - self._used_at
        return self.waiting > 0 or idle < IDLE_SECONDS

    async def _listen_once(self) -> None:
        connection: Any = await _connect(
            ayonconfig.postgres_url, timeout=CONNECT_SECONDS
        )
        try:
            is_over = asyncio.Event()
            connection.add_termination_listener(lambda _: is_over.set())
            await connection.add_listener(CHANNEL, self._receive)
            async with connection.transaction():
                await connection.execute(_SQL.get("lock"))
                position = await connection.fetchval(_SQL.get("position"))
            self._log = NoticeLog(position)
            self._wake()
            while self._is_wanted() and not is_over.is_set():
                try:
                    async with asyncio.timeout(CHECK_SECONDS):
                        await is_over.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=CONNECT_SECONDS)
        finally:
            connection.terminate()

    def _receive(self, _connection: Any, _pid: int, _channel: str, text: str) -> None:
        content = json.loads(text)
        if self._log is None:
            return  # from before the log's beginning, which is counted as missed
        self._log.add(
            Notice(
                content["position"],
                content["topic"],
                content["projectName"],
                tuple(content["siteNames"]),
                content["overflow"],
            )
        )
        self._wake()


def _cut(names: list[str]) -> list[str]:
    """Return as many names as a notice holds."""
    told: list[str] = []
    size = 0
    for name in names:
        size += len(json.dumps(name, ensure_ascii=False).encode()) + 1
        if size > MOST_BYTES:
            break
        told.append(name)
    return told
