"""Hooks and the websocket: who hears of what, as in AYON."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from ayon_sitesync.server_api.connection import Connection

from devhost.process import DevhostProcess
from tests.support.devhost_app import PROJECT, Host
from tests.support.devhost_process import run_devhost

SAMPLE = Path(__file__).parent.parent / "support" / "sample_addon"


@pytest.fixture
def addon_dirs() -> list[Path]:
    return [SAMPLE]


@pytest.fixture(scope="module")
def devhost_process() -> Iterator[DevhostProcess]:
    with run_devhost([SAMPLE]) as process:
        yield process


@pytest.fixture(scope="module")
def projects(devhost_process: DevhostProcess) -> list[str]:
    names = [f"p{uuid.uuid4().hex[:8]}" for _ in range(2)]
    with rest(devhost_process, "admin") as client:
        for name in names:
            body = {"name": name, "code": name}
            client.post("/api/projects", json=body).raise_for_status()
    return names


def rest(devhost: DevhostProcess, user: str) -> httpx.Client:
    headers = {"X-Api-Key": devhost.users[user]}
    return httpx.Client(base_url=devhost.url, headers=headers)


class Listener:
    """An authenticated websocket of one user."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def wait_for(
        self, wanted: Callable[[dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        """All messages up to the wanted one, heartbeats left out."""
        messages: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while True:
                message = json.loads(await self._socket.recv())
                if message["topic"] == "heartbeat":
                    continue
                messages.append(message)
                if wanted(message):
                    return messages


@asynccontextmanager
async def listen(
    devhost: DevhostProcess, user: str, topics: list[str], project: str | None = None
) -> AsyncIterator[Listener]:
    """Connect, authenticate, and wait until messages really arrive."""
    with rest(devhost, user) as client:  # AYON knows a key only after a REST call
        client.get("/api/users/me").raise_for_status()
    marker = f"marker.{uuid.uuid4().hex[:8]}"
    url = devhost.url.replace("http", "ws") + "/ws"
    async with websockets.connect(url) as socket:
        auth = {
            "topic": "auth",
            "token": devhost.users[user],
            "subscribe": [*topics, marker],
            "project": project,
        }
        await socket.send(json.dumps(auth))
        listener = Listener(socket)
        arrived = asyncio.create_task(
            listener.wait_for(lambda message: message["topic"] == marker)
        )
        while not arrived.done():
            dispatch(devhost, marker)
            await asyncio.wait([arrived], timeout=0.05)
        yield listener


def dispatch(devhost: DevhostProcess, topic: str, **values: Any) -> None:
    body = {"topic": topic, "sender": "test", "store": False, **values}
    with rest(devhost, "admin") as client:
        client.post("/api/events", json=body).raise_for_status()


def is_end(message: dict[str, Any]) -> bool:
    return bool(message["topic"] == "studio.end")


def topics_of(messages: list[dict[str, Any]]) -> list[str]:
    return [m["topic"] for m in messages if not m["topic"].startswith("marker.")]


async def test_topics_are_literal_prefixes(devhost_process: DevhostProcess) -> None:
    topics = ["studio.", "entity.*"]
    async with listen(devhost_process, "manager", topics) as listener:
        for topic in ("entity.folder.created", "studio.one", "other.one", "studio.end"):
            dispatch(devhost_process, topic)
        messages = await listener.wait_for(is_end)
    assert topics_of(messages) == ["studio.one", "studio.end"]


async def test_payload_is_never_sent(devhost_process: DevhostProcess) -> None:
    async with listen(devhost_process, "artist", ["studio."]) as listener:
        dispatch(devhost_process, "studio.end", summary={"n": 1}, payload={"secret": 2})
        message = (await listener.wait_for(is_end))[-1]
    assert message["summary"] == {"n": 1}
    assert {"payload", "recipients"} & set(message) == set()


async def test_client_of_one_project_hears_nothing_of_another(
    devhost_process: DevhostProcess, projects: list[str]
) -> None:
    mine, other = projects
    topics = ["studio."]
    async with listen(devhost_process, "manager", topics, mine) as listener:
        dispatch(devhost_process, "studio.other", project=other)
        dispatch(devhost_process, "studio.mine", project=mine)
        dispatch(devhost_process, "studio.end")
        messages = await listener.wait_for(is_end)
    assert topics_of(messages) == ["studio.mine", "studio.end"]


async def test_artist_hears_only_of_his_projects(
    devhost_process: DevhostProcess, projects: list[str]
) -> None:
    async with listen(devhost_process, "artist", ["studio."]) as listener:
        dispatch(devhost_process, "studio.foreign", project="nowhere")
        dispatch(devhost_process, "studio.known", project=projects[0])
        dispatch(devhost_process, "studio.end")
        messages = await listener.wait_for(is_end)
    assert topics_of(messages) == ["studio.known", "studio.end"]


async def test_heartbeat_comes_when_nothing_else_does(
    devhost_process: DevhostProcess,
) -> None:
    with rest(devhost_process, "artist") as client:
        client.get("/api/users/me").raise_for_status()
    url = devhost_process.url.replace("http", "ws") + "/ws"
    async with websockets.connect(url) as socket:
        token = devhost_process.users["artist"]
        await socket.send(
            json.dumps({"topic": "auth", "token": token, "subscribe": []})
        )
        async with asyncio.timeout(20):
            assert json.loads(await socket.recv()) == {"topic": "heartbeat"}


def test_event_hub_of_ayon_api_hears_events(devhost_process: DevhostProcess) -> None:
    connection = Connection(
        devhost_process.url, devhost_process.users["artist"], client_version="1.2.3"
    )
    hub = connection.get_event_hub()
    heard = threading.Event()

    def hear(event: dict[str, Any]) -> None:
        heard.set()

    hub.add_callback("hub.*", hear)
    try:
        deadline = time.monotonic() + 20
        while not heard.wait(0.1) and time.monotonic() < deadline:
            dispatch(devhost_process, "hub.test")
        assert heard.is_set()
    finally:
        hub.stop()
        connection.close_websocket()


async def test_unauthenticated_socket_is_closed(
    devhost_process: DevhostProcess,
) -> None:
    url = devhost_process.url.replace("http", "ws") + "/ws"
    async with websockets.connect(url) as socket:
        await socket.send(json.dumps({"topic": "auth", "token": "x", "subscribe": []}))
        async with asyncio.timeout(20):
            await socket.wait_closed()


async def test_entity_events_reach_the_addons_hooks(host: Host) -> None:
    client = await host.client()
    base = f"/api/projects/{PROJECT}"

    async def create(kind: str, **data: Any) -> str:
        response = await client.post(f"{base}/{kind}", json=data)
        assert response.status_code == 201, response.text
        entity_id: str = response.json()["id"]
        return entity_id

    folder = await create("folders", name="assets")
    product = await create(
        "products", name="modelMain", productType="model", folderId=folder
    )
    version = await create("versions", version=1, productId=product)
    representation = await create("representations", name="abc", versionId=version)
    host.addon.seen.clear()
    file = {"id": uuid.uuid4().hex, "path": "{root[work]}/a.abc", "size": 1}
    path = f"{base}/representations/{representation}"
    await client.patch(path, json={"files": [file]})  # of which AYON sends none
    await client.patch(path, json={"tags": ["final"]})
    await client.patch(path, json={"tags": ["final"]})
    await client.delete(path)
    seen = [(event.topic, event.summary["entityId"]) for event in host.addon.seen]
    assert seen == [
        ("entity.representation.tags_changed", representation),
        ("entity.representation.deleted", representation),
    ]
    changed, deleted = host.addon.seen
    assert changed.summary["parentId"] == deleted.summary["parentId"] == version
    assert changed.summary["entityPath"] == "/assets/abc"
    assert changed.payload["oldValue"] == []
    assert changed.payload["newValue"] == changed.summary["value"] == ["final"]
    assert deleted.payload["entityData"]["files"][0]["path"] == file["path"]


async def test_project_events_follow_its_life(host: Host) -> None:
    client = await host.client()
    await client.post("/api/projects", json={"name": "one", "code": "one"})
    await client.post("/api/projects/one/rename", json={"name": "two"})
    await client.delete("/api/projects/two")
    events = [(event.topic, event.project) for event in host.addon.seen]
    assert events == [
        ("entity.project.created", "one"),
        ("entity.project.renamed", None),
        ("entity.project.deleted", "two"),
    ]
