"""How far the background work of a project is, and that one worker does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..host import Postgres
from ..sql import QueryFile, project_schema

_SQL = QueryFile("upkeep")


@asynccontextmanager
async def take_turn(project_name: str) -> AsyncIterator[bool]:
    """One short transaction that a single worker has at a time; False = another has."""
    async with Postgres.transaction(force_new=True) as connection:
        await hold_folders(project_name)
        row = await connection.fetchrow(
            _SQL.get("try_lock"), project_schema(project_name)
        )
        yield bool(row["locked"])


async def hold_folders(project_name: str) -> None:
    """Let a deletion of the project wait for this transaction, or it for that one.

    AYON drops all tables at once, its own before ours. Who had taken some of ours and
    then wanted one of AYON's would deadlock with it, and the deletion could lose.
    """
    await Postgres.execute(_SQL.get("hold_folders", project_name))


async def read_position(project_name: str, name: str) -> str | None:
    """Return how far a work is; None when it never began."""
    row = await Postgres.fetchrow(_SQL.get("position", project_name), name)
    return None if row is None else str(row["position"])


async def write_position(project_name: str, name: str, position: str) -> None:
    await Postgres.execute(_SQL.get("write_position", project_name), name, position)


async def is_due(project_name: str, name: str, interval_seconds: float) -> bool:
    """Tell whether a work was last done, by whatever worker, longer ago than that."""
    row = await Postgres.fetchrow(
        _SQL.get("is_due", project_name), name, interval_seconds
    )
    return bool(row["is_due"])
