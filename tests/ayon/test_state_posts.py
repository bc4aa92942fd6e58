"""Posts and deletions of states as the existing addon does them: quirks, bad input."""

import asyncio
import uuid

import pytest

from tests.ayon.studio import CONFIGURED, Studio


async def test_a_post_merges_by_file_id_and_drops_empty_messages(
    studio: Studio,
) -> None:
    published = await studio.publish(files=2)
    client = await studio.client("manager")
    await studio.post(client, published, "studio", status=1)
    url = f"{studio.base}/state/{published.id}/studio"
    failed = {**published.posted(2)[0], "message": "disk full", "retries": 2}
    assert (await client.post(url, json={"files": [failed]})).status_code == 204
    [item] = await studio.get_state(client)
    assert [file["localStatus"]["status"] for file in item["files"]] == [2, 1]
    assert item["files"][0]["localStatus"]["message"] == "disk full"
    assert item["files"][0]["localStatus"]["retries"] == 2
    assert item["localStatus"]["status"] == 2
    assert item["localStatus"]["message"] is None

    await client.post(url, json={"files": [published.posted(1)[0]]})
    [item] = await studio.get_state(client)
    assert item["files"][0]["localStatus"]["message"] is None
    assert item["files"][0]["localStatus"]["retries"] == 0


async def test_reset_rebuilds_from_the_representation(shared: Studio) -> None:
    published = await shared.publish(files=2)
    client = await shared.client("manager")
    await shared.post(client, published, CONFIGURED)
    await shared.post(client, published, "studio")
    answer = await client.post(
        f"{shared.base}/state/{published.id}/studio?reset=true",
        json={"files": [published.posted(1)[0]]},
    )
    assert answer.status_code == 204
    assert await shared.statuses(published, "studio") == [1, -1]


async def test_what_the_existing_client_sends_besides_is_taken_as_it_was(
    shared: Studio,
) -> None:
    """A time in fractions is cut, sizes of all files and unknown keys are dropped."""
    published = await shared.publish(files=2)
    client = await shared.client("manager")
    url = f"{shared.base}/state/{published.id}/studio"
    [first, _] = published.posted(1)
    sent = {**first, "timestamp": 1_700_000_000.9, "totalSize": 7, "pause": True}
    answer = await client.post(url, json={"files": [sent], "priority": None})
    assert (answer.status_code, answer.content) == (204, b"")
    [item] = await shared.get_state(client, representationIds=published.id)
    [one, other] = [file["localStatus"] for file in item["files"]]
    assert (one["status"], one["timestamp"], one["totalSize"]) == (
        1,
        1_700_000_000,
        100,
    )
    assert (other["status"], other["timestamp"]) == (-1, 0)
    assert item["localStatus"]["timestamp"] == 1_700_000_000
    assert (await client.post(url, json={"files": []})).status_code == 204


async def test_priority_is_kept_until_another_is_posted(shared: Studio) -> None:
    published = await shared.publish()
    client = await shared.client("manager")
    for body, expected in (({}, 50), ({"priority": 80}, 80), ({}, 80)):
        await shared.post(client, published, "studio", 1, **body)
        assert (await shared.row(published, "studio"))["priority"] == expected


async def test_progress_is_stored_as_bytes_and_returned(studio: Studio) -> None:
    published = await studio.publish()
    client = await studio.client("manager")
    body = {"files": published.posted(0, progress=0.25)}
    url = f"{studio.base}/state/{published.id}/studio"
    assert (await client.post(url, json=body)).status_code == 204
    [item] = await studio.get_state(client)
    assert item["files"][0]["localStatus"]["size"] == 25
    assert item["localStatus"]["progress"] == 0.25


async def test_a_queued_file_of_full_size_shows_no_progress(studio: Studio) -> None:
    published = await studio.publish()
    client = await studio.client("manager")
    body = {"files": [{**published.posted(1)[0], "size": 100}]}
    await client.post(f"{studio.base}/state/{published.id}/studio", json=body)
    [item] = await studio.get_state(client)
    assert item["localStatus"]["size"] == 100
    assert item["localStatus"]["progress"] == 0.0


async def test_concurrent_first_posts_all_succeed(shared: Studio) -> None:
    published = await shared.publish(files=8)
    client = await shared.client("manager")
    url = f"{shared.base}/state/{published.id}/studio"
    answers = await asyncio.gather(
        *(client.post(url, json={"files": [each]}) for each in published.posted(1))
    )
    assert [answer.status_code for answer in answers] == [204] * 8
    assert await shared.statuses(published, "studio") == [1] * 8


async def test_unknown_file_ids_are_told_and_nothing_is_written(shared: Studio) -> None:
    published = await shared.publish()
    client = await shared.client("manager")
    stranger = {**published.posted(4)[0], "id": uuid.uuid4().hex}
    answer = await client.post(
        f"{shared.base}/state/{published.id}/studio",
        json={"files": [*published.posted(4), stranger]},
    )
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "unknown_file"
    assert answer.json()["fileIds"] == [stranger["id"]]
    assert await shared.states(published) == {}


@pytest.mark.parametrize("method", ["post", "delete"])
async def test_unknown_representations_are_404(shared: Studio, method: str) -> None:
    client = await shared.client("manager")
    url = f"{shared.base}/state/{'0' * 32}/studio"
    answer = await client.request(
        method, url, json={"files": []} if method == "post" else None
    )
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "unknown_representation"


@pytest.mark.parametrize("text", ["xyz", "0" * 31, "0" * 32 + "%0A", "A" * 32, "0000-"])
async def test_malformed_representation_ids_are_400(shared: Studio, text: str) -> None:
    client = await shared.client("manager")
    answer = await client.delete(f"{shared.base}/state/{text}/studio")
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
    shared: Studio, site: str, status: int, code: str
) -> None:
    published = await shared.publish()
    client = await shared.client("manager")
    answer = await shared.post(client, published, site)
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
    shared: Studio, change: dict[str, int], field: str
) -> None:
    published = await shared.publish()
    client = await shared.client("manager")
    answer = await client.post(
        f"{shared.base}/state/{published.id}/studio",
        json={"files": [{**published.posted(1)[0], **change}]},
    )
    assert answer.status_code == 400
    body = answer.json()
    assert body["errorCode"] == "invalid_request"
    assert body["field"] == f"files.0.{field}"
    assert field in body["detail"]


@pytest.mark.parametrize("priority", [-999, 0, 1001, 2**40])
async def test_priority_outside_1_to_1000_is_400(shared: Studio, priority: int) -> None:
    published = await shared.publish()
    client = await shared.client("manager")
    answer = await shared.post(client, published, "studio", 1, priority=priority)
    assert answer.status_code == 400
    assert answer.json()["field"] == "priority"


async def test_delete_answers_204_whether_or_not_there_is_a_row(shared: Studio) -> None:
    published = await shared.publish()
    client = await shared.client("manager")
    await shared.post(client, published, "studio", status=1)
    url = f"{shared.base}/state/{published.id}/studio"
    assert [(await client.delete(url)).status_code for _ in range(2)] == [204, 204]
    assert await shared.states(published) == {}
