"""The six endpoints of the existing addon: keys, statuses, quirks, bad input."""

import asyncio
import uuid
from contextvars import Context
from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

WAITING = "SELECT count(*) AS count FROM pg_locks WHERE NOT granted"
HOSTILE = [
    "jim's-laptop",
    '"double"',
    "100%",
    "under_score",
    "back\\slash",
    "'; DROP TABLE public.users; --",
    "zz' OR '1'='1",
    "nomatch%' OR TRUE OR f.name ILIKE '",
    "ünïcödé 🎬",
    "{schema}{order}$1",
]


async def post(
    client: httpx.AsyncClient,
    host: Host,
    published: Published,
    site: str,
    status: int = 4,
    **extra: Any,
) -> httpx.Response:
    return await client.post(
        f"{host.addon_path}/demo/state/{published.id}/{site}",
        json={"files": published.posted(status), **extra},
    )


async def get_state(
    client: httpx.AsyncClient, host: Host, **params: Any
) -> list[dict[str, Any]]:
    params = {"localSite": "studio", "remoteSite": CONFIGURED, **params}
    answer = await client.get(f"{host.addon_path}/demo/state", params=params)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["representations"]
    return rows


# --- keys ----------------------------------------------------------------------


async def test_state_has_the_keys_of_the_existing_addon(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    client = await host.client("manager")
    await post(client, host, published, "studio")
    [item] = await get_state(client, host)
    assert set(item) == {
        "folder",
        "product",
        "version",
        "representation",
        "representationId",
        "fileCount",
        "size",
        "localStatus",
        "remoteStatus",
        "versionId",
        "files",
    }
    status_keys = {
        "status",
        "size",
        "totalSize",
        "timestamp",
        "message",
        "retries",
        "progress",
    }
    assert set(item["localStatus"]) == status_keys
    assert set(item["files"][0]) == {
        "id",
        "fileHash",
        "size",
        "path",
        "baseName",
        "localStatus",
        "remoteStatus",
    }
    assert set(item["files"][0]["remoteStatus"]) == status_keys
    assert item["folder"] == "sh0010"
    assert item["versionId"] == published.version_id
    assert item["files"][0]["baseName"] == "frame.0001.exr"
    assert (item["fileCount"], item["size"]) == (2, 200)
    assert item["localStatus"]["status"] == 4
    assert item["localStatus"]["progress"] == 1.0
    assert item["remoteStatus"]["status"] == -1  # no row


async def test_params_counts_representations_and_lists_their_names(
    host: Host, pipeline: Pipeline
) -> None:
    for name in ("exr", "ma", "exr"):
        await pipeline.publish(name=name)
    client = await host.client("artist")
    answer = await client.get(f"{host.addon_path}/demo/params")
    assert answer.json() == {"count": 3, "names": ["exr", "ma"]}


async def test_representation_states_lists_all_sites_of_named_ids(
    host: Host, pipeline: Pipeline
) -> None:
    first, second = [await pipeline.publish() for _ in range(2)]
    client = await host.client("manager")
    await post(client, host, first, "studio")
    await post(client, host, first, CONFIGURED, status=1)
    await post(client, host, second, "studio")
    url = f"{host.addon_path}/demo/state/representations"
    answer = await client.get(url, params={"representationIds": [first.id]})
    assert answer.json() == [
        {"representationId": first.id, "siteName": CONFIGURED, "status": 1},
        {"representationId": first.id, "siteName": "studio", "status": 4},
    ]
    answer = await client.get(
        url,
        params={"representationIds": [first.id, second.id], "siteNames": ["studio"]},
    )
    assert [each["siteName"] for each in answer.json()] == ["studio", "studio"]


async def test_representation_states_without_ids_is_a_400(host: Host) -> None:
    client = await host.client("manager")
    answer = await client.get(f"{host.addon_path}/demo/state/representations")
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_request"
    assert answer.json()["field"] == "representationIds"


async def test_user_sites_resolve_own_choice_then_the_projects(
    host: Host, set_settings: SetSettings
) -> None:
    await set_settings(config={"active_site": "studio", "remote_site": CONFIGURED})
    client = await host.client("artist", SITE)
    url = f"{host.addon_path}/demo/get_user_sites"
    assert (await client.get(url)).json() == {
        "active_site": ["studio"],
        "remote_site": [CONFIGURED],
    }
    await Postgres.execute(
        "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
        SITE,
        {"users": ["artist"]},
    )
    await Postgres.execute(
        "INSERT INTO project_demo.project_site_settings "
        "(addon_name, addon_version, site_id, user_name, data) "
        "VALUES ($1, $2, $3, 'artist', $4)",
        host.addon.name,
        host.addon.version,
        SITE,
        {"local_setting": {"active_site": "local"}},
    )
    assert (await client.get(url)).json() == {
        "active_site": [SITE],
        "remote_site": [CONFIGURED],
    }


async def test_d50_user_sites_read_no_settings_for_each_machine(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = [SITE, *(f"machine-{number}" for number in range(10))]
    for machine in machines:
        await Postgres.execute(
            "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
            machine,
            {"users": ["artist"]},
        )
    read: list[str] = []
    for name in ("get_project_settings", "get_project_site_settings"):
        original = getattr(host.addon, name)

        async def note(
            *args: Any, name: str = name, original: Any = original, **extra: Any
        ) -> Any:
            read.append(name)
            return await original(*args, **extra)

        monkeypatch.setattr(host.addon, name, note)
    client = await host.client("artist", SITE)
    answer = await client.get(f"{host.addon_path}/demo/get_user_sites")
    # What all of them have is told once.
    assert answer.json() == {"active_site": ["studio"], "remote_site": ["studio"]}
    assert read == ["get_project_settings"]


async def test_user_sites_tell_the_choice_on_a_machine_that_is_not_registered(
    host: Host,
) -> None:
    """AYON registers a machine only when the request tells its platform and so on."""
    await Postgres.execute(
        "INSERT INTO project_demo.project_site_settings "
        "(addon_name, addon_version, site_id, user_name, data) "
        "VALUES ($1, $2, $3, 'artist', $4)",
        host.addon.name,
        host.addon.version,
        SITE,
        {"local_setting": {"active_site": "local", "remote_site": "studio"}},
    )
    client = await host.client("artist", SITE)
    answer = await client.get(f"{host.addon_path}/demo/get_user_sites")
    assert answer.json() == {"active_site": [SITE], "remote_site": ["studio"]}


# --- posts ---------------------------------------------------------------------


async def test_a_post_merges_by_file_id_and_drops_empty_messages(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    client = await host.client("manager")
    await post(client, host, published, "studio", status=1)
    url = f"{host.addon_path}/demo/state/{published.id}/studio"
    failed = {**published.posted(2)[0], "message": "disk full", "retries": 2}
    assert (await client.post(url, json={"files": [failed]})).status_code == 204
    [item] = await get_state(client, host)
    assert [file["localStatus"]["status"] for file in item["files"]] == [2, 1]
    assert item["files"][0]["localStatus"]["message"] == "disk full"
    assert item["files"][0]["localStatus"]["retries"] == 2
    assert item["localStatus"]["status"] == 2
    assert item["localStatus"]["message"] is None

    await client.post(url, json={"files": [published.posted(1)[0]]})
    row = await pipeline.row(published, "studio")
    entry = row["data"]["files"][published.files[0]["id"]]
    assert "message" not in entry
    assert "retries" not in entry


async def test_reset_rebuilds_from_the_representation(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    client = await host.client("manager")
    await post(client, host, published, CONFIGURED)
    await post(client, host, published, "studio")
    answer = await client.post(
        f"{host.addon_path}/demo/state/{published.id}/studio?reset=true",
        json={"files": [published.posted(1)[0]]},
    )
    assert answer.status_code == 204
    assert await pipeline.statuses(published, "studio") == [1, -1]


async def test_priority_is_kept_until_another_is_posted(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    for body, expected in (({}, 50), ({"priority": 80}, 80), ({}, 80)):
        await post(client, host, published, "studio", 1, **body)
        assert (await pipeline.row(published, "studio"))["priority"] == expected


async def test_progress_is_stored_as_bytes_and_returned(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    body = {"files": published.posted(0, progress=0.25)}
    url = f"{host.addon_path}/demo/state/{published.id}/studio"
    assert (await client.post(url, json=body)).status_code == 204
    [item] = await get_state(client, host)
    assert item["files"][0]["localStatus"]["size"] == 25
    assert item["localStatus"]["progress"] == 0.25


async def test_a_queued_file_of_full_size_shows_no_progress(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    body = {"files": [{**published.posted(1)[0], "size": 100}]}
    await client.post(f"{host.addon_path}/demo/state/{published.id}/studio", json=body)
    [item] = await get_state(client, host)
    assert item["localStatus"]["size"] == 100
    assert item["localStatus"]["progress"] == 0.0


async def test_concurrent_first_posts_all_succeed(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=8)
    client = await host.client("manager")
    url = f"{host.addon_path}/demo/state/{published.id}/studio"
    answers = await asyncio.gather(
        *(client.post(url, json={"files": [each]}) for each in published.posted(1))
    )
    assert [answer.status_code for answer in answers] == [204] * 8
    assert await pipeline.statuses(published, "studio") == [1] * 8


@pytest.mark.parametrize("path", ["state", "states", "verbs/queue"])
async def test_a_representation_that_is_deleted_meanwhile_is_unknown(
    host: Host, pipeline: Pipeline, path: str
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    bodies: dict[str, Any] = {
        "state": {"files": published.posted(4)},
        "states": {
            "states": [
                {"representationId": published.id, "siteName": "studio", "status": 4}
            ]
        },
        "verbs/queue": {
            "siteNames": ["studio"],
            "selection": {"representationIds": [published.id]},
        },
    }
    full_path = f"state/{published.id}/studio" if path == "state" else path
    async with Postgres.transaction(force_new=True):
        await Postgres.execute(
            "DELETE FROM project_demo.products WHERE id = $1", published.product_id
        )
        posting = asyncio.create_task(
            client.post(f"{host.addon_path}/demo/{full_path}", json=bodies[path]),
            context=Context(),
        )
        for _ in range(1000):
            # Some wait for the deletion, others leave to it what it has.
            if posting.done() or (await Postgres.fetchrow(WAITING))["count"]:
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("the post does not come to the deleted representation")
    answer = await posting
    assert answer.status_code == (404 if path == "state" else 200), answer.text
    if path == "states":
        [result] = answer.json()["results"]
        assert result["errorCode"] == "unknown_representation"
    if path == "verbs/queue":
        assert answer.json()["changed"] == 0


async def test_unknown_file_ids_are_told_and_nothing_is_written(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    stranger = {**published.posted(4)[0], "id": uuid.uuid4().hex}
    answer = await client.post(
        f"{host.addon_path}/demo/state/{published.id}/studio",
        json={"files": [*published.posted(4), stranger]},
    )
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "unknown_file"
    assert answer.json()["fileIds"] == [stranger["id"]]
    assert await pipeline.row(published, "studio") is None


@pytest.mark.parametrize("method", ["post", "delete"])
async def test_unknown_representations_are_404(host: Host, method: str) -> None:
    client = await host.client("manager")
    url = f"{host.addon_path}/demo/state/{'0' * 32}/studio"
    answer = await client.request(
        method, url, json={"files": []} if method == "post" else None
    )
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "unknown_representation"


@pytest.mark.parametrize("text", ["xyz", "0" * 31, "0" * 32 + "%0A", "A" * 32, "0000-"])
async def test_malformed_representation_ids_are_400(host: Host, text: str) -> None:
    client = await host.client("manager")
    answer = await client.delete(f"{host.addon_path}/demo/state/{text}/studio")
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_request"


@pytest.mark.parametrize(
    ("site", "status", "code"),
    [
        ("local", 400, "local_site_name"),
        ("STUDIO", 404, "unknown_site"),
        ("studio%20", 404, "unknown_site"),
        ("no%20such%20site", 404, "unknown_site"),
        ("x" * 500, 404, "unknown_site"),
        ("x" * 5000, 400, "invalid_request"),
        ("nul%00", 400, "invalid_request"),
    ],
)
async def test_unknown_site_names_are_refused(
    host: Host, pipeline: Pipeline, site: str, status: int, code: str
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    answer = await post(client, host, published, site)
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
    assert answer.json()["field"] == "siteName"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"size": -5}, "size"),
        ({"size": 2**70}, "size"),
        ({"timestamp": -1}, "timestamp"),
        ({"retries": -3}, "retries"),
        ({"status": 9}, "status"),
    ],
)
async def test_numbers_out_of_range_are_400(
    host: Host, pipeline: Pipeline, change: dict[str, int], field: str
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    answer = await client.post(
        f"{host.addon_path}/demo/state/{published.id}/studio",
        json={"files": [{**published.posted(1)[0], **change}]},
    )
    assert answer.status_code == 400
    body = answer.json()
    assert body["errorCode"] == "invalid_request"
    assert body["field"] == f"files.0.{field}"
    assert field in body["detail"]


@pytest.mark.parametrize("priority", [-999, 0, 1001, 2**40])
async def test_priority_outside_1_to_1000_is_400(
    host: Host, pipeline: Pipeline, priority: int
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    answer = await post(client, host, published, "studio", 1, priority=priority)
    assert answer.status_code == 400
    assert answer.json()["field"] == "priority"


async def test_delete_answers_204_whether_or_not_there_is_a_row(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    await post(client, host, published, "studio", status=1)
    url = f"{host.addon_path}/demo/state/{published.id}/studio"
    assert [(await client.delete(url)).status_code for _ in range(2)] == [204, 204]
    assert await pipeline.row(published, "studio") is None


# --- list ----------------------------------------------------------------------


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
