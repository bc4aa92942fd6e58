"""What deleted representations left on sites: who sees it, and who has it deleted."""

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import FOLDER, OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.test_removals import Remover, published_on
from tests.integration.test_verbs import Operator
from tests.support.devhost_app import Host

STUDIO = "studio"


@pytest.fixture
async def manager(host: Host, set_settings: SetSettings) -> Operator:
    return Operator(await host.client("manager", SITE), host.addon_path)


@pytest.fixture
async def agent(host: Host, set_settings: SetSettings) -> Remover:
    return Remover(await host.client("service"), host.addon_path, STUDIO)


async def delete(host: Host, kind: str, entity_id: str) -> None:
    """Delete over AYON's REST, once its files are known."""
    await vars(host.addon)["upkeep"].look()
    admin = await host.client("admin")
    path = f"/api/projects/demo/{kind}/{entity_id}"
    answer = await admin.delete(path, params={"force": True})
    assert answer.status_code == 204, answer.text


async def listed(
    client: httpx.AsyncClient, host: Host, **params: Any
) -> dict[str, Any]:
    answer = await client.get(f"{host.addon_path}/demo/tombstones", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def order(
    client: httpx.AsyncClient, host: Host, published: Published, site: str
) -> httpx.Response:
    return await client.post(
        f"{host.addon_path}/demo/tombstones/remove",
        json={"siteName": site, "representationIds": [published.id]},
    )


@pytest.mark.parametrize("kind", ["representations", "versions", "products", "folders"])
async def test_deleting_leaves_what_was_on_sites(
    host: Host, manager: Operator, pipeline: Pipeline, clock: Clock, kind: str
) -> None:
    published = await published_on(manager, pipeline, STUDIO, CONFIGURED)
    await manager.post(published, SITE, 1)
    ids = {
        "representations": published.id,
        "versions": published.version_id,
        "products": published.product_id,
        "folders": published.folder_id,
    }
    await delete(host, kind, ids[kind])
    found = (await listed(manager.client, host))["tombstones"]
    files = [{"path": file["path"], "size": 100} for file in published.files]
    assert {each["siteName"] for each in found} == {STUDIO, CONFIGURED}
    for each in found:
        assert each["representationId"] == published.id
        assert sorted(each["files"], key=lambda file: str(file["path"])) == files
        assert each["deletedAt"] == clock.now
        assert (each["isRemoving"], each["message"]) == (False, None)


async def test_forgetting_a_row_of_what_lives_is_no_deletion(
    host: Host, manager: Operator, pipeline: Pipeline
) -> None:
    published = await published_on(manager, pipeline, STUDIO, CONFIGURED)
    await vars(host.addon)["upkeep"].look()
    answer = await manager.client.delete(
        f"{host.addon_path}/demo/state/{published.id}/{STUDIO}"
    )
    assert answer.status_code == 204
    assert (await listed(manager.client, host))["tombstones"] == []


async def test_tombstones_come_in_pages_and_by_site(
    host: Host, manager: Operator, pipeline: Pipeline
) -> None:
    many = [await published_on(manager, pipeline, STUDIO) for _ in range(3)]
    await manager.post(many[0], CONFIGURED, 4)
    for published in many:
        await delete(host, "representations", published.id)
    page = await listed(manager.client, host, siteName=STUDIO, first=2)
    rest = await listed(
        manager.client, host, siteName=STUDIO, after=page["pageInfo"]["endCursor"]
    )
    assert page["pageInfo"]["hasNextPage"] and not rest["pageInfo"]["hasNextPage"]
    ids = [one["representationId"] for one in page["tombstones"] + rest["tombstones"]]
    assert ids == [published.id for published in reversed(many)]
    other = await listed(manager.client, host, siteName=CONFIGURED)
    assert [each["siteName"] for each in other["tombstones"]] == [CONFIGURED]
    bad = await manager.client.get(f"{host.addon_path}/demo/tombstones?after=x")
    assert (bad.status_code, bad.json()["field"]) == (400, "after")


async def test_who_may_not_read_a_folder_sees_nothing_that_was_deleted_in_it(
    host: Host, manager: Operator, pipeline: Pipeline
) -> None:
    for folder in (FOLDER, OTHER_FOLDER):
        published = await published_on(manager, pipeline, STUDIO, folder=folder)
        await delete(host, "versions", published.version_id)
    restricted = await host.client("restricted", SITE)
    [seen] = (await listed(restricted, host))["tombstones"]
    everything = (await listed(manager.client, host))["tombstones"]
    assert len(everything) == 2
    # The last one was in the other folder.
    assert seen == everything[1]


async def test_agents_delete_what_is_left_and_the_tombstone_is_over(
    host: Host, manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline, STUDIO, CONFIGURED)
    await delete(host, "versions", published.version_id)
    answer = await order(manager.client, host, published, STUDIO)
    assert answer.json() == {"marked": 1, "files": 2, "bytes": 200, "problems": []}
    [removal] = await agent.take()
    assert {file["path"] for file in removal["files"]} == {
        file["path"] for file in published.files
    }
    marked = (await listed(manager.client, host, siteName=STUDIO))["tombstones"]
    assert [each["isRemoving"] for each in marked] == [True]
    assert (await agent.tell(removal))["state"] == "finished"
    left = (await listed(manager.client, host))["tombstones"]
    assert [each["siteName"] for each in left] == [CONFIGURED]
    again = (await order(manager.client, host, published, STUDIO)).json()
    assert again["marked"] == 0
    assert [each["errorCode"] for each in again["problems"]] == ["unknown_tombstone"]


async def test_files_that_something_living_names_are_not_deleted(
    host: Host, manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline, STUDIO)
    shared = [dict(published.files[0], id="f" * 32)]
    await published_on(manager, pipeline, STUDIO, files=shared)
    await delete(host, "representations", published.id)
    await order(manager.client, host, published, STUDIO)
    [removal] = await agent.take()
    assert [file["path"] for file in removal["files"]] == [published.files[1]["path"]]


async def test_shared_sites_are_cleaned_by_managers_and_machines_by_their_users(
    host: Host, manager: Operator, pipeline: Pipeline
) -> None:
    artist = Operator(await host.client("artist", SITE), host.addon_path)
    published = await pipeline.publish()
    await artist.post(published, SITE, 4)
    await manager.post(published, STUDIO, 4)
    await delete(host, "representations", published.id)
    assert (await order(artist.client, host, published, STUDIO)).status_code == 403
    other = await host.client("restricted", SITE)
    assert (await order(other, host, published, SITE)).status_code == 403
    answer = await order(artist.client, host, published, SITE)
    assert answer.json()["marked"] == 1
    unknown = await order(artist.client, host, published, "nowhere")
    assert (unknown.status_code, unknown.json()["errorCode"]) == (404, "unknown_site")


async def test_a_broken_table_of_ours_stops_no_deletion(
    host: Host, manager: Operator, pipeline: Pipeline
) -> None:
    published = await published_on(manager, pipeline, STUDIO)
    await Postgres.execute(
        "ALTER TABLE project_demo.sitesync_tombstones RENAME TO sitesync_gone"
    )
    await delete(host, "versions", published.version_id)
    assert await pipeline.row(published, STUDIO) is None
