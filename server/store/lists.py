"""Running the queries of lists."""

from __future__ import annotations

from typing import Any

from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("lists")


async def fetch_list(query: str, *values: Any) -> list[Any]:
    """Fetch rows with a plan made for these values.

    Filters are parameters that may be NULL. After a few runs Postgres would reuse one
    plan for all of them, which reads everything.
    """
    return await _fetch("plan_for_values", query, values)


async def fetch_by_ids(query: str, *values: Any) -> list[Any]:
    """Fetch what belongs to named ids, one by one whatever the size of the project."""
    return await _fetch("plan_for_ids", query, values)


async def _fetch(settings: str, query: str, values: tuple[Any, ...]) -> list[Any]:
    async with Postgres.transaction():
        await Postgres.fetch(_SQL.get(settings))
        rows: list[Any] = await Postgres.fetch(query, *values)
    return rows
