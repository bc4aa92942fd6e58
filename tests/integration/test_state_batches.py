"""States of many representations in one request."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.support.devhost_app import Host


@pytest.fixture
async def manager(host: Host, set_settings: SetSettings) -> httpx.AsyncClient:
    return await host.client("manager", SITE)


async def post(
    client: httpx.AsyncClient, host: Host, *states: dict[str, Any]
) -> list[dict[str, Any]]:
    answer = await client.post(
        f"{host.addon_path}/demo/states", json={"states": list(states)}
    )
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def state(published: Published, site: str = "studio", **extra: Any) -> dict[str, Any]:
    return {"representationId": published.id, "siteName": site, **extra}


async def test_a_status_for_all_files_and_files_one_by_one(
    host: Host, manager: httpx.AsyncClient, pipeline: Pipeline, clock: Clock
) -> None:
    one, two = await pipeline.publish(files=2), await pipeline.publish(files=2)
    files = two.posted(4)
    files[1]["status"] = 1
    results = await post(
        manager,
        host,
        state(one, status=4),
        state(one, SITE, status=1, priority=70),
        state(two, files=files),
    )
    assert [result["errorCode"] for result in results] == [None] * 3
    assert await pipeline.statuses(one, "studio") == [4, 4]
    assert await pipeline.statuses(two, "studio") == [4, 1]
    row = await pipeline.row(one, SITE)
    assert (row["status"], row["priority"], row["files_due"]) == (1, 70, 2)
    studio = await pipeline.row(one, "studio")
    assert studio["bytes_done"] == 200
    stamps = {entry["timestamp"] for entry in studio["data"]["files"].values()}
    assert stamps == {int(clock.now)}


async def test_what_is_refused_leaves_the_others(
    host: Host, manager: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    published, unknown = await pipeline.publish(), uuid.uuid4().hex
    file = {"id": "nobody", "fileHash": "", "status": 4}
    results = await post(
        manager,
        host,
        {"representationId": unknown, "siteName": "studio", "status": 4},
        state(published, "nowhere", status=4),
        state(published, "local", status=4),
        state(published, files=[file]),
        state(published, status=4),
        state(published, status=-1),
    )
    assert [result["errorCode"] for result in results] == [
        "unknown_representation",
        "unknown_site",
        "local_site_name",
        "unknown_file",
        None,
        "last_copy",
    ]
    assert all(result["detail"] for result in results if result["errorCode"])
    assert await pipeline.statuses(published, "studio") == [4]


async def test_a_failure_of_the_last_copy_is_refused_and_that_of_another_written(
    host: Host, manager: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    """It would stay synced: what is told as written must be what was said."""
    published = await pipeline.publish(files=2)
    await post(manager, host, state(published, status=4))
    await post(manager, host, state(published, SITE, files=published.posted(4)[:1]))
    results = await post(
        manager,
        host,
        state(published, status=2),
        state(published, files=published.posted(2)[1:]),
        state(published, files=published.posted(2)[:1]),
    )
    assert [result["errorCode"] for result in results] == [
        "last_copy",
        "last_copy",
        None,
    ]
    assert "only synced copy" in results[0]["detail"]
    assert await pipeline.statuses(published, "studio") == [2, 4]


async def test_later_states_see_the_earlier_ones(
    host: Host, manager: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    results = await post(
        manager,
        host,
        state(published, status=4),
        state(published, SITE, status=4),
        state(published, status=-1),
        state(published, SITE, status=-1),
    )
    assert [result["errorCode"] for result in results] == [None] * 3 + ["last_copy"]
    assert await pipeline.statuses(published, "studio") == [-1]
    assert await pipeline.statuses(published, SITE) == [4]


async def test_reset_forgets_what_is_stored(
    host: Host, manager: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    await post(manager, host, state(published, status=4))
    await post(manager, host, state(published, SITE, status=4))
    first = published.posted(1)[:1]
    await post(manager, host, state(published, SITE, files=first, reset=True))
    assert await pipeline.statuses(published, SITE) == [1, -1]


async def test_aliases_follow(
    host: Host,
    manager: httpx.AsyncClient,
    pipeline: Pipeline,
    set_settings: SetSettings,
) -> None:
    site = {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]}
    await set_settings(sites=[site])
    published = await pipeline.publish()
    await post(manager, host, state(published, status=4))
    assert await pipeline.statuses(published, CONFIGURED) == [4]


async def test_access_is_that_of_single_posts(
    host: Host, set_settings: SetSettings, pipeline: Pipeline
) -> None:
    mine = await pipeline.publish(author="artist")
    other = await pipeline.publish(author="somebody", folder=OTHER_FOLDER)
    artist = await host.client("artist", SITE)
    await post(await host.client("manager"), host, state(other, status=4))
    results = await post(
        artist,
        host,
        state(mine, CONFIGURED, status=4),
        state(other, status=3),
        state(other, "studio", status=1, priority=90),
        state(other, SITE, status=1),
    )
    codes = [result["errorCode"] for result in results]
    assert codes == [None, "not_allowed", "not_allowed", None]
    restricted = await host.client("restricted", "calm-red-owl")
    [hidden] = await post(restricted, host, state(other, "calm-red-owl", status=1))
    assert hidden["errorCode"] == "not_allowed"


@pytest.mark.parametrize("extra", [{}, {"status": 4, "files": []}, {"status": 9}])
async def test_a_state_says_one_thing(
    host: Host, manager: httpx.AsyncClient, pipeline: Pipeline, extra: dict[str, Any]
) -> None:
    published = await pipeline.publish()
    answer = await manager.post(
        f"{host.addon_path}/demo/states", json={"states": [state(published, **extra)]}
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "states.0.status")


async def test_thousands_at_once(
    host: Host, manager: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    unknown = [
        {"representationId": uuid.uuid4().hex, "siteName": "studio", "status": 1}
        for _ in range(9_999)
    ]
    results = await post(manager, host, *unknown, state(published, status=4))
    assert len(results) == 10_000
    assert results[-1]["errorCode"] is None
    assert await pipeline.statuses(published, "studio") == [4, 4]
