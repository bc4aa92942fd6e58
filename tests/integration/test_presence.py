"""What scans find on a site's storage, and scans that somebody asks for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.test_removals import STUDIO, Remover, remove
from tests.integration.test_verbs import Operator
from tests.support.devhost_app import Host

CHECKSUM = f"xxh3:{'ab' * 16}"
OTHER_CHECKSUM = f"xxh3:{'cd' * 16}"


@pytest.fixture
async def manager(host: Host, set_settings: SetSettings) -> Operator:
    return Operator(await host.client("manager", SITE), host.addon_path)


@pytest.fixture
async def artist(host: Host, set_settings: SetSettings) -> Operator:
    return Operator(await host.client("artist", SITE), host.addon_path)


async def ask(
    who: Operator, files: list[dict[str, Any]], site: str = SITE, **extra: Any
) -> httpx.Response:
    body = {"siteName": site, "files": files, **extra}
    return await who.client.post(f"{who.base}/demo/presence", json=body)


async def tell(
    who: Operator, files: list[dict[str, Any]], site: str = SITE, **extra: Any
) -> dict[str, Any]:
    answer = await ask(who, files, site, **extra)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def look(
    published: Published, number: int, state: str = "present", **extra: Any
) -> dict[str, Any]:
    file = published.files[number]
    return {
        "representationId": published.id,
        "fileId": file["id"],
        "state": state,
        "size": file["size"],
        **extra,
    }


async def know_checksum(published: Published, number: int) -> None:
    await Postgres.execute(
        "INSERT INTO project_demo.sitesync_file_checksums (representation_id, file_id, "
        "algorithm, digest, size, site_name, verified_at) "
        "VALUES ($1, $2, 'xxh3', $3, 100, 'studio', now())",
        published.id,
        published.files[number]["id"],
        CHECKSUM.partition(":")[2],
    )


async def test_what_is_there_is_adopted_and_claimed(
    artist: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    result = await tell(artist, [look(published, 0), look(published, 1)])
    assert result == {"results": [], "synced": 2, "queued": 0, "missing": 0}
    row = await pipeline.row(published, SITE)
    assert (row["status"], row["files_verified"], row["bytes_done"]) == (4, 0, 200)
    again = await tell(artist, [look(published, 0)])
    assert again["synced"] == 0


async def test_a_known_checksum_verifies_what_is_there(
    artist: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    for number in (0, 1):
        await know_checksum(published, number)
    looks = [
        look(published, 0, checksum=CHECKSUM),
        look(published, 1, checksum=f"md5:{'0' * 32}"),
    ]
    await tell(artist, looks)
    row = await pipeline.row(published, SITE)
    assert (row["files_synced"], row["files_verified"]) == (2, 1)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"size": 99}, "size_mismatch"),
        ({"checksum": OTHER_CHECKSUM}, "checksum_mismatch"),
    ],
)
async def test_another_content_is_not_there(
    artist: Operator, pipeline: Pipeline, wrong: dict[str, Any], code: str
) -> None:
    published = await pipeline.publish(files=2)
    await know_checksum(published, 0)
    await artist.post(published, SITE, 4)
    result = await tell(artist, [look(published, 0, **wrong)])
    assert (result["missing"], result["synced"]) == (1, 0)
    [problem] = result["results"]
    assert (problem["errorCode"], problem["fileId"]) == (code, published.files[0]["id"])
    assert await pipeline.statuses(published, SITE) == [-1, 4]


@pytest.mark.parametrize("state", ["missing", "different"])
async def test_what_is_missing_is_queued_if_another_site_has_it(
    artist: Operator, manager: Operator, pipeline: Pipeline, state: str
) -> None:
    published, only = await pipeline.publish(files=2), await pipeline.publish()
    await manager.post(published, STUDIO, 4)
    for each in (published, only):
        await artist.post(each, SITE, 4)
    looks = [look(published, 0, state), look(only, 0, state)]
    result = await tell(artist, looks, requeue=True)
    assert (result["queued"], result["missing"]) == (1, 1)
    assert await pipeline.statuses(published, SITE) == [1, 4]
    # The truth, also of the last copy.
    assert await pipeline.statuses(only, SITE) == [-1]
    result = await tell(artist, [look(published, 1, state)])
    assert (result["queued"], result["missing"]) == (0, 1)


async def test_work_under_way_is_left_alone(
    artist: Operator, manager: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    await artist.post(published, SITE, 0)
    result = await tell(artist, [look(published, 0), look(published, 1, "missing")])
    assert (result["synced"], result["missing"]) == (0, 0)
    assert await pipeline.statuses(published, SITE) == [0, 0]


async def test_files_under_removal_are_not_adopted(
    manager: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    for site in (STUDIO, CONFIGURED):
        await manager.post(published, site, 4)
    await remove(manager, published)
    result = await tell(manager, [look(published, 0)], site=STUDIO)
    assert [each["errorCode"] for each in result["results"]] == ["removing"]
    assert await pipeline.statuses(published, STUDIO) == [-1]


async def test_names_of_one_store_have_the_same_files(
    manager: Operator, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    nas = {"name": "nas", "provider": "local_drive", "alternative_sites": [STUDIO]}
    await set_settings(sites=[{"name": CONFIGURED, "provider": "sftp"}, nas])
    published = await pipeline.publish(files=2)
    await tell(manager, [look(published, 0), look(published, 1)], site=STUDIO)
    assert await pipeline.statuses(published, "nas") == [4, 4]
    await tell(manager, [look(published, 0, "missing")], site="nas", requeue=True)
    # The other name of the store is no other copy.
    assert await pipeline.statuses(published, STUDIO) == [-1, 4]


async def test_what_cannot_be_taken_is_told_and_the_rest_is_written(
    artist: Operator, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    unknown = {**look(published, 0), "representationId": "f" * 32}
    renewed = look(published, 0) | {"fileId": "e" * 32}
    result = await tell(artist, [unknown, renewed, look(published, 0)])
    assert result["synced"] == 1
    assert sorted(each["errorCode"] for each in result["results"]) == [
        "unknown_file",
        "unknown_representation",
    ]
    hidden = await pipeline.publish(folder=OTHER_FOLDER)
    site = "calm-violet-newt"
    restricted = Operator(await host.client("restricted", site), host.addon_path)
    result = await tell(restricted, [look(hidden, 0)], site=site)
    assert [each["errorCode"] for each in result["results"]] == ["not_allowed"]


async def test_who_may_say_what_is_on_a_site(
    artist: Operator, manager: Operator, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    other = Operator(
        await host.client("restricted", "calm-violet-newt"), host.addon_path
    )
    await tell(artist, [look(published, 0)])
    for who, site, status in (
        (artist, STUDIO, 403),
        (other, SITE, 403),
        (manager, SITE, 200),
        (manager, CONFIGURED, 200),
        (manager, "nowhere", 404),
        (artist, "local", 400),
    ):
        assert (await ask(who, [], site)).status_code == status, site
        answer = await who.client.post(f"{who.base}/demo/scan", json={"siteName": site})
        assert answer.status_code == status, site


async def scans(who: Operator, site: str) -> Any:
    answer = await who.client.get(f"{who.base}/demo/sites")
    return next(
        each["scan"] for each in answer.json()["sites"] if each["siteName"] == site
    )


async def test_a_scan_is_given_to_one_agent_of_the_site(
    manager: Operator, host: Host, clock: Clock
) -> None:
    service = Remover(await host.client("service"), host.addon_path, STUDIO)
    machine = Remover(manager.client, manager.base)
    assert await scans(manager, STUDIO) is None
    body = {"siteName": STUDIO}
    answer = await manager.client.post(f"{manager.base}/demo/scan", json=body)
    order = {**body, "projectName": "demo", "requestedAt": clock.now}
    assert answer.json() == {"requestedAt": clock.now}
    assert (await machine.answer(takesScans=True))["scans"] == []
    assert (await service.answer())["scans"] == []
    assert (await service.answer(takesScans=True))["scans"] == [order]
    twin = Remover(await host.client("service"), host.addon_path, STUDIO)
    assert (await twin.answer(takesScans=True))["scans"] == []
    # An agent that is not heard of any more loses it.
    await clock.advance(500)
    await tell(manager, [], site=STUDIO)
    await clock.advance(500)
    assert (await twin.answer(takesScans=True))["scans"] == []
    await clock.advance(101)
    assert (await twin.answer(takesScans=True))["scans"] == [order]

    counts = {"found": 3, "missing": 2, "different": 1}
    path = f"{manager.base}/demo/scan/finished"
    stale = {**body, "requestedAt": 1.0, **counts}
    assert (await manager.client.post(path, json=stale)).status_code == 204
    assert (await scans(manager, STUDIO))["finishedAt"] is None
    told = {**body, "requestedAt": order["requestedAt"], **counts}
    assert (await manager.client.post(path, json=told)).status_code == 204
    assert await scans(manager, STUDIO) == {
        "requestedAt": order["requestedAt"],
        "startedAt": clock.now,
        "finishedAt": clock.now,
        **counts,
        "message": None,
    }
    assert (await twin.answer(takesScans=True))["scans"] == []
