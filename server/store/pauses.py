"""The table of pauses, across projects. It holds a handful of rows."""

from __future__ import annotations

from typing import Any

from ..domain.pauses import ANY, Pauses
from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("pauses")


class PauseStore:
    """Pauses of everything, of projects and of sites; they outlive restarts."""

    async def load(self) -> Pauses:
        rows = await Postgres.fetch(_SQL.get("scopes"))
        return Pauses(
            frozenset((row["project_name"], row["site_name"]) for row in rows)
        )

    async def pause(
        self, project_name: str, site_name: str, reason: str | None, user_name: str
    ) -> None:
        await Postgres.execute(
            _SQL.get("pause"), project_name, site_name, reason, user_name
        )

    async def resume(self, project_name: str, site_name: str) -> None:
        await Postgres.execute(_SQL.get("resume"), project_name, site_name)

    async def rename_project(self, old_name: str, new_name: str) -> None:
        await Postgres.execute(_SQL.get("rename_project"), old_name, new_name)

    async def forget_earlier_project(self, project_name: str) -> None:
        """Forget what was paused in a deleted project of the same name."""
        await Postgres.execute(_SQL.get("forget_earlier_project"), project_name)

    async def list(self) -> list[dict[str, Any]]:
        """Return the pauses as their endpoint answers them."""
        return [
            {
                "scope": _scope(row["project_name"], row["site_name"]),
                "projectName": row["project_name"] or None,
                "siteName": row["site_name"] or None,
                "reason": row["reason"],
                "userName": row["user_name"],
                "since": row["since"],
            }
            for row in await Postgres.fetch(_SQL.get("list"))
        ]


def _scope(project_name: str, site_name: str) -> str:
    if site_name != ANY:
        return "site"
    return "all" if project_name == ANY else "project"
