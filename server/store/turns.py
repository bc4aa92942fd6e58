"""Long work in pieces: others get their turn in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

# How long one piece may hold up other requests.
PIECE_SECONDS = 0.005


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield items; whatever is done with them pauses when it took long enough."""
    started_at = time.perf_counter()
    for item in items:
        yield item
        if time.perf_counter() - started_at > PIECE_SECONDS:
            await asyncio.sleep(0)
            started_at = time.perf_counter()
