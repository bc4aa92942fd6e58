"""Agents: who runs where, and that no two machines run under one site id."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.site import STUDIO_SITE, ProjectSites
from ..domain.transfer import Agent
from ..errors import NotAllowedError, SiteIdInUseError
from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("agents")

# An agent without a sign for this long counts as gone.
LIVE_SECONDS = 60.0

MOST_MACHINES = 500
"""Machines that are listed where they have nothing of a project."""


@dataclass(frozen=True)
class Registration:
    """What a sign of life tells.

    `is_news`: the agent came or moved. `is_restarted`: the run that held the leases of
    this agent has ended. `now`: the studio's clock, epoch seconds.
    """

    is_news: bool
    is_restarted: bool
    last_project: str | None
    now: float


class AgentStore:
    """The table of agents, one row per process that ever asked for work."""

    async def register(self, agent: Agent, user_name: str) -> Registration:
        """Note a sign of life.

        :raises SiteIdInUseError: a live agent runs under this site id on another
            machine or with other roots.
        :raises NotAllowedError: the agent id is another user's.
        """
        same = await Postgres.fetchrow(
            _SQL.get("note_sign"),
            *_columns(agent, user_name),
            LIVE_SECONDS,
            agent.serves,
        )
        if same is not None:
            return Registration(
                is_news=False,
                is_restarted=False,
                last_project=same["last_project"],
                now=same["now"],
            )
        known = await Postgres.fetchrow(
            _SQL.get("register"), *_columns(agent, user_name), LIVE_SECONDS
        )
        if known["rival"] is not None:
            await Postgres.execute(
                _SQL.get("note_refusal"),
                agent.site_name,
                agent.hostname,
                known["rival"],
                user_name,
            )
            raise SiteIdInUseError(agent.site_name, known["rival"])
        if known["owner"] in (None, user_name):
            await Postgres.execute(_SQL.get("note_serving"), agent.id, agent.serves)
        if not known["is_known"]:
            return Registration(
                is_news=True, is_restarted=False, last_project=None, now=known["now"]
            )
        if known["owner"] != user_name:
            msg = "agent.id belongs to an agent of another user: make a new id"
            raise NotAllowedError(msg)
        is_restarted = None not in (known["run_id"], agent.run_id) and (
            known["run_id"] != agent.run_id
        )
        has_moved = known["site_name"] != agent.site_name
        return Registration(
            is_news=is_restarted or has_moved or not known["is_live"],
            is_restarted=is_restarted,
            last_project=known["last_project"],
            now=known["now"],
        )

    async def note_health(
        self, agent_id: str, user_name: str, health: dict[str, Any]
    ) -> str | None:
        """Keep an agent's health; return its site if its sites' faults are others."""
        row = await Postgres.fetchrow(
            _SQL.get("note_health"), agent_id, user_name, health
        )
        return str(row["site_name"]) if row is not None and row["is_news"] else None

    async def touch(self, agent_id: str, user_name: str) -> None:
        """Note a sign of life of an agent that is known already."""
        await Postgres.execute(_SQL.get("touch"), agent_id, user_name)

    async def end(self, agent_id: str, user_name: str) -> str | None:
        """Count an agent as gone at once; return its site if there is such an agent."""
        row = await Postgres.fetchrow(
            _SQL.get("end"), agent_id, user_name, LIVE_SECONDS
        )
        return None if row is None else str(row["site_name"])

    async def remember_project(self, agent_id: str, project_name: str) -> None:
        """Remember which project was served last; the next claim starts after it."""
        await Postgres.execute(_SQL.get("remember_project"), agent_id, project_name)

    async def of_sites(self, site_names: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the agents of sites, newest sign first."""
        rows = await Postgres.fetch(_SQL.get("of_sites"), site_names, LIVE_SECONDS)
        agents: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            agents.setdefault(row["site_name"], []).append(_describe(row))
        return agents

    async def serving(
        self, sites: ProjectSites, held: Mapping[str, Collection[str]]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the agents that serve shared sites from another one, by site.

        `held`: sites from and to which agents have transfers now, by agent. Those that
        run for a shared site serve what the project says; machines what they tell.
        """
        shared = [STUDIO_SITE, *sites.configured]
        rows = await Postgres.fetch(
            _SQL.get("serving"), shared, LIVE_SECONDS, list(held)
        )
        agents: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            own, serves = row["site_name"], row["serves"]
            reached = {name for name in serves if sites.is_shared(name)}
            if sites.is_shared(own):
                reached |= {*sites.reachable(own, serves)}
            reached |= {
                name for name in held.get(row["agent_id"], ()) if sites.is_shared(name)
            }
            for name in reached - {own}:
                agents.setdefault(name, []).append(_describe(row))
        return agents

    async def tell_gone(self) -> set[str]:
        """Return the sites of agents that fell silent, each agent to one who asks."""
        rows = await Postgres.fetch(_SQL.get("tell_gone"), LIVE_SECONDS)
        return {name for row in rows for name in (row["site_name"], *row["serves"])}

    async def live_sites_of(self, user_name: str) -> list[str]:
        """Return the own sites of a user's live agents, the first 20 by name."""
        rows = await Postgres.fetch(
            _SQL.get("live_sites_of_user"), user_name, LIVE_SECONDS
        )
        return [row["site_name"] for row in rows]

    async def live_among(self, site_names: list[str]) -> set[str]:
        """Return those of the sites that live agents have as their own."""
        rows = await Postgres.fetch(_SQL.get("live_among"), site_names, LIVE_SECONDS)
        return {row["site_name"] for row in rows}

    async def seen_machines(self) -> list[str]:
        """Return machines whose agents called in the last weeks, by name."""
        rows = await Postgres.fetch(_SQL.get("seen_machines"), MOST_MACHINES)
        return [row["site_name"] for row in rows]

    async def now(self) -> float:
        """Return the studio's clock in epoch seconds."""
        return float((await Postgres.fetchrow(_SQL.get("now")))["now"])


def _describe(row: Any) -> dict[str, Any]:
    return {
        "agentId": row["agent_id"],
        "hostname": row["hostname"],
        "userName": row["user_name"],
        "version": row["version"],
        "seenAt": row["seen_at"],
        "isLive": row["is_live"],
    }


def _columns(agent: Agent, user_name: str) -> tuple[Any, ...]:
    return (
        agent.id,
        agent.site_name,
        user_name,
        agent.hostname,
        agent.version,
        agent.roots,
        agent.run_id,
    )
