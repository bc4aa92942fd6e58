"""What breaks off our work though nothing is wrong with it: the database is away.

Postgres is restarted, another server takes over, a connection is cut, a statement
takes longer than the studio allows. All that we do may be done twice: requests say so
to who asked, what works in the background does it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import asyncpg.exceptions

from ..errors import CrossedError
from ..host import AyonException
from .crossings import do_until_uncrossed

T = TypeVar("T")

WAITS_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Between attempts: Postgres is back within a minute, or somebody is at it."""
_UNAVAILABLE = 503

# What Postgres, asyncpg, or the system where nobody listens, say of it.
INTERRUPTIONS = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.TooManyConnectionsError,
    asyncpg.exceptions.InterfaceError,
    asyncpg.exceptions.InternalClientError,
    OSError,
)


def is_interruption(error: BaseException) -> bool:
    """Tell whether the same may succeed soon, AYON's own refusals included."""
    if isinstance(error, AyonException):
        return bool(error.status == _UNAVAILABLE)
    # asyncpg's own complaints about a bound value are InterfaceErrors too.
    return isinstance(error, INTERRUPTIONS) and not isinstance(error, ValueError)


async def do_until_answered(work: Callable[[], Awaitable[T]]) -> T:
    """Do what may be done twice, again for a minute while the database is away.

    :raises Exception: that of the last attempt, or one that no waiting helps.
    """
    for seconds in WAITS_SECONDS:
        try:
            return await do_until_uncrossed(work)
        except CrossedError:
            raise
        except Exception as error:
            if not is_interruption(error):
                raise
        await asyncio.sleep(seconds)
    return await do_until_uncrossed(work)
