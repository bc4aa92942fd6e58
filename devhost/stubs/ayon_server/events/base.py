"""The shape of an event."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal

from ayon_server.types import Field, OPModel
from ayon_server.utils import create_uuid

EventStatus = Literal[
    "pending", "in_progress", "finished", "failed", "aborted", "restarted"
]


class EventModel(OPModel):
    id: str = Field(default_factory=create_uuid)
    hash: str
    topic: str
    sender: str | None = None
    sender_type: str | None = None
    project: str | None = None
    user: str | None = None
    depends_on: str | None = None
    status: EventStatus = "pending"
    retries: int = 0
    description: str | None = None
    summary: dict[str, Any] = Field(default_factory=dict)
    payload: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime = Field(default_factory=datetime.now)
    updated_at: datetime = Field(default_factory=datetime.now)

    @classmethod
    def from_row(cls, row: Any) -> "EventModel":
        data = dict(row)
        return cls(project=data.pop("project_name"), user=data.pop("user_name"), **data)


HandlerType = Callable[[EventModel], Awaitable[None]]
