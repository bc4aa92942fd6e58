"""Long work in pieces: others get their turn in between."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

# How long one piece may hold up other requests. Even the smallest request waits for
# others a dozen times until it is answered, each time for a piece.
PIECE_SECONDS = 0.001


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield items; whatever is done with them pauses when it took long enough."""
    started_at = time.perf_counter()
    for item in items:
        yield item
        if time.perf_counter() - started_at > PIECE_SECONDS:
            await asyncio.sleep(0)
            started_at = time.perf_counter()


class Gate:
    """Lets those who wait at it go on, a few in each round of the event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait for those who came before."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._let_go_on)
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _let_go_on(self) -> None:
        for _ in range(min(self._at_once, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():  # whoever waited may be gone
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._let_go_on)
