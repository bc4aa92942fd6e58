"""The long poll: woken by what happens, in whichever worker."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import httpx
import pytest
import uvicorn
from ayon_server.lib.postgres import Postgres
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request

from tests.conftest import ROOT, Studio
from tests.integration.conftest import SITE, SetSettings
from tests.integration.pipeline import Pipeline
from tests.integration.test_versions import OURS, Worker
from tests.support.devhost_app import Host


async def ask(client: httpx.AsyncClient, host: Host, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"{host.addon_path}/-/wait", params=params)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def begin(client: httpx.AsyncClient, host: Host) -> str:
    """The cursor of now."""
    content = await ask(client, host, timeoutSeconds=0)
    assert content["events"] == []
    cursor: str = content["cursor"]
    return cursor


def waiters(host: Host) -> int:
    waiting: int = host.addon.site_sync.notices.waiting
    return waiting


async def until_waiting(host: Host, count: int) -> None:
    for _ in range(2000):
        if waiters(host) == count:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{waiters(host)} wait, not {count}")


class PassOn(BaseHTTPMiddleware):
    """Between a request and its handler, which then sees the client's end late."""

    async def dispatch(self, request: Request, call_next: Any) -> Any:
        return await call_next(request)


async def test_a_change_wakes_who_waits(
    host: Host, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    client = await host.client("artist", SITE)
    cursor = await begin(client, host)
    waiting = asyncio.create_task(ask(client, host, after=cursor, timeoutSeconds=50))
    await until_waiting(host, 1)
    published = await pipeline.publish()
    manager = await host.client("manager")
    await manager.post(
        f"{host.addon_path}/demo/state/{published.id}/studio",
        json={"files": published.posted(1)},
    )
    content = await waiting
    event = {
        "topic": "sitesync.state",
        "projectName": "demo",
        "siteNames": ["studio"],
    }
    assert content["events"] == [event]
    assert content["overflow"] is False
    assert int(content["cursor"]) > int(cursor)


async def test_what_happened_between_two_requests_is_told_at_once_and_together(
    host: Host, set_settings: SetSettings
) -> None:
    client = await host.client("artist", SITE)
    cursor = await begin(client, host)
    live = host.addon.site_sync.live
    await live.agents_changed(["b"])
    await live.agents_changed(["a"])
    await live.pauses_changed()
    content = await ask(client, host, after=cursor, timeoutSeconds=50)
    assert content["events"] == [
        {"topic": "sitesync.agents", "projectName": None, "siteNames": ["a", "b"]},
        {"topic": "sitesync.pauses", "projectName": None, "siteNames": []},
    ]
    later = await ask(client, host, after=content["cursor"], timeoutSeconds=0)
    assert later["events"] == []


async def test_projects_of_others_wake_nobody(
    host: Host, set_settings: SetSettings
) -> None:
    client = await host.client("artist")
    cursor = await begin(client, host)
    await host.addon.site_sync.notices.send("sitesync.state", "secret", ["studio"])
    await host.addon.site_sync.notices.send("sitesync.state", "demo", ["studio"])
    content = await ask(client, host, after=cursor, timeoutSeconds=50)
    assert [each["projectName"] for each in content["events"]] == ["demo"]


async def test_more_sites_than_a_notice_holds_are_cut_and_it_says_so(
    host: Host, set_settings: SetSettings
) -> None:
    client = await host.client("artist")
    cursor = await begin(client, host)
    names = [f"{number:04}" + "\u2603" * 250 for number in range(100)]
    await host.addon.site_sync.notices.send("sitesync.state", "demo", names)
    content = await ask(client, host, after=cursor, timeoutSeconds=50)
    assert content["overflow"] is True
    [event] = content["events"]
    assert 0 < len(event["siteNames"]) < 100


async def test_who_missed_more_than_is_kept_is_told_to_look_at_everything(
    host: Host, set_settings: SetSettings
) -> None:
    client = await host.client("artist")
    await host.addon.site_sync.notices.send("sitesync.state", "demo", ["studio"])
    await begin(client, host)
    content = await ask(client, host, after="0", timeoutSeconds=50)
    assert (content["overflow"], content["events"]) == (True, [])


async def test_a_broken_connection_is_made_again(
    host: Host, set_settings: SetSettings
) -> None:
    client = await host.client("artist")
    cursor = await begin(client, host)
    waiting = asyncio.create_task(ask(client, host, after=cursor, timeoutSeconds=50))
    await until_waiting(host, 1)
    await Postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND query LIKE '%sitesync_live_seq%'"
    )
    # Nothing was sent meanwhile, so nothing was missed.
    await host.addon.site_sync.notices.position()
    await host.addon.site_sync.notices.send("sitesync.state", "demo", ["studio"])
    content = await waiting
    assert content["events"] or content["overflow"]


@pytest.mark.timeout(120)
async def test_another_workers_change_wakes(
    host: Host, studio: Studio, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    published = await pipeline.publish()
    worker = await Worker.start(studio, [ROOT])
    await worker.read()
    client = await host.client("artist")
    cursor = await begin(client, host)
    waiting = asyncio.create_task(ask(client, host, after=cursor, timeoutSeconds=50))
    await until_waiting(host, 1)
    body = {"files": published.posted(1)}
    await worker.carry_out([[OURS, published.id, "studio", body]])
    content = await waiting
    assert [each["topic"] for each in content["events"]] == ["sitesync.state"]
    assert await worker.stop() == 0


async def test_clients_that_go_away_are_freed(
    host: Host, set_settings: SetSettings
) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        app: Any = host.app
        for _ in range(3):  # as AYON has them
            app = PassOn(app)
        config = uvicorn.Config(app, lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        _, writer = await asyncio.open_connection(*listening.getsockname())
        key = host.credentials.api_keys["artist"]
        writer.write(
            f"GET {host.addon_path}/-/wait?timeoutSeconds=55 HTTP/1.1\r\n"
            f"Host: devhost\r\nX-Api-Key: {key}\r\n\r\n".encode()
        )
        await until_waiting(host, 1)
        writer.close()
        await until_waiting(host, 0)
        server.should_exit = True
        await serving


async def test_waiters_are_bounded(
    host: Host, set_settings: SetSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = host.addon.site_sync.notices
    module = sys.modules[type(notices).__module__]
    monkeypatch.setattr(module, "MOST_OF_USER", 1)
    client = await host.client("artist")
    cursor = await begin(client, host)
    waiting = asyncio.create_task(ask(client, host, after=cursor, timeoutSeconds=50))
    await until_waiting(host, 1)
    refused = await client.get(f"{host.addon_path}/-/wait")
    assert (refused.status_code, refused.json()["errorCode"]) == (
        429,
        "too_many_waiters",
    )
    await notices.send("sitesync.state", "demo", ["studio"])
    await waiting
    assert (await ask(client, host, timeoutSeconds=0))["events"] == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"after": "x"}, "after"),
        ({"after": "-1"}, "after"),
        ({"after": "9" * 30}, "after"),
        ({"timeoutSeconds": 56}, "timeoutSeconds"),
    ],
)
async def test_bad_input_is_named(
    host: Host, params: dict[str, Any], field: str
) -> None:
    client = await host.client("artist")
    answer = await client.get(f"{host.addon_path}/-/wait", params=params)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
