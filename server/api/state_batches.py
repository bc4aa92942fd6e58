"""Writing the states of many representations at once."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from ..domain.files import PostedFile
from ..domain.site import MAX_SITE_NAME_LENGTH
from ..domain.status import SiteStatus
from ..errors import InvalidRequestError, SiteSyncError
from ..host import ClientSiteID, CurrentUser, Field, OPModel, ProjectName
from ..store.access import Caller
from ..store.posts import BulkPost
from .answers import answer_list
from .inputs import check_text
from .long_lists import LongList, models_in_turns
from .models import MAX_FILES, ErrorModel, HexId, PostedFiles
from .routing import SiteSyncRoute
from .services import Services
from .state import posted_files

MAX_STATES = 10_000


class StateModel(OPModel):
    """State of a representation on a site: `status` for all its files, or `files`.

    `writtenAt`: when it was so, for what is told late; what somebody else has written
    since then stays (`newer_state`).
    """

    representationId: HexId
    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)
    status: SiteStatus | None = None
    files: PostedFiles | None = None
    reset: bool = Field(False, description="Forget what is stored")
    priority: int | None = Field(None, ge=1, le=1000)
    writtenAt: float | None = Field(None, ge=0)


class States(LongList):
    item_model = StateModel
    max_items = MAX_STATES


class StatesModel(OPModel):
    states: States


class StateResultModel(OPModel):
    """`errorCode` null: it is written."""

    representationId: str
    siteName: str
    errorCode: str | None
    detail: str | None


class StateResultsModel(OPModel):
    results: list[StateResultModel]


class StateBatchRoutes:
    """`states`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        self.router.add_api_route(
            "/{project_name}/states",
            self.post_states,
            methods=["POST"],
            responses={200: {"model": StateResultsModel}},
        )

    async def post_states(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        request: Request,
        body: StatesModel,
    ) -> Response:
        """Write states in one transaction, in their order; each has its result."""
        posts = await _posts(body.states)
        await self._services.keeper.ensure_ready(project_name)
        caller = Caller(user, site_id)
        sites = await self._services.configuration.for_caller(project_name, caller)
        results, changed = await self._services.states.post_many(
            project_name, caller, sites, posts
        )
        if changed:
            self._services.live.state_changed(
                project_name, {key[0] for key in changed}, {key[1] for key in changed}
            )
        described = map(_describe, posts, results)
        return await answer_list(request, "results", described)


async def _posts(states: States) -> list[BulkPost]:
    """Return the checked posts.

    :raises InvalidRequestError: too many files, or not one of status and files.
    """
    posts: list[BulkPost] = []
    count = 0
    async for state in models_in_turns(StateModel, states, "states"):
        number = len(posts)
        count += len(state.files or ())
        if count > MAX_FILES:
            msg = f"states: at most {MAX_FILES} files are allowed in one request"
            raise InvalidRequestError("states", msg)
        if (state.status is None) == (state.files is None):
            name = f"states.{number}.status"
            msg = f"{name}: give either status, for all files, or files"
            raise InvalidRequestError(name, msg)
        files: Sequence[PostedFile] = ()
        if state.files:
            files = await posted_files(state.files, "states", number, "files")
        posts.append(
            BulkPost(
                representation_id=str(state.representationId),
                site_name=check_text("siteName", state.siteName),
                status=state.status,
                files=files,
                priority=state.priority,
                reset=state.reset,
                written_at=state.writtenAt,
            )
        )
    return posts


def _describe(post: BulkPost, error: SiteSyncError | None) -> dict[str, str | None]:
    return {
        "representationId": post.representation_id,
        "siteName": post.site_name,
        "errorCode": None if error is None else error.error_code,
        "detail": None if error is None else str(error.detail),
    }
