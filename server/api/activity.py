"""What moves and waits, agents, history: reads of the panel."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from ..domain.explanation import explain
from ..errors import InvalidRequestError
from ..host import (
    CurrentUser,
    Field,
    OPModel,
    ProjectName,
    RepresentationID,
    get_project_list,
)
from ..store.access import Caller, load_representation, may_enter, readable_paths
from .answers import answer
from .inputs import check_ids, check_text, check_texts
from .list_models import MAX_PAGE, MAX_SITES, PageInfoModel
from .models import ErrorModel
from .routing import SiteSyncRoute
from .services import Services

MAX_MINUTES = 24 * 60
First = Annotated[int, Query(ge=1, le=MAX_PAGE)]


class WaitingModel(OPModel):
    representationId: str
    siteName: str
    folderPath: str
    product: str
    version: int
    representation: str
    filesTotal: int
    filesDone: int
    bytesTotal: int
    bytesDone: int


class QueuedModel(WaitingModel):
    """`position` in the queue; `lastError` of a file that failed before."""

    position: int
    priority: int
    dueAt: float
    lastError: str | None


class MovingModel(WaitingModel):
    """`bytesPerSecond` since it was claimed; `etaSeconds` at that rate."""

    sourceSite: str
    direction: Literal["upload", "download"]
    agentId: str
    hostname: str | None
    userName: str
    claimedAt: float
    bytesPerSecond: float
    etaSeconds: float | None


class TransfersModel(OPModel):
    moving: list[MovingModel]
    queued: list[QueuedModel]
    queuedTotal: int = Field(..., description="Counted up to 10,000")


class MinuteModel(OPModel):
    at: float
    sites: dict[str, int]


class ThroughputModel(OPModel):
    minutes: list[MinuteModel]


class AttemptErrorModel(OPModel):
    fileId: str | None
    errorClass: str | None
    message: str | None


class AttemptModel(OPModel):
    """`outcome` null: it goes on."""

    attemptId: str
    siteName: str
    sourceSite: str
    agentId: str
    hostname: str | None
    userName: str
    startedAt: float
    finishedAt: float | None
    outcome: str | None
    filesTotal: int
    filesSynced: int
    filesFailed: int
    bytesDone: int
    errors: list[AttemptErrorModel]


class HistoryModel(OPModel):
    attempts: list[AttemptModel]
    pageInfo: PageInfoModel


class ReasonModel(OPModel):
    code: str
    text: str
    todo: str


class ExplanationModel(OPModel):
    """Why a representation is, or is not, on a site: what to see to comes first."""

    siteName: str
    status: int | None
    isRemoving: bool
    reasons: list[ReasonModel]


class AgentProblemModel(OPModel):
    """A site that an agent cannot use; `message` says what to do."""

    projectName: str
    siteName: str
    code: str
    message: str
    since: float


class KnownAgentModel(OPModel):
    """`bytesPerSecond` is what the agent moves now, in all its transfers."""

    agentId: str
    siteName: str
    hostname: str
    userName: str
    version: str
    startedAt: float | None
    seenAt: float
    isLive: bool
    state: Literal["working", "idle", "gone"]
    held: int
    bytesPerSecond: float
    problems: list[AgentProblemModel]


class AgentsModel(OPModel):
    agents: list[KnownAgentModel]


@dataclass(frozen=True)
class RunQuery:
    """Which runs: of a representation, to one site or all, after a cursor."""

    representation_id: str
    site_name: str | None
    first: int
    after: str | None


class ActivityRoutes:
    """`transfers`, `throughput`, `history` and `explain` of one, `/-/agents`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        for path, endpoint, model in (
            ("/{project_name}/transfers", self.list_transfers, TransfersModel),
            ("/{project_name}/throughput", self.get_throughput, ThroughputModel),
            (
                "/{project_name}/representations/{representation_id}/history",
                self.get_history,
                HistoryModel,
            ),
            (
                "/{project_name}/representations/{representation_id}/explain",
                self.explain_status,
                ExplanationModel,
            ),
            ("/-/agents", self.list_agents, AgentsModel),
        ):
            self.router.add_api_route(path, endpoint, responses={200: {"model": model}})

    async def list_transfers(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        first: First = 50,
        siteName: Annotated[list[str] | None, Query(max_length=MAX_SITES)] = None,
    ) -> Response:
        """Return what agents are at, and what comes next; to all sites or the named."""
        return answer(
            await self.read_transfers(project_name, Caller(user), first, siteName)
        )

    async def read_transfers(
        self, project_name: str, caller: Caller, first: int, names: list[str] | None
    ) -> dict[str, Any]:
        names = check_texts("siteName", names)
        await self._services.keeper.ensure_ready(project_name)
        paths = await readable_paths(caller, project_name)
        activity = self._services.activity
        queued, total = await activity.queued(project_name, paths, first, names)
        moving = await activity.moving(project_name, paths, first, names)
        return {"moving": moving, "queued": queued, "queuedTotal": total}

    async def get_throughput(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        minutes: Annotated[int, Query(ge=1, le=MAX_MINUTES)] = 120,
        siteName: str | None = None,
    ) -> Response:
        """Return the bytes that arrived on sites, by minute."""
        await self._services.keeper.ensure_ready(project_name)
        await readable_paths(Caller(user), project_name)
        found = await self._services.activity.throughput(
            project_name, minutes, check_text("siteName", siteName or "") or None
        )
        return answer({"minutes": found})

    async def get_history(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        representation_id: RepresentationID,
        siteName: str | None = None,
        first: First = 50,
        after: str | None = None,
    ) -> Response:
        """Return the runs about a representation, newest first."""
        run = RunQuery(representation_id, siteName, first, after)
        return answer(await self.read_history(project_name, Caller(user), run))

    async def read_history(
        self, project_name: str, caller: Caller, wanted: RunQuery
    ) -> dict[str, Any]:
        """Return a page of `attempts` and its `pageInfo`."""
        await self._services.keeper.ensure_ready(project_name)
        [plain_id] = check_ids("representationId", [wanted.representation_id]) or []
        paths = await readable_paths(caller, project_name)
        await load_representation(project_name, plain_id, paths)
        first, after = wanted.first, wanted.after
        cursor = None if after is None else _read_cursor(after)
        runs = await self._services.activity.attempts(
            project_name,
            plain_id,
            check_text("siteName", wanted.site_name or "") or None,
            first + 1,
            cursor,
        )
        has_more = len(runs) > first
        cursors = [_write_cursor(run) for run in runs[:first]]
        info = {
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
            "hasNextPage": has_more,
            "hasPreviousPage": after is not None,
        }
        attempts = [
            {key: value for key, value in run.items() if key != "position"}
            for run in runs[:first]
        ]
        return {"attempts": attempts, "pageInfo": info}

    async def explain_status(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        representation_id: RepresentationID,
        siteName: str,
    ) -> Response:
        """Say in words why a representation is, or is not, on a site."""
        return answer(
            await self.read_explanation(
                project_name, Caller(user), representation_id, siteName
            )
        )

    async def read_explanation(
        self, project_name: str, caller: Caller, representation_id: str, site_name: str
    ) -> dict[str, Any]:
        await self._services.keeper.ensure_ready(project_name)
        [plain_id] = check_ids("representationId", [representation_id]) or []
        paths = await readable_paths(caller, project_name)
        await load_representation(project_name, plain_id, paths)
        facts = await self._services.explain.facts(
            project_name,
            plain_id,
            check_text("siteName", site_name),
            await self._services.configuration.for_project(project_name),
            await self._services.pauses.load(),
        )
        reasons = [asdict(reason) for reason in explain(facts)]
        return {
            "siteName": site_name,
            "status": facts.status,
            "isRemoving": facts.removal is not None,
            "reasons": reasons,
        }

    async def list_agents(self, user: CurrentUser) -> Response:
        """Return agents, live ones first, and what they hold in your projects."""
        return answer({"agents": await self.read_agents(Caller(user))})

    async def read_agents(self, caller: Caller) -> list[dict[str, Any]]:
        names = [
            project.name
            for project in await get_project_list()
            if await may_enter(caller.user, project.name)
            and await self._services.keeper.is_ready(project.name)
        ]
        return await self._services.activity.agents(names)


def _write_cursor(run: dict[str, Any]) -> str:
    text = f"{run['position']}:{run['attemptId']}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(text: str) -> tuple[int, str]:
    try:
        position, _, token = base64.urlsafe_b64decode(text).decode().partition(":")
        check_ids("after", [token])
        number = int(position)
        if abs(number) < 2**57:
            return number, token
    except (ValueError, binascii.Error, InvalidRequestError):
        pass
    msg = "after: not a cursor of this list; take it from pageInfo"
    raise InvalidRequestError("after", msg)
