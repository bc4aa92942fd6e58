"""News on the websocket and in long polls, whichever worker a request went to."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import httpx
import websockets

from tests.ayon.server import TIMEOUT_SECONDS
from tests.ayon.studio import Studio

WAITS = 8


async def test_a_wait_is_woken_whichever_worker_it_is_in(studio: Studio) -> None:
    """Each on a connection of its own: of several some are woken by another's post."""
    published = await studio.publish()
    headers = studio.server.headers["artist"]
    path = f"{studio.addon_path}/-/wait"
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=studio.server.place.url,
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                )
            )
            for _ in range(WAITS)
        ]
        first = await clients[0].get(path, params={"timeoutSeconds": 0})
        params: dict[str, Any] = {
            "after": first.json()["cursor"],
            "timeoutSeconds": 30,
        }
        waits = [
            asyncio.create_task(client.get(path, params=params)) for client in clients
        ]
        await studio.post(await studio.client(), published, "studio")
        answers = [(await wait).json() for wait in waits]
    assert all(answer["events"] or answer["overflow"] for answer in answers)


async def test_events_arrive_over_the_websocket(studio: Studio) -> None:
    published = await studio.publish()
    address = studio.server.place.url.replace("http", "ws", 1)
    token = studio.server.headers["artist"]["Authorization"].removeprefix("Bearer ")
    hello = {
        "topic": "auth",
        "token": token,
        "subscribe": ["sitesync"],
        "project": studio.project,
    }
    async with asyncio.timeout(60), websockets.connect(f"{address}/ws") as socket:
        await socket.send(json.dumps(hello))
        while json.loads(await socket.recv()).get("topic") != "heartbeat":
            pass
        await studio.post(await studio.client(), published, "studio")
        while True:
            event = json.loads(await socket.recv())
            summary = event.get("summary") or {}
            if published.id in summary.get("representationIds", []):
                break
    assert (event["topic"], event["project"]) == ("sitesync.state", studio.project)
