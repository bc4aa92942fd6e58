"""What agents get and tell beside transfers: files to delete, sites to scan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..domain.removal import RemovalFailure, RemovalReport
from ..store.due_rows import Outlook, Seeker
from ..store.leases import Holder
from ..store.removals import Remover
from .inputs import check_text, clean_message
from .removal_models import RemovalReportModel
from .services import Services

MESSAGE_LENGTH = 2000


class RemovalDesk:
    """Serves claims and reports of agents, over all their projects."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def claim(
        self, seekers: Iterable[Seeker], most: int, *, takes_scans: bool
    ) -> tuple[dict[str, Any], Outlook]:
        """Return `removals` and `scans` for an agent, and what is left of removals."""
        by_name = {seeker.project_name: seeker for seeker in seekers}
        removals: list[dict[str, Any]] = []
        scans: list[dict[str, Any]] = []
        pending, waits = 0, []
        if most or takes_scans:
            busy = await self._services.removals.projects_with_work(by_name)
            for name in busy:
                seeker = by_name[name]
                if takes_scans:
                    scans += await self._take_scan(seeker)
                if not most:
                    continue
                remover = await self._make_remover(seeker)
                removals += await self._claim_removals(remover, most - len(removals))
                outlook = await self._services.removals.outlook(remover)
                pending += outlook.pending
                if outlook.next_due_in_seconds is not None:
                    waits.append(outlook.next_due_in_seconds)
        found = {"removals": removals, "scans": scans}
        return found, Outlook(pending, min(waits, default=None))

    async def _make_remover(self, seeker: Seeker) -> Remover:
        route, sites = seeker.route, seeker.sites
        names = set(route.reachable)
        for name in route.reachable:
            names |= sites.aliases(name)
        return Remover(
            project_name=seeker.project_name,
            holder=seeker.holder,
            own_site=route.own_site,
            reachable=route.reachable,
            sites=sites,
            paths=seeker.paths,
            variant=seeker.variant,
            attended=await self._services.agents.live_among(sorted(names)),
        )

    async def _claim_removals(
        self, remover: Remover, most: int
    ) -> list[dict[str, Any]]:
        found, gone = await self._services.removals.claim(remover, most)
        self._tell(remover.project_name, gone)
        return found

    async def _take_scan(self, seeker: Seeker) -> list[dict[str, Any]]:
        scan = await self._services.scans.take(
            seeker.project_name, seeker.route.own_site, seeker.holder.agent_id
        )
        return [] if scan is None else [scan]

    async def report(
        self, holder: Holder, reports: list[RemovalReportModel], readable: set[str]
    ) -> list[dict[str, Any]]:
        """Apply reports in the projects `readable`; others have no such lease."""
        answers: dict[int, dict[str, Any]] = {}
        by_project: dict[str, list[int]] = {}
        for number, report in enumerate(reports):
            check_text("projectName", report.projectName)
            check_text("siteName", report.siteName)
            by_project.setdefault(report.projectName, []).append(number)
        for name, numbers in by_project.items():
            if name not in readable or not await self._services.keeper.is_ready(name):
                answers.update((number, _lost(reports[number])) for number in numbers)
                continue
            results, changed = await self._services.removal_reports.report(
                name, holder, [_report(reports[number]) for number in numbers]
            )
            self._tell(name, changed)
            for number, result in zip(numbers, results, strict=True):
                answers[number] = _answer(
                    reports[number], result.state, result.expires_at
                )
        return [answers[number] for number in sorted(answers)]

    async def release_all(self, project_name: str, holder: Holder) -> None:
        """Give back what an earlier run of an agent had in a project."""
        await self._services.removals.release(project_name, holder)
        await self._services.scans.give_back(project_name, holder.agent_id)

    def _tell(self, project_name: str, keys: set[tuple[str, str]]) -> None:
        if keys:
            self._services.live.state_changed(
                project_name, {key[0] for key in keys}, {key[1] for key in keys}
            )


def _report(model: RemovalReportModel) -> RemovalReport:
    return RemovalReport(
        representation_id=str(model.representationId),
        token=str(model.leaseToken),
        deleted=model.deleted,
        failed=[
            RemovalFailure(
                failure.id,
                failure.errorClass,
                clean_message(failure.message[:MESSAGE_LENGTH])
                or "The agent gave no reason",
            )
            for failure in model.failed
        ],
        is_finished=model.finished,
    )


def _lost(model: RemovalReportModel) -> dict[str, Any]:
    return _answer(model, "lost", None)


def _answer(
    model: RemovalReportModel, state: str, expires_at: float | None
) -> dict[str, Any]:
    return {
        "projectName": model.projectName,
        "representationId": model.representationId,
        "siteName": model.siteName,
        "state": state,
        "expiresAt": expires_at,
    }
