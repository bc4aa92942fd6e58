"""Gathers what `domain.explanation` puts into words."""

from __future__ import annotations

from typing import Any

from ..domain.explanation import Facts, RemovalFacts
from ..domain.files import entry_status, parse_entries
from ..domain.pauses import Pauses
from ..domain.site import ProjectSites
from ..domain.status import SiteStatus
from ..host import Postgres
from ..sql import QueryFile
from .agents import AgentStore
from .rows import current_time

_SQL = QueryFile("explain")


class ExplainStore:
    """Reads one representation on one site with everything around it."""

    def __init__(self, agents: AgentStore) -> None:
        self._agents = agents

    async def facts(
        self,
        project_name: str,
        representation_id: str,
        site_name: str,
        sites: ProjectSites,
        pauses: Pauses,
    ) -> Facts:
        """Return what holds a representation that exists up on a site."""
        now = await current_time(project_name)
        row = await Postgres.fetchrow(
            _SQL.get("situation", project_name), representation_id, site_name, now
        )
        copies = await Postgres.fetch(
            _SQL.get("other_copies", project_name), representation_id, site_name
        )
        sources = [
            copy["site_name"] for copy in copies if copy["status"] == SiteStatus.SYNCED
        ]
        agents = await self._agents.of_sites([site_name, *sources])
        entries = parse_entries(row["data"]).values()
        statuses = [entry_status(entry) for entry in entries]
        return Facts(
            site_name=site_name,
            is_enabled=sites.enabled,
            is_known=sites.is_shared(site_name) or row["is_machine"],
            is_active=row["is_active"],
            status=row["status"],
            files_total=len(statuses),
            files_synced=statuses.count(SiteStatus.SYNCED),
            files_verified=row["files_verified"] or 0,
            files_failed=statuses.count(SiteStatus.FAILED),
            files_paused=statuses.count(SiteStatus.PAUSED),
            last_error=row["last_error"],
            due_in=None if row["due_at"] is None else max(row["due_at"] - now, 0.0),
            holder=row["agent_id"] and (row["hostname"] or row["user_name"]),
            sources=sources,
            serving_sites=[
                name
                for name in [site_name, *sources]
                if any(agent["isLive"] for agent in agents.get(name, []))
            ],
            pauses=_pauses(pauses, project_name, site_name),
            removal=_removal(row, now),
        )


def _removal(row: Any, now: float) -> RemovalFacts | None:
    if not row["is_removing"]:
        return None
    due_at = row["removal_due_at"]
    return RemovalFacts(
        is_held=row["is_removal_held"],
        message=row["removal_message"],
        due_in=None if due_at is None else max(due_at - now, 0.0),
    )


def _pauses(pauses: Pauses, project_name: str, site_name: str) -> list[str]:
    if pauses.cover(project_name, [site_name]):
        return [f"Everything, this project or '{site_name}' is paused"]
    return []
