"""The list of states of the existing addon: pages, filters, bad and hostile input."""

import uuid
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline
from tests.integration.state_requests import HOSTILE, get_state, post
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")


async def test_pages_hold_every_row_once_whatever_the_order(
    host: Host, pipeline: Pipeline
) -> None:
    published = [await pipeline.publish(product=f"p{i % 3}{i}") for i in range(7)]
    client = await host.client("manager")
    for sort_by in (
        "folder",
        "product",
        "version",
        "representation",
        "localStatus",
        "remoteStatus",
    ):
        for descending in (False, True):
            found = []
            for page in range(1, 5):
                rows = await get_state(
                    client,
                    host,
                    sortBy=sort_by,
                    sortDesc=descending,
                    page=page,
                    pageLength=2,
                )
                found += [row["representationId"] for row in rows]
            assert sorted(found) == sorted(each.id for each in published)


async def test_fifty_rows_unless_ids_are_named(host: Host, pipeline: Pipeline) -> None:
    published = [await pipeline.publish() for _ in range(52)]
    client = await host.client("manager")
    assert len(await get_state(client, host)) == 50
    ids = [each.id for each in published]
    assert len(await get_state(client, host, representationIds=ids)) == 52
    versions = [each.version_id for each in published]
    assert len(await get_state(client, host, versionIdsFilter=versions)) == 52
    assert len(await get_state(client, host, representationIds=ids, pageLength=3)) == 3


async def test_a_page_over_10000_is_refused_and_names_the_cursor(host: Host) -> None:
    client = await host.client("manager")
    answer = await client.get(
        f"{host.addon_path}/demo/state",
        params={"localSite": "a", "remoteSite": "b", "pageLength": 10_001},
    )
    assert answer.status_code == 400
    assert answer.json()["field"] == "pageLength"
    assert "cursor" in answer.json()["detail"]


async def test_status_minus_one_selects_rows_and_no_rows(
    host: Host, pipeline: Pipeline
) -> None:
    without, synced = [await pipeline.publish() for _ in range(2)]
    client = await host.client("manager")
    await post(client, host, synced, "studio")
    rows = await get_state(client, host, localStatusFilter=[-1])
    assert [row["representationId"] for row in rows] == [without.id]
    rows = await get_state(client, host, localStatusFilter=[4])
    assert [row["representationId"] for row in rows] == [synced.id]
    assert await get_state(client, host, bothOnly=True) == []


async def test_filters_narrow_the_list(host: Host, pipeline: Pipeline) -> None:
    published = await pipeline.publish(product="modelMain", version=3, name="abc")
    await pipeline.publish(OTHER_FOLDER, product="compMain", name="exr")
    client = await host.client("manager")
    for params in (
        {"productFilter": "MODEL"},
        {"versionFilter": 3},
        {"repreNameFilter": ["abc", "zzz"]},
        {"versionIdsFilter": [published.version_id]},
        {"folderIdsFilter": [published.folder_id]},
        {"folderFilter": "SH0010", "productFilter": "model"},
        {"representationIds": [str(uuid.UUID(published.id))]},
    ):
        rows = await get_state(client, host, **params)
        assert [row["representationId"] for row in rows] == [published.id], params


@pytest.mark.parametrize("table", ["representations", "versions", "products"])
async def test_inactive_entities_are_left_out(
    host: Host, pipeline: Pipeline, table: str
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    await post(client, host, published, "studio")
    await Postgres.execute(f"UPDATE project_demo.{table} SET active = FALSE")
    assert await get_state(client, host) == []
    answer = await client.get(
        f"{host.addon_path}/demo/state/representations",
        params={"representationIds": [published.id]},
    )
    assert answer.json() == []
    assert (await client.get(f"{host.addon_path}/demo/params")).json()["count"] == 0


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"representationIds": "x"}, "representationIds"),
        ({"versionIdsFilter": ""}, "versionIdsFilter"),
        ({"folderIdsFilter": "0' OR TRUE"}, "folderIdsFilter"),
        ({"localStatusFilter": 9}, "localStatusFilter"),
        ({"remoteStatusFilter": "a"}, "remoteStatusFilter"),
        ({"sortBy": "size"}, "sortBy"),
        ({"page": 0}, "page"),
        ({"page": 10**18}, "page"),
        ({"pageLength": 10**19}, "pageLength"),
        ({"versionFilter": 2**40}, "versionFilter"),
        ({"folderFilter": "nul\x00"}, "folderFilter"),
    ],
)
async def test_bad_parameters_are_400_and_name_the_field(
    host: Host, params: dict[str, Any], field: str
) -> None:
    client = await host.client("manager")
    answer = await client.get(
        f"{host.addon_path}/demo/state",
        params={"localSite": "a", "remoteSite": "b", **params},
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["errorCode"] == "invalid_request"
    assert answer.json()["field"].split(".")[0] == field
    assert field in answer.json()["detail"]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("localSite", 1),
        ("remoteSite", 1),
        ("repreNameFilter", 0),
        ("folderFilter", 0),
        ("productFilter", 0),
    ],
)
async def test_text_parameters_are_only_text(
    host: Host, pipeline: Pipeline, parameter: str, expected: int
) -> None:
    await pipeline.publish()
    client = await host.client("artist")
    for text in HOSTILE:
        rows = await get_state(client, host, **{parameter: text})
        assert [row["localStatus"]["status"] for row in rows] == [-1] * expected, text


async def test_hostile_names_find_themselves(host: Host, pipeline: Pipeline) -> None:
    named = {text: await pipeline.publish(product=text) for text in HOSTILE}
    client = await host.client("artist")
    for text, published in named.items():
        rows = await get_state(client, host, productFilter=text)
        assert [row["representationId"] for row in rows] == [published.id]


async def test_hostile_site_names_of_representation_states_are_only_text(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    await pipeline.write_row(published, "studio", {})
    client = await host.client("artist")
    for text in HOSTILE:
        answer = await client.get(
            f"{host.addon_path}/demo/state/representations",
            params={"representationIds": [published.id], "siteNames": [text]},
        )
        assert (answer.status_code, answer.json()) == (200, []), text


async def test_a_row_with_broken_json_is_shown(
    host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    published = await pipeline.publish()
    await pipeline.write_row(
        published,
        "studio",
        {"files": {published.files[0]["id"]: {"status": 77, "size": -5}, "x": 3}},
    )
    client = await host.client("manager")
    [item] = await get_state(client, host)
    assert item["files"][0]["localStatus"]["status"] == -1
    assert item["localStatus"]["size"] == 0
