"""Running the queries of lists."""

from __future__ import annotations

from typing import Any

from ..host import Postgres
from ..sql import QueryFile
from .filters import Filters

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


async def fetch_filtered(
    name: str,
    project_name: str,
    filters: Filters,
    values: list[Any] | None = None,
    site_name: str | None = None,
    settings: str = "plan_for_values",
    **fragments: str,
) -> list[Any]:
    """Run the query `name` over what `filters` leave of a project.

    :param values: $19 and what follows.
    :param site_name: whose rows give an order, or counts.
    :param settings: the query that tells Postgres how to plan.
    """
    query = _SQL.get(
        name,
        project_name,
        conditions="conditions",
        sizes="sizes",
        filters=filters.fragments() or "nothing",
        **{"parents": filters.parents, **fragments},
    )
    folders = await _subtrees(project_name, filters.folder_ids)
    all_values = (*filters.values(folders, site_name), *(values or []))
    return await _fetch(settings, query, all_values)


async def _subtrees(
    project_name: str, folder_ids: list[str] | None
) -> list[str] | None:
    if folder_ids is None:
        return None
    rows = await Postgres.fetch(_SQL.get("subtrees", project_name), folder_ids)
    return [row["id"] for row in rows]


async def _fetch(settings: str, query: str, values: tuple[Any, ...]) -> list[Any]:
    async with Postgres.transaction():
        await Postgres.fetch(_SQL.get(settings))
        rows: list[Any] = await Postgres.fetch(query, *values)
    return rows
