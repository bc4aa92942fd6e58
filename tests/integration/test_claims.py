"""What agents are given when they ask for work, and what they are not.

The clock is the database's and stands still; tests move it.
"""

import asyncio
from typing import Any

import httpx
import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from devhost.accounts import grant_project
from devhost.schema import create_project
from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline, Published, make_files
from tests.integration.queue_agent import Agent, queue
from tests.support.devhost_app import Host


async def test_a_claim_describes_the_transfer(
    agent: Agent, queued: Published, pipeline: Pipeline, clock: Clock
) -> None:
    answer = await agent.answer()
    [transfer] = answer["transfers"]
    token = transfer["lease"].pop("token")
    assert len(token) == 32
    assert transfer == {
        "projectName": "demo",
        "representationId": queued.id,
        "siteName": SITE,
        "sourceSite": "studio",
        "direction": "download",
        "lease": {"expiresAt": clock.now + 60},
        "priority": 50,
        "attempt": 1,
        "variant": "production",
        "folderPath": "/shots/sq001/sh0010",
        "product": "product001",
        "version": 1,
        "representation": "exr",
        "files": [
            {
                "id": file["id"],
                "path": file["path"],
                "size": 100,
                "hash": file["hash"],
                "hashType": "op3",
                "checksum": None,
                "attempt": 1,
            }
            for file in queued.files
        ],
    }
    assert answer["leaseSeconds"] == 60
    assert answer["serverTime"] == clock.now
    assert answer["pending"] == 0
    assert await pipeline.statuses(queued, SITE) == [0, 0]


async def test_uploads_come_from_the_agents_own_site(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    published = await pipeline.publish()
    base = f"{host.addon_path}/demo/state/{published.id}"
    for site, status in ((SITE, 4), ("studio", 1)):
        answer = await artist.post(
            f"{base}/{site}", json={"files": published.posted(status)}
        )
        assert answer.status_code == 204
    [transfer] = await agent.claim()
    assert (transfer["direction"], transfer["sourceSite"]) == ("upload", SITE)


async def test_two_agents_never_get_the_same_transfer(
    agent: Agent,
    host: Host,
    pipeline: Pipeline,
    artist: httpx.AsyncClient,
) -> None:
    published = [await queue(host, pipeline, artist, files=3) for _ in range(12)]
    agents = [agent, *(Agent(artist, host.addon_path) for _ in range(3))]
    # Parts of transfers leave due files behind, which are still not for others.
    rounds = await asyncio.gather(
        *(each.claim(maxTransfers=4, maxFiles=5) for each in agents * 2)
    )
    claimed = [item["representationId"] for found in rounds for item in found]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= {each.id for each in published}
    leases = await Postgres.fetch("SELECT * FROM project_demo.sitesync_leases")
    assert len(leases) == len(claimed)


async def test_a_claim_stays_within_its_bounds(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    for _ in range(3):
        await queue(host, pipeline, artist, files=3)
    assert len(await agent.claim(maxTransfers=1)) == 1
    [transfer] = await agent.claim(maxFiles=2)
    assert len(transfer["files"]) == 2
    [transfer] = await agent.claim(maxBytes=150)
    assert len(transfer["files"]) == 1
    assert await agent.claim(maxTransfers=0) == []


async def test_a_file_larger_than_the_bound_still_moves(
    agent: Agent, queued: Published
) -> None:
    [transfer] = await agent.claim(maxBytes=1)
    assert len(transfer["files"]) == 1


async def test_higher_priority_goes_first_then_age(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    low = await queue(host, pipeline, artist, priority=10)
    high = await queue(host, pipeline, artist, priority=90)
    middle = await queue(host, pipeline, artist)
    first = await agent.claim(maxTransfers=2)
    assert [item["representationId"] for item in first] == [high.id, middle.id]
    [last] = await agent.claim()
    assert last["representationId"] == low.id


async def test_d24_rows_that_cannot_move_take_no_place_of_those_that_can(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    base = f"{host.addon_path}/demo/state"
    for status in (3, 2, 1):
        for _ in range(3):
            published = await queue(host, pipeline, artist, priority=90)
            await artist.post(
                f"{base}/{published.id}/{SITE}",
                json={"files": published.posted(status)},
            )
            if status == 1:  # Nobody has its files.
                await Postgres.execute(
                    "DELETE FROM project_demo.sitesync_files_status"
                    " WHERE representation_id = $1 AND site_name = 'studio'",
                    published.id,
                )
    movable = await queue(host, pipeline, artist, priority=10)
    [transfer] = await agent.claim(maxTransfers=1)
    assert transfer["representationId"] == movable.id


async def test_d24_uploads_hold_up_no_download(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    for _ in range(3):
        published = await pipeline.publish()
        base = f"{host.addon_path}/demo/state/{published.id}"
        for site, status in ((SITE, 4), ("studio", 1)):
            await artist.post(
                f"{base}/{site}", json={"files": published.posted(status)}
            )
    await queue(host, pipeline, artist, priority=60)
    [transfer] = await agent.claim(maxTransfers=1)
    assert transfer["direction"] == "download"


@pytest.mark.parametrize(
    "table", ["representations", "versions", "products", "folders"]
)
async def test_inactive_entities_give_no_work(
    agent: Agent, queued: Published, table: str
) -> None:
    await Postgres.execute(f"UPDATE project_demo.{table} SET active = FALSE")
    assert await agent.claim() == []


async def test_a_disabled_project_gives_no_work(
    agent: Agent, queued: Published, set_settings: SetSettings
) -> None:
    await set_settings(
        enabled=False, config={"active_site": "local", "remote_site": "studio"}
    )
    assert await agent.claim() == []


async def test_nothing_moves_between_equal_sites(
    agent: Agent, queued: Published, set_settings: SetSettings
) -> None:
    await set_settings(config={"active_site": "studio", "remote_site": "studio"})
    assert await agent.claim() == []
    assert len(await agent.claim(serve=["studio"])) == 1


async def test_a_source_needs_the_files_of_now(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    await Postgres.execute(
        "UPDATE project_demo.representations SET files = $1", make_files(2)
    )
    assert await agent.claim() == []


async def test_new_files_of_a_representation_are_queued_at_the_claim(
    agent: Agent,
    queued: Published,
    pipeline: Pipeline,
    host: Host,
) -> None:
    new_files = [queued.files[0], *make_files(1)]
    await Postgres.execute(
        "UPDATE project_demo.representations SET files = $1", new_files
    )
    republished = Published(
        queued.id, queued.version_id, queued.product_id, queued.folder_id, new_files
    )
    manager = await host.client("manager")
    await manager.post(
        f"{host.addon_path}/demo/state/{queued.id}/studio?reset=true",
        json={"files": republished.posted(4)},
    )
    [transfer] = await agent.claim()
    assert [file["id"] for file in transfer["files"]] == [
        file["id"] for file in new_files
    ]
    row = await pipeline.row(queued, SITE)
    assert set(row["data"]["files"]) == {file["id"] for file in new_files}


async def test_a_site_that_is_unusable_in_one_project_leaves_the_others(
    agent: Agent, host: Host, artist: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    await create_project("second", "sec")
    await grant_project("second")
    await EventStream.dispatch("entity.project.created", project="second")
    for each in (pipeline, Pipeline("second")):
        await queue(host, each, artist)
    exclude = [{"projectName": "demo", "siteName": SITE}]
    answer = await agent.answer(projects=None, exclude=exclude, maxTransfers=10)
    assert [item["projectName"] for item in answer["transfers"]] == ["second"]
    assert answer["pending"] == 0
    [transfer] = await agent.claim(projects=None)
    assert transfer["projectName"] == "demo"


async def test_a_source_that_is_unusable_leaves_work_with_the_others(
    host: Host, artist: httpx.AsyncClient, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    published = await queue(host, pipeline, artist)
    other = await queue(host, pipeline, artist)
    manager = await host.client("manager")
    state = f"{host.addon_path}/demo/state/{other.id}/{CONFIGURED}"
    await manager.post(state, json={"files": other.posted(4)})
    agent = Agent(artist, host.addon_path)
    exclude = [{"projectName": "demo", "siteName": "studio"}]
    answer = await agent.answer(serve=[CONFIGURED], exclude=exclude)
    assert [item["representationId"] for item in answer["transfers"]] == [other.id]
    assert {item["sourceSite"] for item in answer["transfers"]} == {CONFIGURED}
    [transfer] = await agent.claim()
    assert transfer["representationId"] == published.id


async def test_what_was_queued_while_the_clock_was_ahead_does_not_wait_for_it(
    host: Host,
    pipeline: Pipeline,
    artist: httpx.AsyncClient,
    agent: Agent,
    clock: Clock,
) -> None:
    published = await queue(host, pipeline, artist)
    await clock.advance(3600)
    answer = await artist.post(
        f"{host.addon_path}/{pipeline.project}/state/{published.id}/{SITE}",
        json={"files": published.posted(1, timestamp=int(clock.now))},
    )
    assert answer.status_code == 204
    await clock.advance(-3600)
    told = await agent.answer()
    assert (told["transfers"], told["nextDueInSeconds"]) == ([], 0)
    (transfer,) = await agent.claim()
    assert transfer["representationId"] == published.id


async def test_what_another_agent_holds_may_be_due_when_his_lease_ends(
    agent: Agent, queued: Published, host: Host, clock: Clock
) -> None:
    await agent.claim()
    assert (await agent.answer())["nextDueInSeconds"] is None
    await clock.advance(10)
    second = Agent(agent.client, host.addon_path)
    answer = await second.answer()
    assert (answer["pending"], answer["nextDueInSeconds"]) == (0, 50.0)


async def test_projects_are_served_in_turn(
    agent: Agent, host: Host, artist: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    await create_project("second", "sec")
    await grant_project("second")
    await EventStream.dispatch("entity.project.created", project="second")
    other = Pipeline("second")
    manager = await host.client("manager")
    for each in (pipeline, other):
        for _ in range(3):
            published = await each.publish()
            base = f"{host.addon_path}/{each.project}/state/{published.id}"
            await manager.post(f"{base}/studio", json={"files": published.posted(4)})
            await artist.post(f"{base}/{SITE}", json={"files": published.posted(1)})
    claims = []
    for count in (1, 1, 4):
        transfers = await agent.claim(projects=None, maxTransfers=count)
        claims.append([item["projectName"] for item in transfers])
    assert claims[0] != claims[1]
    assert sorted(claims[2]) == ["demo"] * 2 + ["second"] * 2


async def test_pending_and_next_due_tell_what_is_left(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    for _ in range(3):
        await queue(host, pipeline, artist)
    answer = await agent.answer(maxTransfers=1)
    assert (answer["pending"], answer["nextDueInSeconds"]) == (2, 0.0)
    answer = await agent.answer()
    assert (answer["pending"], answer["nextDueInSeconds"]) == (0, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"maxTransfers": -1}, "maxTransfers"),
        ({"maxFiles": 10**12}, "maxFiles"),
        ({"maxBytes": 2**70}, "maxBytes"),
        ({"projects": "demo"}, "projects"),
        ({"agent": {"id": "x"}}, "agent.id"),
    ],
)
async def test_bad_claims_name_the_field(
    agent: Agent, change: dict[str, Any], field: str
) -> None:
    answer = await agent.post("claim", {**agent.claim_body(), **change})
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_request"
    assert answer.json()["field"] == field


async def test_unknown_projects_are_404(agent: Agent) -> None:
    answer = await agent.post("claim", agent.claim_body(projects=["'; DROP"]))
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "unknown_project")
