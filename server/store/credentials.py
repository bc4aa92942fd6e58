"""AYON's secrets, and the record of who was handed what they are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..host import Postgres, Secrets
from ..sql import QueryFile

_SQL = QueryFile("credentials")

KEPT_DAYS = 365
HANDED = "handed"


class CredentialStore:
    """Values of secrets are read here only, and kept nowhere."""

    async def read_secrets(self, names: Iterable[str]) -> dict[str, str]:
        """Return the values of secrets; unknown ones are left out."""
        found = {name: await Secrets.get(name) for name in set(names)}
        return {name: value for name, value in found.items() if value is not None}

    async def find_missing(self, names: Iterable[str]) -> set[str]:
        """Return those of the names that are no secrets."""
        wanted = set(names)
        if not wanted:
            return wanted
        rows = await Postgres.fetch(_SQL.get("existing_secrets"), list(wanted))
        return wanted - {row["name"] for row in rows}

    async def record(
        self,
        project_name: str,
        user_name: str,
        machine: str | None,
        variant: str,
        outcomes: Mapping[str, str],
    ) -> None:
        """Record what became of each site: `handed`, or why it was refused."""
        async with Postgres.transaction():
            await Postgres.execute(_SQL.get("forget_old"), KEPT_DAYS)
            sites = sorted(outcomes)
            await Postgres.execute(
                _SQL.get("record"),
                user_name,
                machine or "",
                project_name,
                sites,
                variant,
                [outcomes[site] for site in sites],
            )

    async def rename_project(self, old_name: str, new_name: str) -> None:
        """Let the record follow the name of its project."""
        await Postgres.execute(_SQL.get("rename_project"), old_name, new_name)

    async def list_handouts(
        self, project_name: str, first: int
    ) -> list[dict[str, Any]]:
        """Return the record of a project, the newest first."""
        return [
            {
                "userName": row["user_name"],
                "machine": row["machine"] or None,
                "siteName": row["site_name"],
                "variant": row["variant"],
                "outcome": row["outcome"],
                "times": row["times"],
                "firstAt": row["first_at"],
                "lastAt": row["last_at"],
            }
            for row in await Postgres.fetch(_SQL.get("list"), project_name, first)
        ]
