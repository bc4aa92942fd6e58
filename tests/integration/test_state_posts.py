"""Posts and deletions of states as the existing addon does them: quirks, bad input."""

import asyncio
import uuid
from contextvars import Context
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED
from tests.integration.pipeline import Pipeline
from tests.integration.state_requests import get_state, post
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

WAITING = "SELECT count(*) AS count FROM pg_locks WHERE NOT granted"


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
