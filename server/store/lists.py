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
    async with Postgres.transaction():
        await Postgres.execute(_SQL.get("plan_for_values"))
        rows: list[Any] = await Postgres.fetch(query, *values)
    return rows
