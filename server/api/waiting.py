"""The long poll: what happened, for those whom websockets do not reach."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from ..domain.notices import Notice, merge_notices
from ..errors import InvalidRequestError
from ..host import CurrentUser, OPModel, get_project_list
from ..store.access import may_enter
from .answers import answer
from .models import ErrorModel
from .routing import SiteSyncRoute
from .services import Services

MAX_SECONDS = 55
MAX_POSITION = 2**63 - 1


class HappenedModel(OPModel):
    """`projectName` null: of no project, or of all."""

    topic: Literal["sitesync.state", "sitesync.pauses", "sitesync.agents"]
    projectName: str | None
    siteNames: list[str]


class WaitAnswerModel(OPModel):
    """`overflow`: more happened than is told, so look at everything."""

    cursor: str
    events: list[HappenedModel]
    overflow: bool


class WaitRoutes:
    """`/-/wait`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        self.router.add_api_route(
            "/-/wait",
            self.wait_for_events,
            responses={200: {"model": WaitAnswerModel}, 429: {"model": ErrorModel}},
        )

    async def wait_for_events(
        self,
        request: Request,
        user: CurrentUser,
        after: str | None = None,
        timeoutSeconds: Annotated[int, Query(ge=0, le=MAX_SECONDS)] = 25,
    ) -> Response:
        """Return what happened after a cursor, as soon as something does."""
        position = None if after is None else _read_cursor(after)
        projects = {
            project.name
            for project in await get_project_list()
            if await may_enter(user, project.name)
        }
        with self._services.notices.seat(str(user.name)):
            content = await self._wait(request, position, timeoutSeconds, projects)
        return answer(content)

    async def _wait(
        self,
        request: Request,
        position: int | None,
        timeout_seconds: int,
        projects: set[str],
    ) -> dict[str, Any]:
        notices = self._services.notices
        deadline = time.monotonic() + timeout_seconds
        if position is None:
            position = await notices.position()
        # Middleware between keeps `request.is_disconnected()` from ever being true.
        leaving = asyncio.create_task(_see_off(request))
        try:
            while True:
                left = max(deadline - time.monotonic(), 0.0)
                arriving = asyncio.create_task(notices.wait(position, left))
                await _wait_for_first(arriving, leaving)
                if leaving.done():
                    return _describe(position, [], False)
                found, position = arriving.result()
                if found is None:
                    return _describe(position, [], True)
                readable = [
                    notice
                    for notice in found
                    if notice.project_name is None or notice.project_name in projects
                ]
                if readable or time.monotonic() >= deadline:
                    return _describe(position, readable, False)
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)


async def _see_off(request: Request) -> None:
    """Return when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _wait_for_first(
    arriving: asyncio.Task[Any], other: asyncio.Task[Any]
) -> None:
    """Wait until one of the tasks is done; `arriving` ends in any case."""
    try:
        await asyncio.wait({arriving, other}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        arriving.cancel()


def _describe(position: int, notices: list[Notice], overflow: bool) -> dict[str, Any]:
    merged = merge_notices(notices)
    return {
        "cursor": str(position),
        "events": [
            {
                "topic": notice.topic,
                "projectName": notice.project_name,
                "siteNames": list(notice.site_names),
            }
            for notice in merged
        ],
        "overflow": overflow or any(notice.overflow for notice in merged),
    }


def _read_cursor(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= MAX_POSITION:
        return int(text)
    msg = "after: not a cursor; take it from an earlier answer, or leave it out"
    raise InvalidRequestError("after", msg)
