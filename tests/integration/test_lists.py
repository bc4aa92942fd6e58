"""The panel's list of representations, and the sites of a project."""

import json
from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.state_requests import HOSTILE
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
                "isRemoving": False,
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
async def test_d23_pages_walk_the_whole_list_both_ways(
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


async def test_a_users_machine_is_listed_before_anything_is_on_it(
    host: Host, client: httpx.AsyncClient, clock: Clock
) -> None:
    agent = {"id": "a" * 32, "siteName": SITE, "hostname": "ws042", "version": "2.0.0"}
    await client.post(
        f"{host.addon_path}/-/claim",
        json={"agent": agent, "projects": ["demo"], "maxTransfers": 0},
    )

    # As a browser asks, which belongs to no machine.
    del client.headers["x-ayon-site-id"]

    async def list_names() -> list[str]:
        answer = await client.get(f"{host.addon_path}/demo/sites")
        return [site["siteName"] for site in answer.json()["sites"]]

    assert SITE in await list_names()
    await clock.advance(120)
    assert SITE not in await list_names()


async def test_d54_a_manager_sees_the_machines_of_others(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    machine = "machine-of-artist"
    published = await pipeline.publish()
    artist = await host.client("artist", machine)
    await sync(artist, host, published, machine)
    answer = await client.get(f"{host.addon_path}/demo/sites")
    assert machine in [site["siteName"] for site in answer.json()["sites"]]
    [row] = (await query(client, host, siteNames=[machine]))["representations"]
    assert row["sites"][machine]["status"] == 4


async def test_a_manager_may_bring_things_to_a_machine_that_has_nothing_yet(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    machine = "machine-of-artist"
    published = await pipeline.publish()
    await sync(client, host, published, "studio")
    artist = await host.client("artist", machine)
    agent = {"id": "e" * 32, "siteName": machine, "hostname": "ws7", "version": "2"}
    claim = {"agent": agent, "projects": ["demo"], "maxTransfers": 0}
    assert (await artist.post(f"{host.addon_path}/-/claim", json=claim)).is_success

    async def sites_of(user: httpx.AsyncClient) -> list[str]:
        answer = await user.get(f"{host.addon_path}/demo/sites")
        return [site["siteName"] for site in answer.json()["sites"]]

    assert machine in await sites_of(await host.client("manager"))
    assert machine not in await sites_of(await host.client("restricted"))
    manager = await host.client("manager")
    order = {"siteNames": [machine], "selection": {"representationIds": [published.id]}}
    answer = await manager.post(f"{host.addon_path}/demo/verbs/queue", json=order)
    assert answer.status_code == 200, answer.text
    assert answer.json()["changed"] == 1


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
        "servedBy": [],
        "moving": 0,
        "bytesPerSecond": 0.0,
        "removing": 0,
        "scan": None,
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


async def test_numbers_of_a_site_sort_the_list_and_no_row_comes_last(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient, clock: Clock
) -> None:
    rows = [await pipeline.publish(files=1 + number) for number in range(4)]
    missing = sorted([(await pipeline.publish()).id for _ in range(3)])
    for number, status in ((0, 4), (1, 1), (2, 2), (3, 0)):
        await clock.advance(10)
        await sync(client, host, rows[number], "studio", status)
        await client.post(
            f"{host.addon_path}/demo/state/{rows[number].id}/studio",
            json={"files": [], "priority": 90 - number},
        )
    by_status = [rows[3].id, rows[1].id, rows[2].id, rows[0].id]
    in_order = [row.id for row in rows]
    expected = {
        "status": by_status,
        "priority": in_order[::-1],
        "changed": in_order,
        "size": in_order,
    }
    for sort_by, order in expected.items():
        for descending in (False, True):
            sorting = {"sortBy": sort_by, "sortDesc": descending, "sortSite": "studio"}
            found = ids(await query(client, host, first=100, **sorting))
            wanted = [*order[::-1], *missing[::-1]] if descending else order + missing
            assert found == wanted, sorting
            assert await walk(client, host, "first", **sorting) == wanted
            assert await walk(client, host, "last", **sorting) == wanted
            anchors = await client.post(
                f"{host.addon_path}/demo/representations/anchors",
                json={**sorting, "every": 10},
            )
            assert anchors.json() == {"anchors": [], "total": 7}


async def walk(
    client: httpx.AsyncClient, host: Host, count: str, **sorting: Any
) -> list[str]:
    """All ids, two a page, forwards with `first` or backwards with `last`."""
    is_forward = count == "first"
    start, at, more = (
        ("after", "endCursor", "hasNextPage")
        if is_forward
        else ("before", "startCursor", "hasPreviousPage")
    )
    found: list[str] = []
    cursor = None
    while True:
        answer = await query(client, host, **{count: 2, start: cursor}, **sorting)
        found = found + ids(answer) if is_forward else ids(answer) + found
        cursor = answer["pageInfo"][at]
        if not answer["pageInfo"][more]:
            return found


async def test_the_first_of_the_sites_is_sorted_by_if_none_is_named(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    first, second = [await pipeline.publish() for _ in range(2)]
    await sync(client, host, first, SITE, 4)
    await sync(client, host, second, SITE, 1)
    await sync(client, host, first, "studio", 1)
    await sync(client, host, second, "studio", 4)
    order = {"sortBy": "status", "siteNames": [SITE]}
    assert ids(await query(client, host, **order)) == [second.id, first.id]
    assert ids(await query(client, host, sortBy="status")) == [first.id, second.id]


@pytest.mark.parametrize(
    "sorting",
    [
        {"sortBy": "folder"},
        {"sortBy": "product", "sortDesc": True},
        {"sortBy": "status", "sortSite": "studio"},
        {"sortBy": "changed", "sortSite": "studio", "sortDesc": True},
    ],
)
async def test_anchors_lead_into_the_list(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient, sorting: dict[str, Any]
) -> None:
    published = [await pipeline.publish(f"shots/s{n % 3}") for n in range(25)]
    for each in published[:15]:
        await sync(client, host, each, "studio", 1)
    everything = ids(await query(client, host, first=100, **sorting))
    answer = await client.post(
        f"{host.addon_path}/demo/representations/anchors",
        json={**sorting, "every": 10},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == 25
    assert len(answer.json()["anchors"]) == 2
    for number, anchor in enumerate(answer.json()["anchors"], 1):
        page = await query(client, host, first=3, after=anchor, **sorting)
        assert ids(page) == everything[number * 10 :][:3]


async def test_a_cursor_of_another_order_of_a_site_is_refused(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    published = [await pipeline.publish() for _ in range(3)]
    for each in published[:2]:
        await sync(client, host, each, "studio", 1)
    by_folder: dict[str, Any] = {"sortBy": "folder"}
    by_size = {"sortBy": "size", "sortSite": "studio"}
    elsewhere = {"sortBy": "size", "sortSite": SITE}
    by_priority = {"sortBy": "priority", "sortSite": "studio"}

    async def cursor(sorting: dict[str, Any]) -> str:
        answer = await query(client, host, first=1, **sorting)
        return str(answer["pageInfo"]["endCursor"])

    path = f"{host.addon_path}/demo/representations/query"
    graph = """query($after: String) { project(name: "demo") {
        representations(first: 1, after: $after, sortBy: SIZE, sortSite: "studio") {
            edges { node { id } } } } }"""
    for sorting in (by_folder, elsewhere, by_priority):
        after = await cursor(sorting)
        body = {"first": 1, "after": after, **by_size}
        answer = await client.post(path, json=body)
        assert answer.status_code == 400, sorting
        assert answer.json()["field"] == "after"
        assert "another order" in answer.json()["detail"]
        body = {"query": graph, "variables": {"after": after}}
        answer = await client.post(f"{host.addon_path}/-/graphql", json=body)
        assert "another order" in answer.json()["errors"][0]["message"]
    # Its place in an order of names is that of its row, whatever it was given in.
    after = await cursor(by_size)
    answer = await client.post(path, json={"first": 3, "after": after, **by_folder})
    assert answer.status_code == 200
    down = {**by_size, "sortDesc": True}
    answer = await client.post(path, json={"first": 3, "after": after, **down})
    assert answer.status_code == 200


async def test_every_filter_narrows_list_total_and_anchors(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient, clock: Clock
) -> None:
    wanted = await pipeline.publish(product="compMain", version=7, name="abc", files=3)
    other = await pipeline.publish(OTHER_FOLDER)
    await sync(client, host, other, "studio")
    await clock.advance(100)
    failed = wanted.posted(2, message="disk o'full 100%")
    await client.post(
        f"{host.addon_path}/demo/state/{wanted.id}/{SITE}", json={"files": failed}
    )
    only_other = {"hasError": False}
    for conditions in (
        {"productIds": [wanted.product_id]},
        {"versionIds": [wanted.version_id]},
        {"representationIds": [wanted.id]},
        {"folderIds": [wanted.folder_id]},
        {"representationNames": ["abc"]},
        {"versions": [7, 8]},
        {"hasError": True},
        {"errorText": "O'FULL 100%"},
        {"changedSince": clock.now - 1},
        {"minSize": 300},
        {"minSize": 101, "maxSize": 300},
        {"statuses": {SITE: [2]}},
        {"statuses": {SITE: [2], "studio": [-1]}},
        {"statuses": {"studio": [-1]}},
        {"productTypes": ["render"], "search": "comp"},
    ):
        found = await query(client, host, withTotal="exact", **conditions)
        assert (ids(found), found["total"]) == ([wanted.id], 1), conditions
        answer = await client.post(
            f"{host.addon_path}/demo/representations/anchors", json=conditions
        )
        assert answer.json()["total"] == 1, conditions
    assert ids(await query(client, host, **only_other)) == [other.id]
    for nothing in (
        {"productTypes": ["nothing"]},
        {"versions": []},
        {"representationIds": []},
        {"folderIds": ["0" * 32]},
        {"maxSize": 0},
        {"errorText": "100_"},
        {"changedSince": clock.now + 1},
        {"statuses": {SITE: [2], "studio": [4]}},
    ):
        assert ids(await query(client, host, **nothing)) == [], nothing
    for text in HOSTILE:
        for conditions in (
            {"productTypes": [text]},
            {"representationNames": [text]},
            {"errorText": f"nomatch{text}"},
        ):
            assert ids(await query(client, host, **conditions)) == [], conditions


async def test_inactive_entities_are_shown_on_request_only(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    shown, hidden = [await pipeline.publish() for _ in range(2)]
    await Postgres.execute(
        f"UPDATE {pipeline.schema}.products SET active = FALSE WHERE id = $1",
        hidden.product_id,
    )
    assert ids(await query(client, host)) == [shown.id]
    found = await query(client, host, includeInactive=True)
    assert set(ids(found)) == {shown.id, hidden.id}


async def test_totals_can_be_estimated(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    await pipeline.publish()
    answer = await query(client, host, withTotal="estimated")
    assert answer["total"] >= 0
    answer = await query(client, host, withTotal=True)
    assert answer["total"] == 1
