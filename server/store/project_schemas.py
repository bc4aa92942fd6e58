"""Which projects have a schema now, whatever AYON's list of projects says.

A project may be deleted, renamed or made again at any moment, by any process, and
AYON's list is a cache. Whoever runs into a table that is missing says so with `doubt`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import asyncpg

from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("schema")

MAX_AGE_SECONDS = 1.0

# What a statement says whose project's schema is gone, or has another name, by now.
PROJECT_GONE = (
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedFunctionError,
)


class ProjectSchemas:
    """The schemas of all projects by id, as they were a second ago at most."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ids: dict[str, int] = {}
        self._read_at: float | None = None

    async def find(self, project_name: str) -> int | None:
        """Return the id of a project's schema, another one each time it is made.

        None = there is no such project.
        """
        name = f"project_{project_name.lower()}"
        is_old = (
            self._read_at is None or self._clock() - self._read_at > MAX_AGE_SECONDS
        )
        if is_old or name not in self._ids:
            now = self._clock()
            rows = await Postgres.fetch(_SQL.get("project_schemas"))
            self._ids = {row["name"]: row["id"] for row in rows}
            self._read_at = now
        return self._ids.get(name)

    def doubt(self) -> None:
        """Look again the next time: a project is not as it was."""
        self._read_at = None


# One for all of this version in this process: what it knows is the database's.
existing = ProjectSchemas()
