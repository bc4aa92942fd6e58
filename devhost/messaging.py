"""The websocket `/ws`: authentication, topics, projects, heartbeat."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from ayon_server.auth.session import Session
from ayon_server.entities import UserEntity
from ayon_server.exceptions import NotFoundException
from ayon_server.logging import log_traceback
from ayon_server.utils import json_dumps, json_loads
from fastapi import WebSocket, WebSocketDisconnect

_ALWAYS = ("server.started", "server.restart_requested", "heartbeat")
_GUEST_TOPICS = (
    "activity.created",
    "heartbeat",
    "activity.updated",
    "entity.version.updated",
)
_HEARTBEAT_SECONDS = 5.0
_AUTH_SECONDS = 3.0


@dataclass(eq=False)
class _Client:
    socket: WebSocket
    joined_at: float = field(default_factory=time.monotonic)
    user: UserEntity | None = None
    topics: tuple[str, ...] = ()
    project_name: str | None = None

    def wants(self, message: dict[str, Any]) -> bool:
        """AYON's order of filters: project, recipients, topic."""
        if self.user is None:
            return False
        topic, project = message["topic"], message.get("project")
        if project is not None and not self._may_hear_of(project, topic):
            return False
        recipients = message.get("recipients")
        if isinstance(recipients, list) and self.user.name not in recipients:
            return False
        if topic in _ALWAYS:
            return True
        return any(known in ("*", topic[: len(known)]) for known in self.topics)

    def _may_hear_of(self, project: str, topic: str) -> bool:
        assert self.user is not None
        exempt = topic == "inbox.message" or topic in _ALWAYS
        if not exempt and self.project_name not in (None, "", project):
            return False
        if self.user.is_guest:
            return topic in _GUEST_TOPICS
        return self.user.is_manager or project in self.user.data.get("accessGroups", {})


class Messaging:
    """All sockets of the process. Messages go out in the order of their dispatch."""

    def __init__(self) -> None:
        self._clients: set[_Client] = set()
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        for client in list(self._clients):
            with contextlib.suppress(RuntimeError):
                await client.socket.close(code=1001)
        self._clients.clear()

    async def publish(self, message: dict[str, Any]) -> None:
        """Hand a message to the sockets; called by `EventStream`."""
        self._queue.put_nowait(message)

    async def serve(self, socket: WebSocket) -> None:
        """One client's life. It may authenticate again to change its topics."""
        await socket.accept()
        client = _Client(socket)
        self._clients.add(client)
        try:
            while True:
                await self._handle(client, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._clients.discard(client)

    async def _handle(self, client: _Client, text: str) -> None:
        try:
            message = json_loads(text)
        except ValueError:
            return
        if not isinstance(message, dict) or message.get("topic") != "auth":
            return
        token = message.get("token")
        session = await Session.check(token, None) if isinstance(token, str) else None
        if session is None:
            return
        try:
            client.user = await UserEntity.load(session.user_name)
        except NotFoundException:
            return
        client.topics = tuple(message.get("subscribe") or ())
        client.project_name = message.get("project")

    async def _run(self) -> None:
        last_sent = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(1):
                    message = await self._queue.get()
            except TimeoutError:
                message = {"topic": "heartbeat"}
                if time.monotonic() - last_sent < _HEARTBEAT_SECONDS:
                    message = {}
            if message:
                last_sent = time.monotonic()
                await self._send_to_all(message)
            await self._purge()

    async def _send_to_all(self, message: dict[str, Any]) -> None:
        text = json_dumps({k: v for k, v in message.items() if k != "recipients"})
        for client in list(self._clients):
            if not client.wants(message):
                continue
            try:
                await client.socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                self._clients.discard(client)
            except Exception:
                log_traceback("Websocket client failed")
                self._clients.discard(client)

    async def _purge(self) -> None:
        """Close sockets that did not authenticate in time."""
        now = time.monotonic()
        for client in list(self._clients):
            if client.user is None and now - client.joined_at > _AUTH_SECONDS:
                self._clients.discard(client)
                with contextlib.suppress(RuntimeError):
                    await client.socket.close(code=1000)
