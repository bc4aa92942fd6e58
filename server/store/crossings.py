"""What crosses our transactions: AYON deletes entities and projects at any moment.

Ours give way, so that no deletion in AYON fails because of Site Sync: they are rolled
back and begin anew, when it is known what is not there any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from ..errors import CrossedError
from ..host import Postgres
from ..sql import QueryFile
from .project_schemas import PROJECT_GONE, existing

_SQL = QueryFile("state")

ATTEMPTS = 3
T = TypeVar("T")


class BeingDeletedError(Exception):
    """Somebody is deleting this representation: nothing may be held while he does."""

    def __init__(self, project_name: str, representation_id: str) -> None:
        super().__init__(f"Representation {representation_id} is being deleted")
        self._project_name = project_name
        self._representation_id = representation_id

    async def wait(self) -> None:
        """Wait until it is gone, or stays."""
        async with Postgres.transaction(force_new=True) as connection:
            await connection.execute(
                _SQL.get("wait_for_representation", self._project_name),
                self._representation_id,
            )


# What a transaction of ours ends with when a deletion crosses it.
CROSSINGS = (
    BeingDeletedError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ForeignKeyViolationError,
    *PROJECT_GONE,
)


async def do_until_uncrossed(work: Callable[[], Awaitable[T]]) -> T:
    """Do what may be done twice again when a deletion crosses it.

    :raises CrossedError: it was crossed each time.
    """
    attempt = 0
    while True:
        try:
            return await work()
        except BeingDeletedError as error:
            await error.wait()
        except asyncpg.ForeignKeyViolationError:
            attempt += 1
            if attempt == ATTEMPTS:
                raise
        except (asyncpg.DeadlockDetectedError, *PROJECT_GONE) as error:
            existing.doubt()
            attempt += 1
            if attempt == ATTEMPTS:
                raise CrossedError from error
