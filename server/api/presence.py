"""What is really on a site: scans that are asked for, and what they find."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response

from ..domain.presence import Presence
from ..domain.site import MAX_SITE_NAME_LENGTH
from ..host import ClientSiteID, CurrentUser, Field, OPModel, ProjectName
from ..store.access import (
    Caller,
    check_shared_scan,
    check_site_name,
)
from ..store.presence import Look
from ..store.scans import ScanCounts
from .answers import answer
from .file_reports import CHECKSUM
from .inputs import check_text, clean_message
from .long_lists import LongList, models_in_turns
from .models import Bytes, ErrorModel, HexId
from .routing import SiteSyncRoute
from .services import Services

MAX_LOOKS = 10_000
MESSAGE_LENGTH = 2000


class PresentFileModel(OPModel):
    """One file as it was found; `checksum` where its content was read."""

    representationId: HexId
    fileId: str = Field(..., max_length=255)
    state: Literal["present", "missing", "different"]
    size: Bytes = Bytes(0)
    checksum: str | None = Field(None, regex=CHECKSUM)


class PresentFiles(LongList):
    item_model = PresentFileModel
    max_items = MAX_LOOKS


class PresenceModel(OPModel):
    """`requeue`: what is not there is queued if another site has it."""

    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)
    files: PresentFiles
    requeue: bool = False


class PresenceProblemModel(OPModel):
    """What was not taken as it was told; without `fileId` the whole representation."""

    representationId: str
    fileId: str | None
    errorCode: str
    detail: str


class PresenceAnswerModel(OPModel):
    """Files that changed: there now, queued, not there. `results` are the problems."""

    results: list[PresenceProblemModel]
    synced: int
    queued: int
    missing: int


class ScanRequestModel(OPModel):
    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)


class ScanRequestedModel(OPModel):
    requestedAt: float


class ScanFinishedModel(OPModel):
    """`message`: why the scan could not be done."""

    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)
    requestedAt: float
    found: Bytes = Bytes(0)
    missing: Bytes = Bytes(0)
    different: Bytes = Bytes(0)
    message: str | None = None


class PresenceRoutes:
    """`presence`, `scan` and `scan/finished`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add(
            "/{project_name}/presence",
            self.post_presence,
            methods=["POST"],
            responses={200: {"model": PresenceAnswerModel}},
        )
        add(
            "/{project_name}/scan",
            self.request_scan,
            methods=["POST"],
            responses={200: {"model": ScanRequestedModel}},
        )
        add(
            "/{project_name}/scan/finished",
            self.finish_scan,
            methods=["POST"],
            status_code=204,
        )

    async def post_presence(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        body: PresenceModel,
    ) -> Response:
        """Take what a look at a site's storage has found."""
        found: dict[str, list[Presence]] = {}
        async for file in models_in_turns(PresentFileModel, body.files, "files"):
            found.setdefault(str(file.representationId), []).append(
                Presence(
                    check_text("files.fileId", file.fileId),
                    file.state,
                    int(file.size),
                    file.checksum,
                )
            )
        look = await self._open(
            project_name, Caller(user, site_id), body.siteName, requeue=body.requeue
        )
        tally = await self._services.presence.apply(look, found)
        await self._services.scans.extend(project_name, look.site_name)
        if tally.changed:
            self._services.live.state_changed(
                project_name,
                {key[0] for key in tally.changed},
                {key[1] for key in tally.changed},
            )
        return answer(
            {
                "results": tally.problems,
                "synced": tally.synced,
                "queued": tally.queued,
                "missing": tally.missing,
            }
        )

    async def request_scan(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        body: ScanRequestModel,
    ) -> Response:
        """Ask the agents of a site to look what is really there."""
        look = await self._open(project_name, Caller(user, site_id), body.siteName)
        requested_at = await self._services.scans.request(
            project_name, look.site_name, user.name
        )
        self._services.live.state_changed(project_name, set(), {look.site_name})
        return answer({"requestedAt": requested_at})

    async def finish_scan(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        body: ScanFinishedModel,
    ) -> Response:
        """Tell what a scan has found; one that nobody waits for is left out."""
        look = await self._open(project_name, Caller(user, site_id), body.siteName)
        counts = ScanCounts(
            int(body.found),
            int(body.missing),
            int(body.different),
            clean_message((body.message or "")[:MESSAGE_LENGTH]) or None,
        )
        await self._services.scans.finish(
            project_name, look.site_name, body.requestedAt, counts
        )
        self._services.live.state_changed(project_name, set(), {look.site_name})
        return Response(status_code=204)

    async def _open(
        self,
        project_name: str,
        caller: Caller,
        site_name: str,
        *,
        requeue: bool = False,
    ) -> Look:
        """Let through who may say what is on a site.

        :raises NotAllowedError: a shared site is for managers and services, a machine
            for its users.
        :raises UnknownSiteError: nobody knows the site.
        """
        await self._services.keeper.ensure_ready(project_name)
        name = check_text("siteName", site_name)
        sites = await self._services.configuration.for_caller(project_name, caller)
        await check_site_name(project_name, name, caller, sites)
        if sites.is_shared(name):
            check_shared_scan(name, caller)
        else:
            await self._services.machines.check(name, caller)
        return Look(project_name, name, caller, sites, requeue)
