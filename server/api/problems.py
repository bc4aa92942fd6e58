"""What needs somebody's attention: of one project, and of all at a glance."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any, Literal

from fastapi import APIRouter, Response

from ..domain.pauses import Pauses
from ..domain.problems import Problem, unprepared
from ..domain.secret_names import find_secret_names
from ..domain.setting_faults import (
    SettingFault,
    find_faults,
    list_programs,
    missing_secret,
)
from ..domain.site import STUDIO_SITE
from ..host import (
    ClientSiteID,
    CurrentUser,
    ForbiddenException,
    OPModel,
    ProjectName,
    get_project_list,
)
from ..store.access import Caller, may_enter, readable_paths
from ..store.problems import AgentFacts, View
from .activity import KnownAgentModel
from .answers import answer
from .models import ErrorModel, TotalsModel
from .pauses import PausedModel
from .routing import SiteSyncRoute
from .services import Services

PROJECTS_AT_ONCE = 4
"""Of an overview. Each takes a connection; more would take what others wait for."""


class OverviewProblemModel(OPModel):
    """`todo` says what to do. `since` is null where nobody knows."""

    code: str
    severity: Literal["error", "warning"]
    siteName: str | None
    text: str
    todo: str
    count: int
    since: float | None


class ProjectProblemModel(OverviewProblemModel):
    """`representationIds` are some of those that it is about."""

    representationIds: list[str]


class ProblemsModel(OPModel):
    problems: list[ProjectProblemModel]


class OverviewSiteModel(OPModel):
    """`bytesPerSecond` is what arrives on the site."""

    siteName: str
    kind: Literal["studio", "configured", "machine"]
    provider: str
    isPaused: bool
    totals: dict[str, TotalsModel]
    bytesPerSecond: float


class OverviewProjectModel(OPModel):
    """`queuedTotal` is counted up to 10,000; `moving` are transfers under way."""

    projectName: str
    isEnabled: bool
    sites: list[OverviewSiteModel]
    problems: list[OverviewProblemModel]
    queuedTotal: int
    moving: int


class OverviewModel(OPModel):
    projects: list[OverviewProjectModel]
    agents: list[KnownAgentModel]
    pauses: list[PausedModel]


class ProblemRoutes:
    """`problems` of a project, `/-/overview`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add(
            "/{project_name}/problems",
            self.list_problems,
            responses={200: {"model": ProblemsModel}},
        )
        add(
            "/-/overview",
            self.get_overview,
            responses={200: {"model": OverviewModel}},
        )

    async def list_problems(
        self, project_name: ProjectName, user: CurrentUser, site_id: ClientSiteID
    ) -> Response:
        """Return what is wrong: errors first, and of these what began last."""
        caller = Caller(user, site_id)
        return answer({"problems": await self.read_problems(project_name, caller)})

    async def read_problems(
        self, project_name: str, caller: Caller
    ) -> list[dict[str, Any]]:
        problems = await find_problems(self._services, project_name, caller)
        return [describe_problem(each) for each in problems]

    async def get_overview(self, user: CurrentUser) -> Response:
        """Return the projects that you may read: sites, totals and problems."""
        services, caller = self._services, Caller(user)
        names = sorted(
            [
                project.name
                for project in await get_project_list()
                if await may_enter(user, project.name)
            ]
        )
        facts = await services.problems.agent_facts()
        pauses = await services.pauses.load()
        projects = await self._overlook_all(names, caller, facts, pauses)
        ready = [name for name in names if await services.keeper.is_ready(name)]
        return answer(
            {
                "projects": [project for project in projects if project is not None],
                "agents": await services.activity.agents(ready),
                "pauses": [
                    pause
                    for pause in await services.pauses.list()
                    if pause["projectName"] is None or pause["projectName"] in names
                ],
            }
        )

    async def _overlook_all(
        self, names: list[str], caller: Caller, facts: AgentFacts, pauses: Pauses
    ) -> list[dict[str, Any] | None]:
        """Describe projects, a few at a time."""
        room = asyncio.Semaphore(PROJECTS_AT_ONCE)

        async def overlook(project_name: str) -> dict[str, Any] | None:
            async with room:
                return await self._overlook(project_name, caller, facts, pauses)

        # AYON keeps a request's connection in the context: each needs its own.
        tasks = [
            asyncio.create_task(overlook(name), context=Context()) for name in names
        ]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _overlook(
        self, project_name: str, caller: Caller, facts: AgentFacts, pauses: Pauses
    ) -> dict[str, Any] | None:
        """Describe one project; None if the caller may read no folder of it."""
        services = self._services
        if not await services.keeper.is_ready(project_name):
            services.keeper.request(project_name)
            sites = await services.configuration.for_project(project_name)
            return _project(project_name, sites.enabled, [unprepared(project_name)])
        try:
            view = await load_view(services, project_name, caller)
        except ForbiddenException:
            return None
        problems = await services.problems.find(view, facts)
        rates = await services.problems.rates(project_name, view.paths)
        names = dict.fromkeys(
            [STUDIO_SITE, *view.sites.configured, *sorted(view.totals)]
        )
        return {
            **_project(project_name, view.sites.enabled, problems),
            "sites": [
                {
                    "siteName": name,
                    "kind": view.sites.kind(name).value,
                    "provider": view.sites.provider(name),
                    "isPaused": pauses.cover(project_name, [name]),
                    "totals": view.totals.get(name, {}),
                    "bytesPerSecond": rates.get(name, (0, 0.0))[1],
                }
                for name in names
            ],
            "queuedTotal": await services.activity.count_waiting(
                project_name, view.paths
            ),
            "moving": sum(moving for moving, _ in rates.values()),
        }


async def find_problems(
    services: Services, project_name: str, caller: Caller
) -> list[Problem]:
    """Return the problems of a project that the caller has access to."""
    if not await services.keeper.is_ready(project_name):
        services.keeper.request(project_name)
        return [unprepared(project_name)]
    view = await load_view(services, project_name, caller)
    return await services.problems.find(view, await services.problems.agent_facts())


async def load_view(services: Services, project_name: str, caller: Caller) -> View:
    """Return a project as the caller sees it.

    :raises ForbiddenException: he may read no folder of it.
    """
    paths = await readable_paths(caller, project_name)
    return View(
        project_name,
        await services.configuration.for_caller(project_name, caller),
        await find_setting_faults(services, project_name, caller),
        paths,
        (await services.summary.site_totals(project_name, paths)).totals,
    )


async def find_setting_faults(
    services: Services, project_name: str, caller: Caller
) -> list[SettingFault]:
    """Return what is wrong in the settings that the caller has."""
    configuration = services.configuration
    settings, unreadable = await configuration.load_with_faults(project_name, caller)
    studio = await configuration.load_studio()
    named = {
        site["name"]: find_secret_names(site.get(site["provider"]))
        for site in settings["sites"]
    }
    missing = await services.credentials.find_missing(set().union(*named.values()))
    return [
        *unreadable,
        *find_faults(settings, list_programs(studio)),
        *(
            missing_secret(site_name, name)
            for site_name, names in named.items()
            for name in sorted(names & missing)
        ),
    ]


def describe_problem(problem: Problem) -> dict[str, Any]:
    return {
        **_describe_shortly(problem),
        "representationIds": list(problem.representation_ids),
    }


def _describe_shortly(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "siteName": problem.site_name,
        "text": problem.text,
        "todo": problem.todo,
        "count": problem.count,
        "since": problem.since,
    }


def _project(
    project_name: str, is_enabled: bool, problems: list[Problem]
) -> dict[str, Any]:
    return {
        "projectName": project_name,
        "isEnabled": is_enabled,
        "sites": [],
        "problems": [_describe_shortly(problem) for problem in problems],
        "queuedTotal": 0,
        "moving": 0,
    }
