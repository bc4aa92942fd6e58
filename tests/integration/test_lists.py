"""The panel's list of representations, and the sites of a project."""

import json
from typing import Any

import httpx
import pytest

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.test_state_endpoints import HOSTILE
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")


@pytest.fixture
async def client(host: Host) -> httpx.AsyncClient:
    return await host.client("manager", SITE)


async def query(client: httpx.AsyncClient, host: Host, **body: Any) -> dict[str, Any]:
    answer = await client.post(
        f"{host.addon_path}/demo/representations/query", json=body
    )
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def ids(answer: dict[str, Any]) -> list[str]:
    return [row["representationId"] for row in answer["representations"]]


async def sync(
    client: httpx.AsyncClient,
    host: Host,
    published: Published,
    site: str,
    status: int = 4,
) -> None:
    answer = await client.post(
        f"{host.addon_path}/demo/state/{published.id}/{site}",
        json={"files": published.posted(status)},
    )
    assert answer.status_code == 204, answer.text


async def test_a_row_describes_a_representation_and_its_sites(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient, clock: Clock
) -> None:
    published = await pipeline.publish(files=2, product="compMain", version=21)
    await sync(client, host, published, "studio")
    answer = await query(
        client, host, siteNames=["studio", SITE], withFiles=True, withTotal=True
    )
    assert answer["total"] == 1
    [row] = answer["representations"]
    assert row == {
        "representationId": published.id,
        "versionId": published.version_id,
        "folderPath": "/shots/sq001/sh0010",
        "product": "compMain",
        "productType": "render",
        "version": 21,
        "representation": "exr",
        "fileCount": 2,
        "size": 200,
        "sites": {
            "studio": {
                "status": 4,
                "filesTotal": 2,
                "filesSynced": 2,
                "filesFailed": 0,
                "filesVerified": 0,
                "bytesTotal": 200,
                "bytesDone": 200,
                "changedAt": clock.now,
                "priority": 50,
                "message": None,
            }
        },
        "files": [
            {
                "id": file["id"],
                "path": file["path"],
                "size": 100,
                "sites": {
                    "studio": {
                        "status": 4,
                        "bytesDone": 100,
                        "proof": None,
                        "message": None,
                        "retries": 0,
                    }
                },
            }
            for file in published.files
        ],
    }
    [row] = (await query(client, host))["representations"]
    assert "files" not in row
    assert (await query(client, host))["total"] is None


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "sort_by", ["folder", "product", "version", "representation", "id"]
)
async def test_pages_walk_the_whole_list_both_ways(
    host: Host,
    pipeline: Pipeline,
    client: httpx.AsyncClient,
    sort_by: str,
    descending: bool,
) -> None:
    for number in range(7):
        await pipeline.publish(
            f"shots/sq{number % 2}", product=f"p{number % 3}x{number}", version=-1
        )
    order = {"sortBy": sort_by, "sortDesc": descending}
    everything = ids(await query(client, host, first=100, **order))
    assert len(everything) == len(set(everything)) == 7

    forward: list[str] = []
    cursor = None
    while True:
        answer = await query(client, host, first=3, after=cursor, **order)
        assert answer["pageInfo"]["hasPreviousPage"] is (cursor is not None)
        forward += ids(answer)
        cursor = answer["pageInfo"]["endCursor"]
        if not answer["pageInfo"]["hasNextPage"]:
            break
    assert forward == everything

    backward: list[str] = []
    cursor = None
    while True:
        answer = await query(client, host, last=3, before=cursor, **order)
        assert answer["pageInfo"]["hasNextPage"] is (cursor is not None)
        backward = ids(answer) + backward
        cursor = answer["pageInfo"]["startCursor"]
        if not answer["pageInfo"]["hasPreviousPage"]:
            break
    assert backward == everything


async def test_sorting_by_folder_is_by_the_whole_path(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    late = await pipeline.publish("shots/b", version=2)
    early = await pipeline.publish("shots/a", version=1)
    assert ids(await query(client, host)) == [early.id, late.id]
    assert ids(await query(client, host, sortDesc=True)) == [late.id, early.id]


async def test_folders_mean_their_subtrees(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    inside = await pipeline.publish("shots/sq001/sh0010")
    await pipeline.publish("shots/sq0010/sh0010")
    folder = await pipeline.folder("shots/sq001")
    assert ids(await query(client, host, folderIds=[folder])) == [inside.id]


async def test_search_wants_all_words_somewhere(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    wanted = await pipeline.publish(product="compMain", name="exr")
    await pipeline.publish(OTHER_FOLDER, product="compMain", name="exr")
    await pipeline.publish(product="modelMain", name="abc")
    assert ids(await query(client, host, search="SQ001 comp")) == [wanted.id]
    for text in HOSTILE:
        assert ids(await query(client, host, search=f"nomatch{text}")) == [], text


async def test_statuses_filter_each_site_and_minus_one_means_no_row_too(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    both, only_studio, neither = [await pipeline.publish() for _ in range(3)]
    for published in (both, only_studio):
        await sync(client, host, published, "studio")
    await sync(client, host, both, SITE, 1)

    async def found(**statuses: list[int]) -> set[str]:
        names = {"machine": SITE, "studio": "studio"}
        wanted = {names[key]: value for key, value in statuses.items()}
        return set(ids(await query(client, host, statuses=wanted)))

    assert await found(studio=[4]) == {both.id, only_studio.id}
    assert await found(studio=[4], machine=[-1]) == {only_studio.id}
    assert await found(machine=[-1, 1], studio=[-1, 4]) == {
        both.id,
        only_studio.id,
        neither.id,
    }
    assert await found(machine=[0, 2]) == set()
    for text in HOSTILE:
        body = {text: [4]}
        assert ids(await query(client, host, statuses=body, siteNames=[text])) == []


async def test_representation_ids_and_totals_narrow_alike(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    published = [await pipeline.publish() for _ in range(3)]
    answer = await query(
        client, host, representationIds=[published[1].id], withTotal=True
    )
    assert (ids(answer), answer["total"]) == ([published[1].id], 1)
    answer = await query(client, host, first=1, withTotal=True)
    assert answer["total"] == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"first": 1001}, "first"),
        ({"last": 0}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"after": "bm9uc2Vuc2U="}, "after"),
        ({"before": "💥"}, "before"),
        ({"folderIds": ["x"]}, "folderIds.0"),
        ({"representationIds": "x"}, "representationIds"),
        ({"statuses": {"studio": [9]}}, "statuses.studio.0"),
        ({"sortBy": "colour"}, "sortBy"),
        ({"search": "nul\x00"}, "search"),
        ({"siteNames": ["\ud800"]}, "siteNames"),
    ],
)
async def test_bad_queries_name_the_field(
    host: Host, client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post(
        f"{host.addon_path}/demo/representations/query",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_request"
    assert answer.json()["field"] == field


async def test_a_body_that_is_no_json_is_a_400(
    host: Host, client: httpx.AsyncClient
) -> None:
    answer = await client.post(
        f"{host.addon_path}/demo/representations/query",
        content="{",
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_request"


async def test_sites_tell_kind_role_totals_and_agents(
    host: Host,
    pipeline: Pipeline,
    client: httpx.AsyncClient,
    set_settings: SetSettings,
    clock: Clock,
) -> None:
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    first, second = [await pipeline.publish(files=2) for _ in range(2)]
    for published in (first, second):
        await sync(client, host, published, "studio")
    await sync(client, host, first, SITE, 1)
    agent = {"id": "a" * 32, "siteName": SITE, "hostname": "ws042", "version": "2.0.0"}
    await client.post(
        f"{host.addon_path}/-/claim",
        json={"agent": agent, "projects": ["demo"], "maxTransfers": 0},
    )
    await clock.advance(30)
    answer = await client.get(f"{host.addon_path}/demo/sites")
    assert answer.status_code == 200
    sites = {site["siteName"]: site for site in answer.json()["sites"]}
    assert list(sites) == ["studio", CONFIGURED, SITE]
    assert sites["studio"] == {
        "siteName": "studio",
        "provider": "local_drive",
        "kind": "studio",
        "isActive": False,
        "isRemote": True,
        "totals": {
            "4": {
                "representations": 2,
                "files": 4,
                "filesSynced": 4,
                "filesVerified": 0,
                "filesFailed": 0,
                "bytes": 400,
                "bytesDone": 400,
            }
        },
        "agents": [],
    }
    assert (sites[CONFIGURED]["kind"], sites[CONFIGURED]["provider"]) == (
        "configured",
        "sftp",
    )
    assert (sites[SITE]["kind"], sites[SITE]["isActive"]) == ("machine", True)
    assert sites[SITE]["agents"] == [
        {
            "agentId": "a" * 32,
            "hostname": "ws042",
            "userName": "manager",
            "version": "2.0.0",
            "seenAt": clock.now - 30,
            "isLive": True,
        }
    ]
    await clock.advance(31)
    answer = await client.get(f"{host.addon_path}/demo/sites")
    [machine] = [site for site in answer.json()["sites"] if site["agents"]]
    assert machine["agents"][0]["isLive"] is False
