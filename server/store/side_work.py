"""Work of Postgres while Python does its own: neither waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Let Postgres do some work while the block runs; its result is there afterwards.

    The work has the caller's connection, of which the block asks nothing. It ends
    before the block is left, whatever happens: no transaction ends before it.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.sleep(0)  # Postgres gets it
        yield task
    finally:
        await task
