"""The list of states of the existing addon: pages, filters, bad and hostile input."""

import uuid
from typing import Any

import pytest

from tests.ayon.studio import CONFIGURED, Studio
from tests.integration.pipeline import OTHER_FOLDER
from tests.integration.state_requests import HOSTILE


async def test_pages_hold_every_row_once_whatever_the_order(studio: Studio) -> None:
    published = [await studio.publish(product=f"p{i % 3}{i}") for i in range(7)]
    client = await studio.client("manager")
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
                rows = await studio.get_state(
                    client,
                    sortBy=sort_by,
                    sortDesc=descending,
                    page=page,
                    pageLength=2,
                )
                found += [row["representationId"] for row in rows]
            assert sorted(found) == sorted(each.id for each in published)


async def test_folders_are_filtered_and_sorted_by_name_not_by_path(
    studio: Studio,
) -> None:
    """`sh0010` of one sequence and of another are equal; the rest follows the name."""
    paths = ("shots/a/zebra", "shots/b/sh0010", "shots/c/sh0010", "shots/d/Apple")
    published = [await studio.publish(path) for path in paths]
    client = await studio.client("manager")
    rows = await studio.get_state(client, sortBy="folder")
    names = [row["folder"] for row in rows]
    assert sorted(names, key=str.lower) != sorted(paths)
    assert names == sorted(names)
    assert await studio.get_state(client, folderFilter="shots") == []
    rows = await studio.get_state(client, folderFilter="H001")
    assert {row["representationId"] for row in rows} == {
        each.id for each in published[1:3]
    }


async def test_statuses_sort_as_numbers_and_no_row_as_minus_one(
    studio: Studio,
) -> None:
    published = [await studio.publish() for _ in range(4)]
    client = await studio.client("manager")
    for each, status in zip(published, (2, 4, 1), strict=False):
        await studio.post(client, each, CONFIGURED, status)
    for side, sites in (
        ("local", {"localSite": CONFIGURED, "remoteSite": "studio"}),
        ("remote", {"localSite": "studio", "remoteSite": CONFIGURED}),
    ):
        for descending in (False, True):
            rows = await studio.get_state(
                client, **sites, sortBy=f"{side}Status", sortDesc=descending
            )
            found = [row[f"{side}Status"]["status"] for row in rows]
            assert found == sorted([-1, 1, 2, 4], reverse=descending)
        rows = await studio.get_state(
            client, **sites, **{f"{side}StatusFilter": [1, 2]}
        )
        assert {row["representationId"] for row in rows} == {
            published[0].id,
            published[2].id,
        }


async def test_fifty_rows_unless_ids_are_named(studio: Studio) -> None:
    published = [await studio.publish() for _ in range(52)]
    client = await studio.client("manager")
    assert len(await studio.get_state(client)) == 50
    ids = [each.id for each in published]
    assert len(await studio.get_state(client, representationIds=ids)) == 52
    versions = [each.version_id for each in published]
    assert len(await studio.get_state(client, versionIdsFilter=versions)) == 52
    assert len(await studio.get_state(client, representationIds=ids, pageLength=3)) == 3


async def test_a_page_over_10000_is_refused_and_names_the_cursor(
    shared: Studio,
) -> None:
    client = await shared.client("manager")
    answer = await client.get(
        f"{shared.base}/state",
        params={"localSite": "a", "remoteSite": "b", "pageLength": 10_001},
    )
    assert answer.status_code == 400
    assert answer.json()["field"] == "pageLength"
    assert "cursor" in answer.json()["detail"]


async def test_status_minus_one_selects_rows_and_no_rows(studio: Studio) -> None:
    without, synced = [await studio.publish() for _ in range(2)]
    client = await studio.client("manager")
    await studio.post(client, synced, "studio")
    rows = await studio.get_state(client, localStatusFilter=[-1])
    assert [row["representationId"] for row in rows] == [without.id]
    rows = await studio.get_state(client, localStatusFilter=[4])
    assert [row["representationId"] for row in rows] == [synced.id]
    assert await studio.get_state(client, bothOnly=True) == []
    await studio.post(client, synced, CONFIGURED, 1)
    rows = await studio.get_state(client, bothOnly=True)
    assert [row["representationId"] for row in rows] == [synced.id]


async def test_filters_narrow_the_list(studio: Studio) -> None:
    published = await studio.publish(product="modelMain", version=3, name="abc")
    other = await studio.publish(OTHER_FOLDER, product="compMain", name="exr")
    client = await studio.client("manager")
    for params in (
        {"productFilter": "MODEL"},
        {"versionFilter": 3},
        {"versionFilter": 3, "sortBy": "version", "sortDesc": True},
        {"repreNameFilter": ["abc", "zzz"]},
        {"versionIdsFilter": [published.version_id]},
        {"folderIdsFilter": [published.folder_id]},
        {"folderFilter": "SH0010", "productFilter": "model"},
        {"representationIds": [str(uuid.UUID(published.id))]},
    ):
        rows = await studio.get_state(client, **params)
        assert [row["representationId"] for row in rows] == [published.id], params
    assert await studio.get_state(client, versionFilter=0) == []
    rows = await studio.get_state(client, sortBy="version", sortDesc=True)
    assert [row["version"] for row in rows] == [3, 1]
    rows = await studio.get_state(client, sortBy="product")
    assert [row["representationId"] for row in rows] == [other.id, published.id]


@pytest.mark.parametrize("table", ["representations", "versions", "products"])
async def test_inactive_entities_are_left_out(studio: Studio, table: str) -> None:
    published = await studio.publish()
    client = await studio.client("manager")
    await studio.post(client, published, "studio")
    await studio.deactivate(table, published)
    assert await studio.get_state(client) == []
    answer = await client.get(
        f"{studio.base}/state/representations",
        params={"representationIds": [published.id]},
    )
    assert answer.json() == []
    assert (await client.get(f"{studio.base}/params")).json()["count"] == 0


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
    shared: Studio, params: dict[str, Any], field: str
) -> None:
    client = await shared.client("manager")
    answer = await client.get(
        f"{shared.base}/state",
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
    studio: Studio, parameter: str, expected: int
) -> None:
    await studio.publish()
    client = await studio.client("artist")
    for text in HOSTILE:
        rows = await studio.get_state(client, **{parameter: text})
        assert [row["localStatus"]["status"] for row in rows] == [-1] * expected, text


async def test_hostile_site_names_of_representation_states_are_only_text(
    shared: Studio,
) -> None:
    published = await shared.publish()
    await shared.post(await shared.client("manager"), published, "studio")
    client = await shared.client("artist")
    for text in HOSTILE:
        answer = await client.get(
            f"{shared.base}/state/representations",
            params={"representationIds": [published.id], "siteNames": [text]},
        )
        assert (answer.status_code, answer.json()) == (200, []), text


async def test_a_restricted_user_is_told_of_his_folders_only(studio: Studio) -> None:
    readable, hidden = await studio.publish(), await studio.publish(OTHER_FOLDER)
    manager = await studio.client("manager")
    for each in (readable, hidden):
        await studio.post(manager, each, "studio")
    client = await studio.client("restricted")
    rows = await studio.get_state(client)
    assert [row["representationId"] for row in rows] == [readable.id]
    assert (await client.get(f"{studio.base}/params")).json()["count"] == 1
    answer = await client.get(
        f"{studio.base}/state/representations",
        params={"representationIds": [readable.id, hidden.id]},
    )
    assert [each["representationId"] for each in answer.json()] == [readable.id]
