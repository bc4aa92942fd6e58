"""Who uses a machine site: its owner, and those whom he or a manager adds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from ..domain.site import LOCAL_SITE, MAX_SITE_NAME_LENGTH
from ..errors import InvalidRequestError, LocalSiteNameError
from ..host import ClientSiteID, CurrentUser, Field, OPModel
from ..store.access import Caller
from .answers import answer
from .inputs import check_text
from .models import ErrorModel
from .routing import SiteSyncRoute
from .services import Services


class MachineUserModel(OPModel):
    """`allowed` false takes the user off the machine."""

    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)
    userName: str = Field(..., min_length=1, max_length=255)
    allowed: bool = True


class ListedUserModel(OPModel):
    userName: str
    addedBy: str
    addedAt: float


class MachineUsersModel(OPModel):
    siteName: str
    users: list[ListedUserModel]


class MachineRoutes:
    """`/-/machines`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add(
            "/-/machines",
            self.list_machine_users,
            responses={200: {"model": MachineUsersModel}},
        )
        add("/-/machines", self.set_machine_user, methods=["POST"], status_code=204)

    async def list_machine_users(
        self,
        user: CurrentUser,
        site_id: ClientSiteID,
        siteName: Annotated[str, Query(min_length=1)],
    ) -> Response:
        """Return the users of a machine, for themselves and managers."""
        await self._check(Caller(user, site_id), siteName)
        users = await self._services.machines.users(siteName)
        return answer({"siteName": siteName, "users": users})

    async def set_machine_user(
        self, user: CurrentUser, site_id: ClientSiteID, body: MachineUserModel
    ) -> Response:
        """Add a user to a machine, or take one off; for its users and managers."""
        caller = Caller(user, site_id)
        await self._check(caller, body.siteName)
        machines = self._services.machines
        name = check_text("userName", body.userName)
        if not body.allowed:
            await machines.remove(body.siteName, name, caller.name)
        elif await machines.user_exists(name):
            await machines.add(body.siteName, name, caller.name)
        else:
            msg = f"userName: there is no user '{name[:80]}'"
            raise InvalidRequestError("userName", msg)
        return Response(status_code=204)

    async def _check(self, caller: Caller, site_name: str) -> None:
        """Let the users of a machine, and managers, through.

        :raises InvalidRequestError: the site is shared, so nobody's machine.
        :raises NotAllowedError: the machine is somebody else's.
        """
        check_text("siteName", site_name)
        if site_name == LOCAL_SITE:
            raise LocalSiteNameError
        if await self._services.configuration.is_shared_anywhere(site_name):
            msg = f"siteName: '{site_name}' is a shared site and nobody's machine"
            raise InvalidRequestError("siteName", msg)
        await self._services.machines.check(site_name, caller)
