"""Claims of agents: who asks, in which projects there is work, and who gets what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..domain.pauses import Pauses
from ..domain.site import LOCAL_SITE, STUDIO_SITE
from ..domain.transfer import LEASE_SECONDS, Agent, Budget, Route
from ..errors import (
    LocalSiteNameError,
    NotAllowedError,
    SiteSyncError,
    UnknownProjectError,
)
from ..host import (
    AyonException,
    ForbiddenException,
    Postgres,
    UserEntity,
    get_project_list,
)
from ..store.access import (
    Caller,
    is_machine_user,
    may_enter,
    readable_paths,
)
from ..store.agents import Registration
from ..store.due_rows import MORE_PENDING, MOST_PENDING, Seeker, View
from ..store.leases import Holder
from .agent_models import ClaimModel
from .health import note_health
from .inputs import check_text, check_texts
from .removals import RemovalDesk
from .services import Services


@dataclass(frozen=True)
class _Claim:
    """A claim whose agent is registered: who asks, and where there may be work."""

    body: ClaimModel
    agent: Agent
    user: UserEntity
    busy: list[str]
    is_shared_site: bool


class ClaimDesk:
    """Serves claims over all projects of an agent."""

    def __init__(self, services: Services, removals: RemovalDesk) -> None:
        self._services = services
        self._removals = removals

    async def claim_after_report(
        self, user: UserEntity, site_id: str | None, body: ClaimModel
    ) -> dict[str, Any]:
        """Claim; a refusal is told in the answer, as the results are written."""
        try:
            return await self.claim(user, site_id, body)
        except AyonException as error:
            code = error.error_code if isinstance(error, SiteSyncError) else "forbidden"
            detail = str(error.detail)
            return {
                "error": {"code": error.status, "errorCode": code, "detail": detail}
            }

    async def claim(
        self, user: UserEntity, site_id: str | None, body: ClaimModel
    ) -> dict[str, Any]:
        # One connection: each question alone would take one and reset it afterwards.
        async with Postgres.acquire():
            claim, known = await self._open(user, site_id, body)
            return await self._serve(claim, known)

    async def _serve(self, claim: _Claim, known: Registration) -> dict[str, Any]:
        """Give what there is to an agent that is registered."""
        body, agents = claim.body, self._services.agents
        budget = Budget(body.maxTransfers, body.maxFiles, int(body.maxBytes))
        pauses = await self._services.pauses.load()
        seekers = [
            seeker
            for name in _rotate(claim.busy, known.last_project)
            if (seeker := await self._seeker(claim, name, pauses)) is not None
        ]
        movers = [seeker for seeker in seekers if seeker.route.reachable]
        transfers, views = await self._share_out(movers, budget)
        if transfers and transfers[-1]["projectName"] != known.last_project:
            await agents.remember_project(claim.agent.id, transfers[-1]["projectName"])
        others, left = await self._removals.claim(
            seekers, body.maxRemovals, takes_scans=body.takesScans
        )
        most = MORE_PENDING if budget.is_spent else MOST_PENDING
        outlooks = [left]
        for seeker in movers:
            view = views.get(seeker.project_name)
            outlooks.append(await self._services.queue.outlook(seeker, view, most))
        waits = [
            outlook.next_due_in_seconds
            for outlook in outlooks
            if outlook.next_due_in_seconds is not None
        ]
        has_leases = bool(transfers or others["removals"])
        return {
            "transfers": transfers,
            **others,
            "leaseSeconds": LEASE_SECONDS,
            # What leases are counted from is asked for after they were given.
            "serverTime": await agents.now() if has_leases else known.now,
            "nextDueInSeconds": min(waits, default=None),
            "pending": sum(outlook.pending for outlook in outlooks),
        }

    async def _open(
        self, user: UserEntity, site_id: str | None, body: ClaimModel
    ) -> tuple[_Claim, Registration]:
        """Check the agent and note its sign of life."""
        agent = Agent(
            id=str(body.agent.id),
            site_name=check_text("agent.siteName", body.agent.siteName),
            hostname=check_text("agent.hostname", body.agent.hostname),
            version=check_text("agent.version", body.agent.version),
            roots=_check_roots(body.agent.roots),
            run_id=None if body.agent.runId is None else str(body.agent.runId),
            serves=tuple(check_texts("serve", body.serve) or ()),
        )
        for site in body.exclude:
            check_texts("exclude", [site.projectName, site.siteName])
        check_text("variant", body.variant)
        if agent.site_name == LOCAL_SITE:
            raise LocalSiteNameError
        projects = await self._choose_projects(user, body.projects)
        busy = await self._services.queue.projects_with_work(
            [name for name in projects if await self._is_ready(name)]
        )
        caller = Caller(user, site_id)
        # Before a machine gets an owner: is its name that of a site, in any project?
        is_known = await is_machine_user(agent.site_name, caller)
        asked = busy if is_known else projects
        is_shared = await self._check_own_site(
            caller, agent.site_name, asked, body.variant
        )
        known = await self._services.agents.register(agent, user.name)
        await note_health(self._services, agent.id, user.name, body.health)
        if known.is_news:
            await self._services.live.agents_changed([agent.site_name])
        if known.is_restarted:
            await self._release_all(Holder(agent.id, user.name))
        return _Claim(body, agent, user, busy, is_shared), known

    async def _is_ready(self, project_name: str) -> bool:
        """Tell whether a project is prepared; have it prepared if it is not."""
        keeper = self._services.keeper
        if await keeper.is_ready(project_name):
            return True
        keeper.request(project_name)
        return False

    async def _release_all(self, holder: Holder) -> None:
        """Give back what an agent's earlier run held, in whatever project."""
        for project in await get_project_list():
            if await self._services.keeper.is_ready(project.name):
                keys = await self._services.queue.release_all(project.name, holder)
                await self._removals.release_all(project.name, holder)
                tell_rows(self._services, project.name, keys)

    async def _choose_projects(
        self, user: UserEntity, names: list[str] | None
    ) -> list[str]:
        """Return the projects that there may be work in: archived ones wait."""
        check_texts("projects", names)
        listed = await get_project_list()
        existing = {project.name for project in listed}
        readable = {name for name in existing if await may_enter(user, name)}
        archived = {project.name for project in listed if not project.active}
        if names is None:
            return sorted(readable - archived)
        for name in names:
            if name not in existing:
                raise UnknownProjectError(name)
            if name not in readable:
                msg = f"You have no access to project '{name}'"
                raise NotAllowedError(msg)
        return sorted(set(names) - archived)

    async def _check_own_site(
        self, caller: Caller, site_name: str, projects: list[str], variant: str
    ) -> bool:
        """Let an agent run for its site; tell whether that is a shared one.

        :raises NotAllowedError: a shared site is served by managers and services
            only, a machine by its users.
        """
        is_shared = site_name == STUDIO_SITE
        for name in projects:
            sites = await self._services.configuration.for_project(name, variant)
            is_shared = is_shared or sites.is_shared(site_name)
        if not is_shared:
            await self._services.machines.check(site_name, caller)
        elif not caller.is_manager:
            msg = (
                f"agent.siteName: the shared site '{site_name}' is served by "
                "service users and managers; use your machine's site id"
            )
            raise NotAllowedError(msg)
        return is_shared

    async def _seeker(
        self, claim: _Claim, project_name: str, pauses: Pauses
    ) -> Seeker | None:
        """Return who asks in a project; None if there is nothing to ask for."""
        own_site, body = claim.agent.site_name, claim.body
        unusable = {
            site.siteName for site in body.exclude if site.projectName == project_name
        }
        if own_site in unusable or pauses.cover(project_name, [own_site]):
            return None
        caller = Caller(claim.user, None if claim.is_shared_site else own_site)
        sites = await self._services.configuration.for_caller(
            project_name, caller, body.variant
        )
        reachable = sites.reachable(own_site, body.serve)
        usable = [
            site
            for site in reachable
            if site not in unusable and not pauses.cover(project_name, [site])
        ]
        route = Route(own_site, usable)
        if not sites.enabled:
            return None
        try:
            paths = await readable_paths(caller, project_name)
        except ForbiddenException:
            return None
        holder = Holder(claim.agent.id, claim.user.name)
        return Seeker(project_name, holder, route, paths, body.variant, sites)

    async def _share_out(
        self, seekers: list[Seeker], budget: Budget
    ) -> tuple[list[dict[str, Any]], dict[str, View]]:
        """Claim from each project its share; what one leaves goes to the others.

        Return the transfers, and what was seen of each project that was asked.
        """
        transfers: list[dict[str, Any]] = []
        views: dict[str, View] = {}
        hungry = list(seekers)
        while hungry and not budget.is_spent:
            share = -(-budget.transfers // len(hungry))
            still_hungry = []
            for seeker in hungry:
                if budget.is_spent:
                    break
                part = Budget(min(share, budget.transfers), budget.files, budget.bytes)
                asked = part.transfers
                claimed = await self._services.queue.claim(seeker, part)
                budget.transfers -= asked - part.transfers
                budget.files, budget.bytes = part.files, part.bytes
                transfers += claimed.transfers
                tell_rows(self._services, seeker.project_name, claimed.changed)
                views[seeker.project_name] = claimed.view
                if len(claimed.transfers) == asked:
                    still_hungry.append(seeker)
            hungry = still_hungry
        return transfers, views


def tell_rows(
    services: Services, project_name: str, keys: Iterable[tuple[str, str]]
) -> None:
    """Send the live update of changed rows."""
    pairs = list(keys)
    if pairs:
        services.live.state_changed(
            project_name, {key[0] for key in pairs}, {key[1] for key in pairs}
        )


def _rotate(names: list[str], last: str | None) -> list[str]:
    """Start after the project that was served last."""
    if last is None:
        return names
    return [name for name in names if name > last] + [
        name for name in names if name <= last
    ]


def _check_roots(
    roots: dict[str, dict[str, str] | str],
) -> dict[str, dict[str, str] | str]:
    for name, value in roots.items():
        pairs = value if isinstance(value, dict) else {name: value}
        check_texts("agent.roots", [name, *pairs, *pairs.values()])
    return roots
