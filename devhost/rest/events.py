"""Events over REST."""

from typing import Any

from ayon_server.api.dependencies import CurrentUser
from ayon_server.api.responses import EmptyResponse
from ayon_server.events import EventModel, EventStatus, EventStream
from ayon_server.exceptions import ForbiddenException, NotFoundException
from ayon_server.types import TOPIC_REGEX, Field, OPModel
from fastapi import APIRouter

router = APIRouter()


class DispatchRequest(OPModel):
    topic: str = Field(..., regex=TOPIC_REGEX)
    sender: str | None = None
    hash: str | None = None
    project: str | None = None
    user: str | None = None
    depends_on: str | None = None
    description: str | None = None
    summary: dict[str, Any] = Field(default_factory=dict)
    payload: dict[str, Any] = Field(default_factory=dict)
    finished: bool = True
    store: bool = True
    reuse: bool = False


class UpdateRequest(OPModel):
    sender: str | None = None
    project: str | None = None
    user: str | None = None
    status: EventStatus | None = None
    description: str | None = None
    summary: dict[str, Any] | None = None
    payload: dict[str, Any] | None = None
    progress: float | None = None
    retries: int | None = None


@router.post("/events")
async def post_event(payload: DispatchRequest, user: CurrentUser) -> dict[str, str]:
    if not user.is_manager:
        raise ForbiddenException("Not allowed to create events")
    values = payload.dict(exclude={"topic", "user"})
    event_id = await EventStream.dispatch(payload.topic, user=user.name, **values)
    return {"id": event_id}


@router.get("/events/{event_id}")
async def get_event(event_id: str, _user: CurrentUser) -> EventModel:
    return await EventStream.get(event_id)


@router.patch("/events/{event_id}")
async def update_event(
    event_id: str, payload: UpdateRequest, user: CurrentUser
) -> EmptyResponse:
    event = await EventStream.get(event_id)
    if event.user != user.name and not user.is_manager:
        raise ForbiddenException("Not allowed to update events of other users")
    if not await EventStream.update(event_id, **payload.dict()):
        raise NotFoundException("Event not found")
    return EmptyResponse()


@router.delete("/events/{event_id}")
async def delete_event(event_id: str, user: CurrentUser) -> EmptyResponse:
    if not user.is_admin:
        raise ForbiddenException("Not allowed to delete events")
    await EventStream.delete(event_id)
    return EmptyResponse()
