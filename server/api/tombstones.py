"""What deleted representations left on sites: `tombstones`, `tombstones/remove`."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Query, Response

from ..domain.files import MAX_BIGINT
from ..errors import InvalidRequestError
from ..host import ClientSiteID, CurrentUser, Field, OPModel, ProjectName
from ..store.access import (
    Caller,
    check_shared_removal,
    check_site_name,
    readable_paths,
)
from ..store.tombstones import Remains, TombstoneStore
from .answers import answer
from .inputs import check_text
from .list_models import MAX_PAGE, PageInfoModel
from .models import ErrorModel, HexId
from .routing import SiteSyncRoute
from .services import Services

MAX_REMAINS = 10_000


class LeftFileModel(OPModel):
    path: str
    size: int


class TombstoneModel(OPModel):
    """`isRemoving`: agents are asked to delete it; `message`: why that failed."""

    representationId: str
    siteName: str
    files: list[LeftFileModel]
    deletedAt: float
    isRemoving: bool
    message: str | None


class TombstonesModel(OPModel):
    tombstones: list[TombstoneModel]
    pageInfo: PageInfoModel


class RemainsModel(OPModel):
    siteName: str = Field(..., min_length=1)
    representationIds: list[HexId] = Field(..., max_items=MAX_REMAINS)


class UnremovedModel(OPModel):
    representationId: str
    siteName: str
    errorCode: str
    detail: str


class RemainsAnswerModel(OPModel):
    """What agents are to delete; `problems`: what is not known to be left."""

    marked: int
    files: int
    bytes: int
    problems: list[UnremovedModel]


class TombstoneRoutes:
    """Lists and orders about what is left."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tombstones = TombstoneStore()
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        self.router.add_api_route(
            "/{project_name}/tombstones",
            self.list_tombstones,
            responses={200: {"model": TombstonesModel}},
        )
        self.router.add_api_route(
            "/{project_name}/tombstones/remove",
            self.remove_remains,
            methods=["POST"],
            responses={200: {"model": RemainsAnswerModel}},
        )

    async def list_tombstones(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        siteName: str | None = None,
        first: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        after: str | None = None,
    ) -> Response:
        """Return what deleted representations left on sites, newest first."""
        await self._services.keeper.ensure_ready(project_name)
        paths = await readable_paths(Caller(user), project_name)
        found = await self._tombstones.read(
            project_name,
            check_text("siteName", siteName or "") or None,
            paths,
            first + 1,
            None if after is None else _read_cursor(after),
        )
        numbers = [tombstone.pop("number") for tombstone in found]
        cursors = [_write_cursor(number) for number in numbers[:first]]
        info = {
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
            "hasNextPage": len(found) > first,
            "hasPreviousPage": after is not None,
        }
        return answer({"tombstones": found[:first], "pageInfo": info})

    async def remove_remains(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        body: RemainsModel,
    ) -> Response:
        """Have agents delete what is left on a site; what others need stays."""
        await self._services.keeper.ensure_ready(project_name)
        caller = Caller(user, site_id)
        site_name = check_text("siteName", body.siteName)
        sites = await self._services.configuration.for_caller(project_name, caller)
        await check_site_name(project_name, site_name, caller, sites)
        names = [site_name, *sorted(sites.aliases(site_name))]
        for name in names:
            if sites.is_shared(name):
                check_shared_removal(name, caller)
            else:
                await self._services.machines.check(name, caller)
        ids = sorted({str(each) for each in body.representationIds})
        paths = await readable_paths(caller, project_name)
        marks = await self._tombstones.remove(
            project_name, Remains(ids, names), paths, caller.name
        )
        here = [mark for mark in marks if mark.site_name == site_name]
        missing = sorted(set(ids) - {mark.representation_id for mark in here})
        return answer(
            {
                "marked": len(here),
                "files": sum(len(mark.files) for mark in here),
                "bytes": min(
                    sum(file.size for mark in here for file in mark.files), MAX_BIGINT
                ),
                "problems": [
                    {
                        "representationId": each,
                        "siteName": site_name,
                        "errorCode": "unknown_tombstone",
                        "detail": "Nothing is known to be left of it on this site, in "
                        "a folder that you may read",
                    }
                    for each in missing
                ],
            }
        )


def _write_cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode()


def _read_cursor(text: str) -> int:
    try:
        number = int(base64.urlsafe_b64decode(text).decode())
        if 0 < number < 2**63:
            return number
    except (ValueError, binascii.Error):
        pass
    msg = "after: not a cursor of this list; take it from pageInfo"
    raise InvalidRequestError("after", msg)
