"""Scans that somebody asked for; an agent of the site takes, makes and tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("scans")

SCAN_SECONDS = 600.0
"""A scan that tells nothing for so long may be given to another agent."""


@dataclass(frozen=True)
class ScanCounts:
    """Files that are there, that should be, and those of another size or content.

    `message`: why the scan could not be done.
    """

    found: int
    missing: int
    different: int
    message: str | None


class ScanStore:
    """One scan per project and site: the last one."""

    async def request(self, project_name: str, site_name: str, user_name: str) -> float:
        """Ask for a scan; return when that was, which names it."""
        row = await Postgres.fetchrow(
            _SQL.get("request", project_name), site_name, user_name
        )
        return float(row["requested_at"])

    async def take(
        self, project_name: str, site_name: str, agent_id: str
    ) -> dict[str, Any] | None:
        """Give the scan of a site to an agent; None if there is nothing to do."""
        row = await Postgres.fetchrow(
            _SQL.get("take", project_name), site_name, agent_id, SCAN_SECONDS
        )
        if row is None:
            return None
        return {
            "projectName": project_name,
            "siteName": site_name,
            "requestedAt": row["requested_at"],
        }

    async def extend(self, project_name: str, site_name: str) -> None:
        """Note that a scan of the site goes on."""
        await Postgres.execute(
            _SQL.get("extend", project_name), site_name, SCAN_SECONDS
        )

    async def give_back(self, project_name: str, agent_id: str) -> None:
        await Postgres.execute(_SQL.get("give_back", project_name), agent_id)

    async def finish(
        self,
        project_name: str,
        site_name: str,
        requested_at: float,
        counts: ScanCounts,
    ) -> bool:
        """Keep what a scan found; False if another one was asked for meanwhile."""
        row = await Postgres.fetchrow(
            _SQL.get("finish", project_name),
            site_name,
            requested_at,
            counts.found,
            counts.missing,
            counts.different,
            counts.message,
        )
        return row is not None

    async def list(self, project_name: str) -> dict[str, dict[str, Any]]:
        """Return the last scan of each site, as `GET /{project}/sites` shows it."""
        records = await Postgres.fetch(_SQL.get("list", project_name))
        return {
            record["site_name"]: {
                "requestedAt": record["requested_at"],
                "startedAt": record["started_at"],
                "finishedAt": record["finished_at"],
                "found": record["found"],
                "missing": record["missing"],
                "different": record["different"],
                "message": record["message"],
            }
            for record in records
        }
