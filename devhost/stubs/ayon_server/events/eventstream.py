"""Dispatching events: database row, websocket message, hooks."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, ClassVar

from ayon_server.api.context import get_request_context
from ayon_server.events.base import EventModel, EventStatus, HandlerType
from ayon_server.exceptions import ConstraintViolationException, NotFoundException
from ayon_server.lib.postgres import Postgres
from ayon_server.logging import log_traceback
from ayon_server.utils import create_uuid

Publisher = Callable[[dict[str, Any]], Awaitable[None]]

_INSERT = """
INSERT INTO public.events (id, hash, sender, sender_type, topic, project_name,
    user_name, depends_on, status, description, summary, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_REUSE = """
ON CONFLICT (hash) DO UPDATE SET id = EXCLUDED.id, sender = EXCLUDED.sender,
    sender_type = EXCLUDED.sender_type, topic = EXCLUDED.topic,
    project_name = EXCLUDED.project_name, user_name = EXCLUDED.user_name,
    depends_on = EXCLUDED.depends_on, status = EXCLUDED.status,
    description = EXCLUDED.description, summary = EXCLUDED.summary,
    payload = EXCLUDED.payload, updated_at = NOW()
"""
_UPDATE = """
UPDATE public.events SET updated_at = NOW(),
    sender = coalesce($2, sender), sender_type = coalesce($3, sender_type),
    user_name = coalesce($4, user_name), project_name = coalesce($5, project_name),
    status = coalesce($6, status), description = coalesce($7, description),
    summary = coalesce($8, summary), payload = coalesce($9, payload),
    retries = coalesce($10, retries)
WHERE id = $1 RETURNING *
"""


class EventStream:
    """Local hooks run in the dispatching process, before `dispatch` returns.

    AYON publishes inside `dispatch`, not at commit: dispatch after a transaction.
    """

    local_hooks: ClassVar[dict[str, dict[str, HandlerType]]] = {}
    global_hooks: ClassVar[dict[str, dict[str, HandlerType]]] = {}
    # The devhost's websocket fan-out; in AYON this is a Redis channel.
    publishers: ClassVar[list[Publisher]] = []

    @classmethod
    def subscribe(
        cls, topic: str, handler: HandlerType, all_nodes: bool = False
    ) -> str:
        token = create_uuid()
        hooks = cls.global_hooks if all_nodes else cls.local_hooks
        hooks.setdefault(topic, {})[token] = handler
        return token

    @classmethod
    def unsubscribe(cls, token: str) -> None:
        for hooks in (cls.global_hooks, cls.local_hooks):
            for topic in list(hooks):
                hooks[topic].pop(token, None)
                if not hooks[topic]:
                    del hooks[topic]

    @classmethod
    async def dispatch(
        cls,
        topic: str,
        *,
        hash: str | None = None,
        project: str | None = None,
        user: str | None = None,
        depends_on: str | None = None,
        description: str | None = None,
        summary: dict[str, Any] | None = None,
        payload: dict[str, Any] | None = None,
        finished: bool = True,
        store: bool = True,
        reuse: bool = False,
        recipients: list[str] | None = None,
        sender: str | None = None,
        sender_type: str | None = None,
    ) -> str:
        """Create an event; answers its id.

        :raises ConstraintViolationException: the hash is taken (without `reuse`), or
            `depends_on` names no event.
        """
        context = get_request_context()
        event_id = create_uuid()
        event = EventModel(
            id=event_id,
            hash=hash or event_id,
            topic=topic,
            sender=sender or context.sender,
            sender_type=sender_type or context.sender_type,
            project=project,
            user=user or (context.user.name if context.user else None),
            depends_on=depends_on,
            status="finished" if finished else "pending",
            description=description or "",
            summary=summary or {},
            payload=payload or {},
        )
        if store:
            await cls._store(event, reuse)
        message = _message(event)
        message.update(
            progress=100.0 if finished else 0.0, store=store, recipients=recipients
        )
        await cls._publish(message)
        await cls._run_local_hooks(event)
        if store:
            await _run_hooks(cls.global_hooks.get(topic, {}), event)
        return event.id

    @classmethod
    async def _store(cls, event: EventModel, reuse: bool) -> None:
        query = _INSERT + (_REUSE if reuse else "ON CONFLICT (hash) DO NOTHING")
        try:
            result = await Postgres.execute(
                query,
                event.id,
                event.hash,
                event.sender,
                event.sender_type,
                event.topic,
                event.project,
                event.user,
                event.depends_on,
                event.status,
                event.description,
                event.summary,
                event.payload,
            )
        except Postgres.ForeignKeyViolationError as error:
            raise ConstraintViolationException(
                "Event depends on non-existing event"
            ) from error
        if not reuse and result == "INSERT 0 0":
            raise ConstraintViolationException(
                "Event with the same hash already exists"
            )

    @classmethod
    async def _publish(cls, message: dict[str, Any]) -> None:
        for publish in list(cls.publishers):
            await publish(message)

    @classmethod
    async def _run_local_hooks(cls, event: EventModel) -> None:
        for topic, handlers in list(cls.local_hooks.items()):
            is_prefix = topic.endswith(".*") and event.topic.startswith(topic[:-2])
            if topic == event.topic or is_prefix:
                await _run_hooks(handlers, event)

    @classmethod
    async def update(
        cls,
        event_id: str,
        *,
        project: str | None = None,
        user: str | None = None,
        status: EventStatus | None = None,
        description: str | None = None,
        summary: dict[str, Any] | None = None,
        payload: dict[str, Any] | None = None,
        progress: float | None = None,
        store: bool = True,
        retries: int | None = None,
        recipients: list[str] | None = None,
        sender: str | None = None,
        sender_type: str | None = None,
    ) -> bool:
        """Change an event; answers whether there is one."""
        context = get_request_context()
        values = (
            sender or context.sender,
            sender_type or context.sender_type,
            user or (context.user.name if context.user else None),
            project,
            status,
            description,
            summary,
            payload,
            retries,
        )
        if store:
            row = await Postgres.fetchrow(_UPDATE, event_id, *values)
        else:
            row = await Postgres.fetchrow(
                "SELECT * FROM public.events WHERE id = $1", event_id
            )
        if row is None:
            return False
        event = EventModel.from_row(
            {k: v for k, v in dict(row).items() if k != "creation_order"}
        )
        if not store:
            event.status = status or event.status
            event.description = description or event.description
            event.summary = summary if summary is not None else event.summary
            event.updated_at = datetime.now()
        message = _message(event)
        message["recipients"] = recipients
        if progress is not None:
            message["progress"] = progress
        await cls._publish(message)
        return True

    @classmethod
    async def get(cls, event_id: str) -> EventModel:
        """:raises NotFoundException: there is no such event."""
        row = await Postgres.fetchrow(
            "SELECT * FROM public.events WHERE id = $1", event_id
        )
        if row is None:
            raise NotFoundException("Event not found")
        return EventModel.from_row(
            {k: v for k, v in dict(row).items() if k != "creation_order"}
        )

    @classmethod
    async def delete(cls, event_id: str) -> None:
        await Postgres.execute("DELETE FROM public.events WHERE id = $1", event_id)


def _message(event: EventModel) -> dict[str, Any]:
    """The websocket message of an event. The payload is never sent."""
    return {
        "id": event.id,
        "topic": event.topic,
        "project": event.project,
        "user": event.user,
        "dependsOn": event.depends_on,
        "description": event.description,
        "summary": event.summary,
        "status": event.status,
        "sender": event.sender,
        "senderType": event.sender_type,
        "createdAt": event.created_at,
        "updatedAt": event.updated_at,
    }


async def _run_hooks(handlers: dict[str, HandlerType], event: EventModel) -> None:
    for handler in list(handlers.values()):
        try:
            await handler(event)
        except Exception:
            name = getattr(handler, "__name__", repr(handler))
            log_traceback(f"Error in event handler '{name}'")
