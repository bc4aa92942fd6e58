"""Why is a representation not on a site? In words, the first thing to do first."""

from __future__ import annotations

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.queue_agent import Agent, done, failed
from tests.support.devhost_app import Host

CONFIG = {"active_site": "local", "remote_site": "studio", "retry_cnt": 1}


@pytest.fixture
async def artist(
    host: Host, set_settings: SetSettings, clock: Clock
) -> httpx.AsyncClient:
    await set_settings(config=CONFIG)
    return await host.client("artist", SITE)


async def codes(agent: Agent, published: Published, site: str = SITE) -> list[str]:
    answer = await agent.client.get(
        f"{agent.base}/demo/representations/{published.id}/explain",
        params={"siteName": site},
    )
    assert answer.status_code == 200, answer.text
    reasons = answer.json()["reasons"]
    assert all(reason["text"] and reason["todo"] for reason in reasons)
    return [reason["code"] for reason in reasons]


async def test_from_the_queue_to_the_disk(agent: Agent, queued: Published) -> None:
    assert await codes(agent, queued) == ["no_agent"]
    await agent.answer(maxTransfers=0)
    assert await codes(agent, queued) == ["waiting"]
    [transfer] = await agent.claim()
    assert await codes(agent, queued) == ["under_way"]
    await agent.report(transfer, [done(f) for f in transfer["files"]], finished=True)
    assert await codes(agent, queued) == ["synced"]


async def test_failures(agent: Agent, queued: Published, clock: Clock) -> None:
    for code in ("will_retry", "failed"):
        [transfer] = await agent.claim()
        results = [failed(file) for file in transfer["files"]]
        await agent.report(transfer, results, finished=True)
        assert await codes(agent, queued) == [code]
        await clock.advance(3600)


async def test_what_nobody_asked_for(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    assert await codes(agent, queued, "nearline") == ["not_queued"]
    assert await codes(agent, queued, "studio") == ["claimed"]
    assert await codes(agent, queued, "gone") == ["unknown_site", "not_queued"]


async def test_what_has_no_source(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    await agent.answer(maxTransfers=0)
    await Postgres.execute(
        "DELETE FROM project_demo.sitesync_files_status WHERE site_name = 'studio'"
    )
    assert await codes(agent, queued) == ["no_source"]


async def test_pauses_and_switches(
    host: Host, agent: Agent, queued: Published, set_settings: SetSettings
) -> None:
    await agent.answer(maxTransfers=0)
    manager = await host.client("manager")
    body = {"scope": "project", "projectName": "demo", "paused": True}
    await manager.post(f"{agent.base}/-/pauses", json=body)
    await Postgres.execute("UPDATE project_demo.representations SET active = FALSE")
    await set_settings(config=CONFIG, enabled=False)
    assert await codes(agent, queued) == [
        "project_disabled",
        "inactive",
        "scope_paused",
        "waiting",
    ]


async def test_paused_files(agent: Agent, queued: Published) -> None:
    await agent.answer(maxTransfers=0)
    selection = {"representationIds": [queued.id]}
    body = {"siteNames": [SITE], "selection": selection}
    await agent.client.post(f"{agent.base}/demo/verbs/pause", json=body)
    assert await codes(agent, queued) == ["paused"]


async def test_a_folder_that_one_may_not_read_is_refused(
    host: Host, agent: Agent, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(folder=OTHER_FOLDER)
    restricted = await host.client("restricted")
    answer = await restricted.get(
        f"{agent.base}/demo/representations/{published.id}/explain?siteName=studio"
    )
    assert answer.status_code == 403
