"""What the websocket tells to whom: hints only, no more than AYON's rules let by."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ayon_server.auth.session import Session
from ayon_server.entities import UserEntity
from ayon_server.events import EventStream
from websockets.asyncio.client import ClientConnection, connect

from tests.integration.pipeline import OTHER_FOLDER, Pipeline, Published
from tests.integration.test_access_matrix import client_of
from tests.support.agent_studio import LoopbackServer
from tests.support.devhost_app import Host

KEYS = {
    "sitesync.state": {"representationIds", "siteNames", "overflow"},
    "sitesync.pauses": set(),
    "sitesync.agents": {"siteNames"},
}
"""All that an event may tell: no paths, names of folders, messages or users."""
LAST = "sitesync.pauses"
WAIT_SECONDS = 20


@pytest.fixture
async def server(host: Host) -> AsyncIterator[LoopbackServer]:
    made = LoopbackServer(host)
    await made.start()
    yield made
    await made.stop()


async def join(
    server: LoopbackServer, token: Any, subscribe: Any, project: Any = None
) -> ClientConnection:
    socket = await connect(f"{server.url.replace('http', 'ws')}/ws")
    message = {"topic": "auth", "token": token, "subscribe": subscribe}
    await socket.send(json.dumps({**message, "project": project}))
    return socket


async def log_in(server: LoopbackServer, user: str, *topics: str) -> ClientConnection:
    """A socket of a user, once the server knows whose it is."""
    session = await Session.create(await UserEntity.load(user))
    project = "other" if "*" not in topics else None
    socket = await join(server, session.token, topics or ("*",), project)
    async with asyncio.timeout(WAIT_SECONDS):
        known = asyncio.create_task(socket.recv())
        while not known.done():
            await EventStream.dispatch("heartbeat", store=False)
            await asyncio.wait({known}, timeout=0.05)
    return socket


async def hear(socket: ClientConnection) -> list[dict[str, Any]]:
    """What comes until the last event of `change`, or the server ends it."""
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(WAIT_SECONDS):
        async for text in socket:
            message = json.loads(text)
            if message["topic"].startswith("sitesync."):
                heard.append(message)
            if message["topic"] == LAST:
                break
    return heard


async def change(host: Host, published: Published) -> None:
    """A state, an agent and a pause, in this order."""
    manager = await host.client("manager", "own-machine")
    base = host.addon_path
    await manager.post(
        f"{base}/demo/state/{published.id}/studio",
        json={"files": published.posted(2, message="/secret/folder is full")},
    )
    agent = {"id": "a" * 32, "siteName": "own-machine", "hostname": "secret-host"}
    await manager.post(f"{base}/-/claim", json={"agent": agent})
    live = host.addon.site_sync.live
    while live._senders:
        await asyncio.gather(*live._senders.values())
    body = {"scope": "site", "siteName": "studio", "paused": True, "reason": "secret"}
    await manager.post(f"{base}/-/pauses", json=body)


async def test_who_hears_what(
    host: Host, pipeline: Pipeline, server: LoopbackServer, set_settings: Any
) -> None:
    published = await pipeline.publish(OTHER_FOLDER)
    for user in ("outsider", "guest"):
        await client_of(host, user)
    sockets = {
        "artist": await log_in(server, "artist", "sitesync", "*"),
        "restricted": await log_in(server, "restricted", "*"),
        "outsider": await log_in(server, "outsider", "*"),
        "guest": await log_in(server, "guest", "*"),
        "other project": await log_in(server, "artist"),
        "no key": await join(server, None, ["*"]),
        "wrong key": await join(server, "x" * 64, ["*"]),
        "hostile key": await join(server, "' OR '1'='1", ["*"], "' OR '1'='1"),
        "other shapes": await join(server, {"$ne": None}, {"*": 1}, ["demo"]),
    }
    listening = {
        name: asyncio.create_task(hear(socket)) for name, socket in sockets.items()
    }
    await change(host, published)
    heard = {name: await task for name, task in listening.items()}

    topics = {name: {each["topic"] for each in told} for name, told in heard.items()}
    for name in ("artist", "restricted"):
        assert topics[name] == set(KEYS), name
    for name in ("outsider", "guest", "other project"):
        assert topics[name] == {"sitesync.agents", "sitesync.pauses"}, name
    for name in ("no key", "wrong key", "hostile key", "other shapes"):
        assert topics[name] == set(), name
    for told in heard.values():
        for message in told:
            assert set(message["summary"]) == KEYS[message["topic"]]
            text = json.dumps(message)
            assert "secret" not in text
            assert OTHER_FOLDER not in text
    for socket in sockets.values():
        await socket.close()
