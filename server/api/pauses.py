"""Pauses of everything, a project or a site: persistent, obeyed by running agents."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response

from ..domain.pauses import ANY
from ..domain.site import LOCAL_SITE, MAX_SITE_NAME_LENGTH, STUDIO_SITE
from ..errors import (
    InvalidRequestError,
    LocalSiteNameError,
    NotAllowedError,
    UnknownProjectError,
)
from ..host import (
    ClientSiteID,
    CurrentUser,
    Field,
    OPModel,
    get_project_list,
)
from ..store.access import Caller, may_enter
from .answers import answer
from .inputs import check_text
from .models import ErrorModel
from .routing import SiteSyncRoute
from .services import Services

Scope = Literal["all", "project", "site"]


class PauseModel(OPModel):
    """`project` needs a projectName; `site` a siteName, and may be in one project."""

    scope: Scope
    projectName: str | None = Field(None, max_length=255)
    siteName: str | None = Field(None, max_length=MAX_SITE_NAME_LENGTH)
    paused: bool
    reason: str | None = Field(None, max_length=500)


class PausedModel(OPModel):
    scope: Scope
    projectName: str | None
    siteName: str | None
    reason: str | None
    userName: str
    since: float


class PausesModel(OPModel):
    pauses: list[PausedModel]


class PauseRoutes:
    """`/-/pauses`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add("/-/pauses", self.set_pause, methods=["POST"], status_code=204)
        add("/-/pauses", self.list_pauses, responses={200: {"model": PausesModel}})

    async def list_pauses(self, user: CurrentUser) -> Response:
        """Return what is paused, without projects that the user has no access to."""
        return answer({"pauses": await self.read_pauses(Caller(user))})

    async def read_pauses(self, caller: Caller) -> list[dict[str, Any]]:
        return [
            pause
            for pause in await self._services.pauses.list()
            if pause["projectName"] is None
            or await may_enter(caller.user, pause["projectName"])
        ]

    async def set_pause(
        self, user: CurrentUser, site_id: ClientSiteID, body: PauseModel
    ) -> Response:
        """Pause a scope, or let it go on.

        Claims give nothing of it, and agents are told with their next report. For
        managers; an artist pauses his own machine.
        """
        await self.change_pause(Caller(user, site_id), body)
        return Response(status_code=204)

    async def change_pause(self, caller: Caller, body: PauseModel) -> None:
        """Pause or resume.

        :raises NotAllowedError: the scope is not the caller's to order about.
        """
        project_name, site_name = _scope_of(body)
        projects = await self._projects(caller, project_name)
        await self._check_allowed(caller, site_name, projects)
        pauses = self._services.pauses
        if body.paused:
            reason = None if body.reason is None else check_text("reason", body.reason)
            await pauses.pause(project_name, site_name, reason, caller.name)
        else:
            await pauses.resume(project_name, site_name)
        await self._services.live.pauses_changed()

    async def _projects(self, caller: Caller, project_name: str) -> list[str]:
        names = [project.name for project in await get_project_list()]
        if project_name == ANY:
            return names
        if project_name not in names:
            raise UnknownProjectError(project_name)
        if not await may_enter(caller.user, project_name):
            msg = f"You have no access to project '{project_name}'"
            raise NotAllowedError(msg)
        return [project_name]

    async def _check_allowed(
        self, caller: Caller, site_name: str, projects: list[str]
    ) -> None:
        if caller.is_manager:
            return
        if site_name == ANY or await self._is_shared(site_name, projects):
            msg = (
                "Pausing everything, a project or a shared site is for managers; you "
                "may pause your own machine (scope site)"
            )
            raise NotAllowedError(msg)
        await self._services.machines.check(site_name, caller)

    async def _is_shared(self, site_name: str, projects: list[str]) -> bool:
        if site_name == STUDIO_SITE:
            return True
        for name in projects:
            sites = await self._services.configuration.for_project(name)
            if sites.is_shared(site_name):
                return True
        return False


def _scope_of(body: PauseModel) -> tuple[str, str]:
    """Return project and site of a scope.

    :raises InvalidRequestError: what the scope needs is missing, or more is given.
    """
    needs = {"all": (), "project": ("projectName",), "site": ("siteName",)}[body.scope]
    for field, value in (
        ("projectName", body.projectName),
        ("siteName", body.siteName),
    ):
        if field in needs and not value:
            msg = f"{field}: scope {body.scope} needs it"
            raise InvalidRequestError(field, msg)
        is_extra = field not in needs and (body.scope, field) != ("site", "projectName")
        if value and is_extra:
            msg = f"{field}: not allowed with scope {body.scope}"
            raise InvalidRequestError(field, msg)
        check_text(field, value or "")
    if body.siteName == LOCAL_SITE:
        raise LocalSiteNameError
    return body.projectName or ANY, body.siteName or ANY
