"""The endpoints of agents: claim, report, renew, release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Response

from ..domain.transfer import Lease
from ..errors import (
    InvalidRequestError,
)
from ..host import (
    ClientSiteID,
    CurrentUser,
    Postgres,
    UserEntity,
    get_project_list,
)
from ..store.access import (
    may_enter,
)
from ..store.leases import Holder
from ..store.reports import TransferReport
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
from .claims import ClaimDesk, tell_rows
from .health import note_health
from .inputs import check_text
from .models import ErrorModel
from .removals import RemovalDesk
from .routing import SiteSyncRoute
from .services import Services


class TransferRoutes:
    """`/-/claim`, `/-/report`, `/-/renew`, `/-/release`: across all projects."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._removals = RemovalDesk(services)
        self._claims = ClaimDesk(services, self._removals)
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
        return answer(await self._claims.claim(user, site_id, claim))

    async def report_transfers(
        self, user: CurrentUser, site_id: ClientSiteID, report: ReportModel
    ) -> Response:
        """Apply results, extend the leases, and claim again if asked to."""
        _check_distinct(report.transfers)
        # One connection: each question alone would take one and reset it afterwards.
        async with Postgres.acquire():
            return answer(await self._take(user, site_id, report))

    async def _take(
        self, user: UserEntity, site_id: str | None, report: ReportModel
    ) -> dict[str, Any]:
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
            claimed = await self._claims.claim_after_report(user, site_id, report.claim)
        ordered = [answers[number] for number in sorted(answers)]
        return {"transfers": ordered, "removals": removals, "claimed": claimed}

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
            tell_rows(self._services, name, keys)
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

    async def _report(
        self, project_name: str, holder: Holder, transfers: list[TransferReportModel]
    ) -> list[dict[str, Any]]:
        reports = [
            TransferReport(
                lease=_lease(transfer),
                files=transfer.files,
                finished=transfer.finished,
            )
            for transfer in transfers
        ]
        results, changed = await self._services.reports.apply(
            project_name, holder, reports
        )
        tell_rows(self._services, project_name, changed)
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


def _by_project(items: Sequence[LeaseModel]) -> dict[str, list[int]]:
    """Return the numbers of the items of each project."""
    numbers: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        check_text("projectName", item.projectName)
        check_text("siteName", item.siteName)
        numbers.setdefault(item.projectName, []).append(number)
    return numbers


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
