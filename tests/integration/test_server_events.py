"""What happens to entities on the server, and what our rows make of it."""

import asyncio
import uuid
from contextvars import Context
from typing import Any

import httpx
import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from devhost.schema import create_project
from server.store.known_files import note_files
from server.store.rows import lock_representations
from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline, Published, make_files
from tests.integration.queue_agent import CHECKSUM, Agent, done
from tests.integration.test_default_rows import Upkeep, post, state
from tests.support.devhost_app import Host
from tests.support.server_log import read_server_log

STUDIO = "studio"
OTHER = "calm-green-owl"
WAITING = (
    "SELECT count(*) AS count FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
)


@pytest.fixture
async def admin(host: Host) -> httpx.AsyncClient:
    return await host.client("admin", SITE)


@pytest.fixture
async def agent(host: Host, set_settings: SetSettings, clock: Clock) -> Agent:
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    return Agent(await host.client("artist", SITE), host.addon_path)


@pytest.fixture
def upkeep(host: Host, clock: Clock, agent: Agent) -> Upkeep:
    return Upkeep(host, clock)


async def patch(
    admin: httpx.AsyncClient, kind: str, entity_id: str, **changes: Any
) -> None:
    path = f"/api/projects/demo/{kind}/{entity_id}"
    answer = await admin.patch(path, json=changes)
    assert answer.status_code == 204, answer.text


async def republish(
    admin: httpx.AsyncClient, published: Published, *changed: int
) -> Published:
    """New ids for all files, as integration makes them; other content for some."""
    files = []
    for number, file in enumerate(published.files):
        new = {**file, "id": uuid.uuid4().hex}
        if number in changed:
            new["hash"] = f"{file['hash']}, again"
        files.append(new)
    await patch(admin, "representations", published.id, files=files)
    return Published(
        published.id,
        published.version_id,
        published.product_id,
        published.folder_id,
        files,
    )


async def test_new_content_is_queued_where_the_old_was_and_the_rest_stays_verified(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    host: Host,
    agent: Agent,
    pipeline: Pipeline,
) -> None:
    published = await pipeline.publish(files=3)
    await post(admin, host, [state(published, STUDIO, 4), state(published, SITE, 1)])
    [transfer] = await agent.claim()
    await agent.report(transfer, [done(f) for f in transfer["files"]], finished=True)
    await upkeep.look()

    again = await republish(admin, published, 1)
    await upkeep.handle_events()
    assert await pipeline.statuses(again, STUDIO) == [4, 1, 4]
    assert await pipeline.statuses(again, SITE) == [4, 1, 4]
    row = await pipeline.row(again, SITE)
    assert (row["files_total"], row["files_verified"], row["files_due"]) == (3, 2, 1)

    # The publish says where the new content is; it alone moves, the rest is known.
    await post(admin, host, [state(again, STUDIO, 4)])
    [transfer] = await agent.claim()
    assert [file["id"] for file in transfer["files"]] == [again.files[1]["id"]]
    digests = await Postgres.fetch(
        "SELECT file_id, digest FROM project_demo.sitesync_file_checksums "
        "WHERE representation_id = $1",
        published.id,
    )
    known = {row["file_id"] for row in digests}
    assert {again.files[0]["id"], again.files[2]["id"]} <= known
    assert again.files[1]["id"] not in known
    assert {row["digest"] for row in digests} == {CHECKSUM.partition(":")[2]}


async def test_a_publish_that_speaks_before_the_event_keeps_what_it_said(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    await post(admin, host, [state(published, STUDIO, 4), state(published, SITE, 4)])
    await upkeep.look()
    again = await republish(admin, published, 0, 1)
    await post(admin, host, [state(again, SITE, 4)])
    await upkeep.handle_events()
    assert await pipeline.statuses(again, SITE) == [4, 4]
    assert await pipeline.statuses(again, STUDIO) == [1, 1]


@pytest.mark.parametrize("way", ["states", "state", "presence"])
async def test_who_tells_of_new_files_brings_all_sites_in_line_without_any_event(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    host: Host,
    pipeline: Pipeline,
    way: str,
) -> None:
    published = await pipeline.publish(files=3)
    await post(admin, host, [state(published, site, 4) for site in (STUDIO, SITE)])
    await upkeep.look()
    again = await republish(admin, published, 1)
    if way == "states":
        await post(admin, host, [state(again, STUDIO, 4)])
    elif way == "state":
        path = f"{host.addon_path}/demo/state/{again.id}/{STUDIO}"
        answer = await admin.post(path, json={"files": again.posted(4)})
        assert answer.status_code == 204, answer.text
    else:
        found = [
            {
                "representationId": again.id,
                "fileId": file["id"],
                "state": "present",
                "size": file["size"],
            }
            for file in again.files
        ]
        answer = await admin.post(
            f"{host.addon_path}/demo/presence",
            json={"siteName": STUDIO, "files": found},
        )
        assert answer.status_code == 200, answer.text
    assert await pipeline.statuses(again, STUDIO) == [4, 4, 4]
    assert await pipeline.statuses(again, SITE) == [4, 1, 4]


async def test_who_writes_a_row_before_the_event_loses_nothing_of_it(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=3)
    await post(admin, host, [state(published, STUDIO, 4), state(published, SITE, 4)])
    await upkeep.look()
    again = await republish(admin, published, 1)
    body = {"files": again.posted(4)[:1]}
    answer = await admin.post(
        f"{host.addon_path}/demo/state/{again.id}/{STUDIO}", json=body
    )
    assert answer.status_code == 204, answer.text
    order = {"siteNames": [SITE], "selection": {"representationIds": [again.id]}}
    answer = await admin.post(f"{host.addon_path}/demo/verbs/queue", json=order)
    assert answer.status_code == 200, answer.text
    assert await pipeline.statuses(again, STUDIO) == [4, 1, 4]
    await upkeep.handle_events()
    assert await pipeline.statuses(again, STUDIO) == [4, 1, 4]
    assert await pipeline.statuses(again, SITE) == [4, 1, 4]


async def test_a_publish_that_speaks_after_the_event_is_believed(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    owner = await host.client("manager", OTHER)
    await post(owner, host, [state(published, OTHER, 4)])
    await post(admin, host, [state(published, STUDIO, 4)])
    await upkeep.look()
    again = await republish(admin, published, 0)
    await upkeep.handle_events()
    artist = await host.client("artist", SITE)
    told = [state(again, SITE, 4), state(again, STUDIO, 1), state(again, OTHER, 1)]
    assert await post(artist, host, told) == [None, None, None]
    assert await pipeline.statuses(again, SITE) == [4, 4]


async def test_leases_on_the_old_content_end(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    host: Host,
    agent: Agent,
    pipeline: Pipeline,
) -> None:
    published = await pipeline.publish(files=2)
    await post(admin, host, [state(published, STUDIO, 4), state(published, SITE, 1)])
    [transfer] = await agent.claim()
    await upkeep.look()
    again = await republish(admin, published, 0)
    await upkeep.handle_events()
    assert await pipeline.statuses(again, SITE) == [1, 1]
    old = [done(file) for file in transfer["files"]]
    assert (await agent.report(transfer, old, finished=True))["state"] == "lost"
    assert await pipeline.statuses(again, SITE) == [1, 1]
    [run] = await Postgres.fetch("SELECT * FROM project_demo.sitesync_attempts")
    assert run["outcome"] == "replaced"


async def test_a_lost_event_is_found_by_the_walk(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    await post(admin, host, [state(published, STUDIO, 4), state(published, SITE, 4)])
    await upkeep.look()
    again = await republish(admin, published, 0)
    upkeep.worker.events.take()
    await upkeep.look(after=61)
    assert await pipeline.statuses(again, STUDIO) == [1, 4]
    assert await pipeline.statuses(again, SITE) == [1, 4]


async def test_the_walk_notes_nothing_while_it_waits_for_others(
    upkeep: Upkeep, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    gone = {uuid.uuid4().hex: {"status": 4, "size": 1, "timestamp": 5}}
    await pipeline.write_row(published, STUDIO, {"files": gone})
    with read_server_log() as log:
        async with Postgres.transaction(force_new=True):
            await lock_representations("demo", [published.id])
            look = asyncio.create_task(upkeep.look(), context=Context())
            for _ in range(1000):
                if (await Postgres.fetchrow(WAITING))["count"]:
                    break
                await asyncio.sleep(0.01)
            else:
                pytest.fail("the walk does not come to the representation")
            # Else each would wait for the other: Postgres ends one of them.
            await note_files("demo", [published.id], 5.0, are_new=False)
        await look
    assert [each for each in log if "will try again" in each] == []
    assert await pipeline.statuses(published, STUDIO) == [1]


async def test_what_is_announced_as_made_gets_its_rows_after_a_minute(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    pipeline: Pipeline,
    set_settings: SetSettings,
) -> None:
    await set_settings(config={"remote_site": CONFIGURED})
    await upkeep.look()
    parent = await pipeline.publish()
    files = make_files(2)
    answer = await admin.post(
        "/api/projects/demo/representations",
        json={"name": "abc", "versionId": parent.version_id, "files": files},
    )
    made = Published(answer.json()["id"], "", "", "", files)
    await upkeep.handle_events()
    await upkeep.look(after=59)
    assert await pipeline.row(made, STUDIO) is None
    await upkeep.look(after=2)
    assert await pipeline.statuses(made, STUDIO) == [4, 4]
    assert await pipeline.statuses(made, CONFIGURED) == [1, 1]


@pytest.mark.parametrize("kind", ["representations", "versions", "products", "folders"])
async def test_what_becomes_inactive_is_no_longer_worked_at(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    host: Host,
    agent: Agent,
    pipeline: Pipeline,
    kind: str,
) -> None:
    published = await pipeline.publish()
    await post(admin, host, [state(published, STUDIO, 4), state(published, SITE, 1)])
    [transfer] = await agent.claim()
    ids = {
        "representations": published.id,
        "versions": published.version_id,
        "products": published.product_id,
        "folders": published.folder_id,
    }
    await patch(admin, kind, ids[kind], active=False)
    await upkeep.handle_events()
    assert (await agent.report(transfer, []))["state"] == "cancelled"
    assert await agent.claim() == []
    await patch(admin, kind, ids[kind], active=True)
    assert len(await agent.claim()) == 1


async def test_panels_hear_of_what_was_deleted(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    published = await pipeline.publish()

    async def listen(message: dict[str, Any]) -> None:
        if message["topic"] == "sitesync.state":
            heard.put_nowait(message)

    EventStream.publishers.append(listen)
    await admin.delete(f"/api/projects/demo/versions/{published.version_id}")
    await upkeep.handle_events()
    async with asyncio.timeout(10):
        message = await heard.get()
    assert (message["project"], message["summary"]["overflow"]) == ("demo", True)


async def test_a_new_project_has_no_orders_of_a_deleted_one(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host
) -> None:
    await create_project("second", "sec")
    for project in ("demo", "second"):
        body = {"scope": "project", "projectName": project, "paused": True}
        answer = await admin.post(f"{host.addon_path}/-/pauses", json=body)
        assert answer.status_code == 204, answer.text
    assert (await admin.delete("/api/projects/second")).status_code == 204
    await upkeep.handle_events()
    pauses = (await admin.get(f"{host.addon_path}/-/pauses")).json()["pauses"]
    assert [pause["projectName"] for pause in pauses] == ["demo"]


async def test_only_the_version_in_production_acts(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    await post(admin, host, [state(published, STUDIO, 4)])
    await upkeep.look()
    versions = vars(vars(host.addon)["definition"])["versions"]
    versions["9.0.0"] = versions[host.addon.version]
    again = await republish(admin, published, 0)
    await set_production(admin, host, "9.0.0")
    await upkeep.handle_events()
    await upkeep.look(after=61)
    row = await pipeline.row(again, STUDIO)
    assert row["data"]["files"].keys() == {published.files[0]["id"]}
    await set_production(admin, host, str(host.addon.version))
    await upkeep.look(after=61)
    assert await pipeline.statuses(again, STUDIO) == [1]


async def set_production(admin: httpx.AsyncClient, host: Host, version: str) -> None:
    bundle = {
        "name": f"bundle-{version}",
        "addons": {host.addon.name: version},
        "isProduction": True,
    }
    answer = await admin.post("/api/bundles", json=bundle)
    assert answer.status_code == 201, answer.text


async def test_two_workers_at_once_do_it_once(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    host: Host,
    pipeline: Pipeline,
    clock: Clock,
) -> None:
    many = [await pipeline.publish(files=2) for _ in range(4)]
    for published in many:
        told = [state(published, STUDIO, 4), state(published, SITE, 4)]
        await post(admin, host, told)
    await upkeep.look()
    changed = [await republish(admin, published, 0) for published in many]
    await clock.advance(61)
    await asyncio.gather(
        upkeep.handle_events(),
        *(upkeep.look() for _ in range(3)),
    )
    for published in changed:
        assert await pipeline.statuses(published, STUDIO) == [1, 4]
        assert await pipeline.statuses(published, SITE) == [1, 4]
