"""What moves, what waits, what was done, and who does it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..host import Postgres
from ..sql import QueryFile
from .access import Paths
from .agents import LIVE_SECONDS
from .lists import fetch_by_ids
from .rows import current_time

_SQL = QueryFile("activity")

MOST_COUNTED = 10_000
"""The count of what waits stops here."""
PROJECTS_AT_ONCE = 50
"""Asked in one statement; more would take longer to plan than to run."""


class ActivityStore:
    """Reads of leases, of the queue, and of the history of attempts."""

    async def moving(
        self,
        project_name: str,
        paths: Paths,
        first: int,
        site_names: list[str] | None,
    ) -> list[dict[str, Any]]:
        """Return transfers that agents are at, those with the latest news first.

        `site_names`: only those to these sites; None = to all.
        """
        now = await current_time(project_name)
        query = _SQL.get("moving", project_name, parents="parents")
        rows = await Postgres.fetch(query, paths, now, first, site_names)
        return [_moving(row, now) for row in rows]

    async def queued(
        self,
        project_name: str,
        paths: Paths,
        first: int,
        site_names: list[str] | None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Return what waits in the queue's order, and how much waits (to 10,000)."""
        now = await current_time(project_name)
        query = _SQL.get("queued", project_name, parents="parents")
        rows = await Postgres.fetch(query, paths, now, first, site_names)
        total = await self.count_waiting(project_name, paths, site_names)
        waiting = [
            {
                "position": position,
                "priority": row["priority"],
                "dueAt": row["due_at"],
                "lastError": row["last_error"],
                **_names(row),
            }
            for position, row in enumerate(rows, 1)
        ]
        return waiting, total

    async def count_waiting(
        self, project_name: str, paths: Paths, site_names: list[str] | None = None
    ) -> int:
        """Count what waits for an agent, up to 10,000."""
        now = await current_time(project_name)
        query = _SQL.get(
            "queued_total",
            project_name,
            parents="no_parents" if paths is None else "parents",
            readable="everywhere" if paths is None else "on_paths",
        )
        [row] = await fetch_by_ids(query, paths, now, MOST_COUNTED, site_names)
        return int(row["total"])

    async def throughput(
        self, project_name: str, minutes: int, site_name: str | None
    ) -> list[dict[str, Any]]:
        """Return the bytes that arrived by minute and site; empty minutes are out."""
        now = await current_time(project_name)
        found: dict[float, dict[str, int]] = {}
        for row in await Postgres.fetch(
            _SQL.get("throughput", project_name), now, minutes, site_name
        ):
            found.setdefault(row["at"], {})[row["site_name"]] = row["bytes"]
        return [{"at": at, "sites": sites} for at, sites in found.items()]

    async def attempts(
        self,
        project_name: str,
        representation_id: str,
        site_name: str | None,
        first: int,
        after: tuple[int, str] | None,
    ) -> list[dict[str, Any]]:
        """Return runs, newest first. `position` and `attemptId` are a run's key."""
        rows = await Postgres.fetch(
            _SQL.get("attempts", project_name),
            representation_id,
            site_name,
            first,
            *(after or (None, None)),
        )
        return [
            {
                "attemptId": row["token"],
                "siteName": row["site_name"],
                "sourceSite": row["source_site"],
                "agentId": row["agent_id"],
                "hostname": row["hostname"],
                "userName": row["user_name"],
                "startedAt": row["started_at"],
                "finishedAt": row["finished_at"],
                "outcome": row["outcome"],
                "filesTotal": row["files_total"],
                "filesSynced": row["files_synced"],
                "filesFailed": row["files_failed"],
                "bytesDone": row["bytes_done"],
                "errors": [
                    {
                        "fileId": error.get("id"),
                        "errorClass": error.get("errorClass"),
                        "message": error.get("message"),
                    }
                    for error in row["errors"]
                ],
                "position": row["position"],
            }
            for row in rows
        ]

    async def held_sites(self, project_name: str) -> dict[str, list[str]]:
        """Return the sites that agents move from and to now, by agent."""
        rows = await Postgres.fetch(_SQL.get("held_sites", project_name))
        return {row["agent_id"]: row["site_names"] for row in rows}

    async def agents(self, project_names: list[str]) -> list[dict[str, Any]]:
        """Return agents, live ones first, with what they hold in the projects.

        The sites that live ones cannot use are told of these projects only.
        """
        held: Counter[str] = Counter()
        for start in range(0, len(project_names), PROJECTS_AT_ONCE):
            names = project_names[start : start + PROJECTS_AT_ONCE]
            query = "\nUNION ALL\n".join(_SQL.get("held", name) for name in names)
            for row in await Postgres.fetch(query):
                held[row["agent_id"]] += row["held"]
        return [
            {
                "agentId": row["agent_id"],
                "siteName": row["site_name"],
                "hostname": row["hostname"],
                "userName": row["user_name"],
                "version": row["version"],
                "startedAt": row["started_at"],
                "seenAt": row["seen_at"],
                "isLive": row["is_live"],
                "state": _agent_state(row["is_live"], held[row["agent_id"]]),
                "held": held[row["agent_id"]],
                **_health(row, project_names),
            }
            for row in await Postgres.fetch(_SQL.get("agents"), LIVE_SECONDS)
        ]


def _health(row: Any, project_names: list[str]) -> dict[str, Any]:
    """Return what a live agent tells of itself; one that is gone tells nothing."""
    health = row["health"] if row["is_live"] else None
    if not health:
        return {"bytesPerSecond": 0.0, "problems": []}
    return {
        "bytesPerSecond": float(health["bytesPerSecond"]),
        "problems": [
            site for site in health["sites"] if site["projectName"] in project_names
        ],
    }


def _agent_state(is_live: bool, held: int) -> str:
    if not is_live:
        return "gone"
    return "working" if held else "idle"


def _names(row: Any) -> dict[str, Any]:
    return {
        "representationId": row["representation_id"],
        "siteName": row["site_name"],
        "folderPath": f"/{row['path']}",
        "product": row["product"],
        "version": row["version"],
        "representation": row["representation"],
        "filesTotal": row["files_total"] or 0,
        "filesDone": row["files_synced"] or 0,
        "bytesTotal": row["bytes_total"] or 0,
        "bytesDone": row["bytes_done"] or 0,
    }


def _moving(row: Any, now: float) -> dict[str, Any]:
    elapsed = now - row["claimed_at"]
    rate = row["moved"] / elapsed if elapsed > 0 else 0.0
    left = max((row["bytes_total"] or 0) - (row["bytes_done"] or 0), 0)
    return {
        **_names(row),
        "sourceSite": row["source_site"],
        "direction": "download" if row["own_site"] == row["site_name"] else "upload",
        "agentId": row["agent_id"],
        "hostname": row["hostname"],
        "userName": row["user_name"],
        "claimedAt": row["claimed_at"],
        "bytesPerSecond": rate,
        "etaSeconds": left / rate if rate > 0 else None,
    }
