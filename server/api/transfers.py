"""The endpoints of agents: claim, report, renew, release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from ..domain.files import MAX_MESSAGE_LENGTH, FileReport
from ..domain.pauses import Pauses
from ..domain.site import LOCAL_SITE, STUDIO_SITE
from ..domain.status import SiteStatus
from ..domain.transfer import LEASE_SECONDS, Agent, Budget, Lease, Route
from ..errors import (
    InvalidRequestError,
    LocalSiteNameError,
    NotAllowedError,
    SiteSyncError,
    UnknownProjectError,
)
from ..host import (
    AyonException,
    ClientSiteID,
    CurrentUser,
    ForbiddenException,
    UserEntity,
    get_project_list,
)
from ..store.access import (
    Caller,
    check_machine_site,
    is_machine_user,
    may_enter,
    readable_paths,
)
from ..store.leases import Holder
from ..store.reports import TransferReport
from ..store.transfer_queue import MORE_PENDING, MOST_PENDING, Seeker
from .agent_models import (
    ClaimAnswerModel,
    ClaimModel,
    LeaseModel,
    LeasesModel,
    ReleaseAnswerModel,
    ReleaseModel,
    RenewAnswerModel,
    ReportAnswerModel,
    ReportModel,
    TransferReportModel,
)
from .answers import answer
from .health import note_health
from .inputs import check_text, check_texts, clean_message
from .models import ErrorModel
from .removals import RemovalDesk
from .routing import SiteSyncRoute
from .services import Services


@dataclass(frozen=True)
class _Claim:
    """A claim whose agent is registered: who asks, and where there may be work."""

    body: ClaimModel
    agent: Agent
    user: UserEntity
    busy: list[str]
    is_shared_site: bool


class TransferRoutes:
    """`/-/claim`, `/-/report`, `/-/renew`, `/-/release`: across all projects."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._removals = RemovalDesk(services)
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        for path, endpoint, model in (
            ("/-/claim", self.claim_transfers, ClaimAnswerModel),
            ("/-/report", self.report_transfers, ReportAnswerModel),
            ("/-/renew", self.renew_leases, RenewAnswerModel),
            ("/-/release", self.release_leases, ReleaseAnswerModel),
        ):
            self.router.add_api_route(
                path, endpoint, methods=["POST"], responses={200: {"model": model}}
            )

    async def claim_transfers(
        self, user: CurrentUser, site_id: ClientSiteID, claim: ClaimModel
    ) -> Response:
        """Give transfers to an agent, in fair rotation over its projects."""
        return answer(await self._claim(user, site_id, claim))

    async def report_transfers(
        self, user: CurrentUser, site_id: ClientSiteID, report: ReportModel
    ) -> Response:
        """Apply results, extend the leases, and claim again if asked to."""
        _check_distinct(report.transfers)
        await self._services.agents.touch(report.agentId, user.name)
        await note_health(self._services, report.agentId, user.name, report.health)
        answers: dict[int, dict[str, Any]] = {}
        projects = await self._readable_projects(user)
        numbers_of = _by_project(report.transfers)
        for name in projects & numbers_of.keys():
            # Before anything is applied: the agent tells all of it again.
            await self._services.keeper.ensure_ready(name)
        for name, numbers in numbers_of.items():
            chosen = [report.transfers[number] for number in numbers]
            if name in projects:
                results = await self._report(
                    name, Holder(report.agentId, user.name), chosen
                )
            else:
                results = [_result(transfer, "lost", None, []) for transfer in chosen]
            answers.update(zip(numbers, results, strict=True))
        removals = await self._removals.report(
            Holder(report.agentId, user.name), report.removals, projects
        )
        claimed = None
        if report.claim is not None:
            claimed = await self._claim_after_report(user, site_id, report.claim)
        ordered = [answers[number] for number in sorted(answers)]
        return answer({"transfers": ordered, "removals": removals, "claimed": claimed})

    async def renew_leases(self, user: CurrentUser, request: LeasesModel) -> Response:
        """Extend leases."""
        await self._services.agents.touch(request.agentId, user.name)
        projects = await self._readable_projects(user)
        held: dict[str, tuple[set[str], float]] = {}
        for name, numbers in _by_project(request.leases).items():
            if name in projects and await self._services.keeper.is_ready(name):
                held[name] = await self._services.queue.renew(
                    name,
                    Holder(request.agentId, user.name),
                    _leases(request.leases[number] for number in numbers),
                )
        return answer({"leases": [_renewed(lease, held) for lease in request.leases]})

    async def release_leases(
        self, user: CurrentUser, request: ReleaseModel
    ) -> Response:
        """Give transfers back; their files return to the queue."""
        await self._services.agents.touch(request.agentId, user.name)
        projects = await self._readable_projects(user)
        released = 0
        for name, numbers in _by_project(request.leases).items():
            if name not in projects or not await self._services.keeper.is_ready(name):
                continue
            keys = await self._services.queue.release(
                name,
                Holder(request.agentId, user.name),
                _leases(request.leases[number] for number in numbers),
            )
            released += len(keys)
            self._tell(name, keys)
            released += await self._services.removals.release(
                name,
                Holder(request.agentId, user.name),
                [str(request.leases[number].leaseToken) for number in numbers],
            )
        if request.stopping:
            site = await self._services.agents.end(request.agentId, user.name)
            if site is not None:
                await self._services.live.agents_changed([site])
        return answer({"released": released})

    async def _claim_after_report(
        self, user: UserEntity, site_id: str | None, body: ClaimModel
    ) -> dict[str, Any]:
        """Claim; a refusal is told in the answer, as the results are written."""
        try:
            return await self._claim(user, site_id, body)
        except AyonException as error:
            code = error.error_code if isinstance(error, SiteSyncError) else "forbidden"
            detail = str(error.detail)
            return {
                "error": {"code": error.status, "errorCode": code, "detail": detail}
            }

    async def _claim(
        self, user: UserEntity, site_id: str | None, body: ClaimModel
    ) -> dict[str, Any]:
        claim, last_project = await self._open(user, site_id, body)
        budget = Budget(body.maxTransfers, body.maxFiles, int(body.maxBytes))
        pauses = await self._services.pauses.load()
        seekers = [
            seeker
            for name in _rotate(claim.busy, last_project)
            if (seeker := await self._seeker(claim, name, pauses)) is not None
        ]
        movers = [seeker for seeker in seekers if seeker.route.reachable]
        transfers, busy = await self._share_out(movers, budget)
        if transfers:
            await self._services.agents.remember_project(
                claim.agent.id, transfers[-1]["projectName"]
            )
        others, left = await self._removals.claim(
            seekers, body.maxRemovals, takes_scans=body.takesScans
        )
        most = MORE_PENDING if budget.is_spent else MOST_PENDING
        queue = self._services.queue
        outlooks = [await queue.outlook(seeker, most) for seeker in busy]
        outlooks.append(left)
        waits = [
            outlook.next_due_in_seconds
            for outlook in outlooks
            if outlook.next_due_in_seconds is not None
        ]
        return {
            "transfers": transfers,
            **others,
            "leaseSeconds": LEASE_SECONDS,
            "serverTime": await self._services.agents.now(),
            "nextDueInSeconds": min(waits, default=None),
            "pending": sum(outlook.pending for outlook in outlooks),
        }

    async def _open(
        self, user: UserEntity, site_id: str | None, body: ClaimModel
    ) -> tuple[_Claim, str | None]:
        """Check the agent and note its sign of life."""
        agent = Agent(
            id=str(body.agent.id),
            site_name=check_text("agent.siteName", body.agent.siteName),
            hostname=check_text("agent.hostname", body.agent.hostname),
            version=check_text("agent.version", body.agent.version),
            roots=_check_roots(body.agent.roots),
            run_id=None if body.agent.runId is None else str(body.agent.runId),
        )
        check_texts("serve", body.serve)
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
        return _Claim(body, agent, user, busy, is_shared), known.last_project

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
                self._tell(project.name, keys)

    async def _choose_projects(
        self, user: UserEntity, names: list[str] | None
    ) -> list[str]:
        check_texts("projects", names)
        existing = {project.name for project in await get_project_list()}
        readable = {name for name in existing if await may_enter(user, name)}
        if names is None:
            return sorted(readable)
        for name in names:
            if name not in existing:
                raise UnknownProjectError(name)
            if name not in readable:
                msg = f"You have no access to project '{name}'"
                raise NotAllowedError(msg)
        return sorted(set(names))

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
            await check_machine_site(site_name, caller)
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
    ) -> tuple[list[dict[str, Any]], list[Seeker]]:
        """Claim from each project its share; what one leaves goes to the others.

        Return the transfers, and who has rows left that are worth another look.
        """
        transfers: list[dict[str, Any]] = []
        hungry, busy = list(seekers), list(seekers)
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
                self._tell(seeker.project_name, claimed.changed)
                if not claimed.has_rows:
                    busy.remove(seeker)
                if len(claimed.transfers) == asked:
                    still_hungry.append(seeker)
            hungry = still_hungry
        return transfers, busy

    async def _report(
        self, project_name: str, holder: Holder, transfers: list[TransferReportModel]
    ) -> list[dict[str, Any]]:
        reports = [
            TransferReport(
                lease=_lease(transfer),
                files=[
                    FileReport(
                        id=check_text("files.id", file.id),
                        status=SiteStatus(file.status),
                        bytes_done=int(file.bytesDone),
                        checksum=file.checksum,
                        proof=file.proof,
                        is_source_read=file.sourceRead,
                        error_class=file.errorClass,
                        message=clean_message((file.message or "")[:MAX_MESSAGE_LENGTH])
                        or None,
                        retry_after_seconds=file.retryAfterSeconds,
                    )
                    for file in transfer.files
                ],
                finished=transfer.finished,
            )
            for transfer in transfers
        ]
        results, changed = await self._services.reports.apply(
            project_name, holder, reports
        )
        self._tell(project_name, changed)
        return [
            _result(transfer, result.state, result.expires_at, result.rejected)
            for transfer, result in zip(transfers, results, strict=True)
        ]

    async def _readable_projects(self, user: UserEntity) -> set[str]:
        """Return the projects that the user has access to."""
        return {
            project.name
            for project in await get_project_list()
            if await may_enter(user, project.name)
        }

    def _tell(self, project_name: str, keys: Iterable[tuple[str, str]]) -> None:
        pairs = list(keys)
        if pairs:
            self._services.live.state_changed(
                project_name, {key[0] for key in pairs}, {key[1] for key in pairs}
            )


def _rotate(names: list[str], last: str | None) -> list[str]:
    """Start after the project that was served last."""
    if last is None:
        return names
    return [name for name in names if name > last] + [
        name for name in names if name <= last
    ]


def _by_project(items: Sequence[LeaseModel]) -> dict[str, list[int]]:
    """Return the numbers of the items of each project."""
    numbers: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        check_text("projectName", item.projectName)
        check_text("siteName", item.siteName)
        numbers.setdefault(item.projectName, []).append(number)
    return numbers


def _check_roots(
    roots: dict[str, dict[str, str] | str],
) -> dict[str, dict[str, str] | str]:
    for name, value in roots.items():
        pairs = value if isinstance(value, dict) else {name: value}
        check_texts("agent.roots", [name, *pairs, *pairs.values()])
    return roots


def _check_distinct(transfers: Sequence[LeaseModel]) -> None:
    tokens = [transfer.leaseToken for transfer in transfers]
    if len(set(tokens)) < len(tokens):
        msg = "transfers: each leaseToken may occur once"
        raise InvalidRequestError("transfers", msg)


def _lease(model: LeaseModel) -> Lease:
    return Lease(
        str(model.representationId),
        model.siteName,
        str(model.leaseToken),
    )


def _leases(models: Iterable[LeaseModel]) -> list[Lease]:
    return [_lease(model) for model in models]


def _result(
    transfer: LeaseModel,
    state: str,
    expires_at: float | None,
    rejected: list[dict[str, str]],
) -> dict[str, Any]:
    return {
        "projectName": transfer.projectName,
        "representationId": transfer.representationId,
        "siteName": transfer.siteName,
        "state": state,
        "expiresAt": expires_at,
        "rejected": rejected,
    }


def _renewed(
    lease: LeaseModel, held: dict[str, tuple[set[str], float]]
) -> dict[str, Any]:
    tokens, expires_at = held.get(lease.projectName, (set(), 0.0))
    is_held = lease.leaseToken in tokens
    return {
        "projectName": lease.projectName,
        "representationId": lease.representationId,
        "siteName": lease.siteName,
        "state": "held" if is_held else "lost",
        "expiresAt": expires_at if is_held else None,
    }
