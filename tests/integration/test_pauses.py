"""Pauses: who may, what they cover, and that agents obey them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ayon_server.events import EventStream

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Pipeline, Published
from tests.integration.queue_agent import Agent, done
from tests.support.devhost_app import Host


@pytest.fixture
async def manager(host: Host, set_settings: SetSettings) -> httpx.AsyncClient:
    return await host.client("manager")


async def pause(
    client: httpx.AsyncClient, host: Host, scope: str, paused: bool = True, **of: Any
) -> httpx.Response:
    body = {"scope": scope, "paused": paused, **of}
    return await client.post(f"{host.addon_path}/-/pauses", json=body)


async def listed(client: httpx.AsyncClient, host: Host) -> list[dict[str, Any]]:
    answer = await client.get(f"{host.addon_path}/-/pauses")
    pauses: list[dict[str, Any]] = answer.json()["pauses"]
    return pauses


SCOPES = [
    ("all", {}),
    ("project", {"projectName": "demo"}),
    ("site", {"siteName": SITE}),
    ("site", {"siteName": "studio"}),
    ("site", {"siteName": "studio", "projectName": "demo"}),
]


@pytest.mark.parametrize(("scope", "of"), SCOPES)
async def test_claims_give_nothing_under_a_pause(
    host: Host,
    manager: httpx.AsyncClient,
    agent: Agent,
    queued: Published,
    scope: str,
    of: dict[str, str],
) -> None:
    assert (await pause(manager, host, scope, **of)).status_code == 204
    assert await agent.claim() == []
    assert (await pause(manager, host, scope, paused=False, **of)).status_code == 204
    assert len(await agent.claim()) == 1


async def test_a_pause_of_another_site_stops_nothing(
    host: Host, manager: httpx.AsyncClient, agent: Agent, queued: Published
) -> None:
    await pause(manager, host, "site", siteName=CONFIGURED)
    assert len(await agent.claim()) == 1


@pytest.mark.parametrize(("scope", "of"), SCOPES)
async def test_a_running_transfer_is_told_and_given_back(
    host: Host,
    manager: httpx.AsyncClient,
    agent: Agent,
    queued: Published,
    pipeline: Pipeline,
    scope: str,
    of: dict[str, str],
) -> None:
    [transfer] = await agent.claim()
    await pause(manager, host, scope, **of)
    first, _ = transfer["files"]
    answer = await agent.report(transfer, [done(first)])
    assert (answer["state"], answer["expiresAt"]) == ("paused", None)
    # What was done before counts; the rest waits.
    assert await pipeline.statuses(queued, SITE) == [4, 1]
    again = await agent.report(transfer, [])
    assert again["state"] == "paused"


@pytest.mark.parametrize(
    ("verb", "state", "left"), [("pause", "paused", 3), ("cancel", "cancelled", None)]
)
async def test_a_verb_stops_a_running_transfer(
    agent: Agent,
    queued: Published,
    pipeline: Pipeline,
    verb: str,
    state: str,
    left: int | None,
) -> None:
    [transfer] = await agent.claim()
    body = {"siteNames": [SITE], "selection": {"representationIds": [queued.id]}}
    answer = await agent.client.post(f"{agent.base}/demo/verbs/{verb}", json=body)
    assert answer.json()["changed"] == 1
    late = await agent.report(transfer, [done(transfer["files"][0])], finished=True)
    assert late["state"] == state
    row = await pipeline.row(queued, SITE)
    assert (row and row["status"]) == left
    assert await agent.claim() == []


async def test_pauses_are_listed_with_who_and_why(
    host: Host, manager: httpx.AsyncClient
) -> None:
    await pause(manager, host, "site", siteName="studio", reason="disk is moved")
    await pause(manager, host, "all")
    everything, studio = await listed(manager, host)
    assert everything["scope"] == "all"
    assert studio.pop("since") > 0
    assert studio == {
        "scope": "site",
        "projectName": None,
        "siteName": "studio",
        "reason": "disk is moved",
        "userName": "manager",
    }


async def test_a_pause_outlives_the_server(
    host: Host, manager: httpx.AsyncClient, agent: Agent, queued: Published
) -> None:
    await pause(manager, host, "all")
    await host.addon.setup()
    assert await agent.claim() == []


async def test_a_pause_is_announced(
    host: Host, manager: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics: list[str] = []
    dispatch = EventStream.dispatch

    async def listen(topic: str, **extra: Any) -> Any:
        topics.append(topic)
        return await dispatch(topic, **extra)

    monkeypatch.setattr(EventStream, "dispatch", listen)
    await pause(manager, host, "all")
    assert topics == ["sitesync.pauses"]


@pytest.mark.parametrize(
    ("scope", "of", "status"),
    [
        ("all", {}, 403),
        ("project", {"projectName": "demo"}, 403),
        ("site", {"siteName": "studio"}, 403),
        ("site", {"siteName": CONFIGURED}, 403),
        ("site", {"siteName": "calm-red-owl"}, 403),
        ("site", {"siteName": SITE}, 204),
        ("site", {"siteName": SITE, "projectName": "demo"}, 204),
    ],
)
async def test_an_artist_pauses_his_own_machine(
    host: Host, artist: httpx.AsyncClient, scope: str, of: dict[str, str], status: int
) -> None:
    assert (await pause(artist, host, scope, **of)).status_code == status


@pytest.mark.parametrize(
    ("scope", "of", "field"),
    [
        ("project", {}, "projectName"),
        ("site", {}, "siteName"),
        ("all", {"siteName": "studio"}, "siteName"),
        ("all", {"projectName": "demo"}, "projectName"),
        ("project", {"projectName": "demo", "siteName": "studio"}, "siteName"),
        ("site", {"siteName": "local"}, "siteName"),
        ("site", {"siteName": "a\x00b"}, "siteName"),
        ("world", {}, "scope"),
    ],
)
async def test_a_bad_scope_names_the_field(
    host: Host, manager: httpx.AsyncClient, scope: str, of: dict[str, str], field: str
) -> None:
    answer = await pause(manager, host, scope, **of)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_an_unknown_project_is_404(
    host: Host, manager: httpx.AsyncClient
) -> None:
    answer = await pause(manager, host, "project", projectName="nowhere")
    assert answer.status_code == 404
