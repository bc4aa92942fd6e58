"""A file that is not found at the source: recorded there, and another is tried."""

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline, Published
from tests.integration.queue_agent import Agent, done, failed
from tests.support.devhost_app import Host

REASON = "no such file"


@pytest.fixture
async def agent(host: Host, set_settings: SetSettings, clock: Clock) -> Agent:
    """The artist's agent, who gets files from the studio, else from `nearline`."""
    await set_settings(
        config={"active_site": "local", "remote_site": "studio", "retry_cnt": 0}
    )
    client = await host.client("artist", SITE)
    return Agent(client, host.addon_path)


@pytest.fixture
async def admin(host: Host) -> httpx.AsyncClient:
    return await host.client("admin", SITE)


async def post_state(
    admin: httpx.AsyncClient, host: Host, published: Published, site: str, status: int
) -> None:
    answer = await admin.post(
        f"{host.addon_path}/demo/state/{published.id}/{site}?reset=true",
        json={"files": published.posted(status)},
    )
    assert answer.status_code == 204, answer.text


def missing(file: dict[str, Any]) -> dict[str, Any]:
    return failed(file, errorClass="missing_source", message=REASON)


async def entries_of(
    pipeline: Pipeline, published: Published, site: str
) -> list[dict[str, Any]]:
    row = await pipeline.row(published, site)
    return [row["data"]["files"][file["id"]] for file in published.files]


async def test_another_source_is_tried_at_once(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    for site, status in (("studio", 4), (CONFIGURED, 4), (SITE, 1)):
        await post_state(admin, host, published, site, status)
    [transfer] = await agent.claim(serve=[CONFIGURED])
    assert transfer["sourceSite"] == "studio"
    first, second = transfer["files"]
    await agent.report(transfer, [missing(first), done(second)], finished=True)
    lacking, kept = await entries_of(pipeline, published, "studio")
    assert (lacking["status"], kept["status"]) == (2, 4)
    assert REASON in lacking["message"] and "next" not in lacking
    [again] = await agent.claim(serve=[CONFIGURED])
    assert again["sourceSite"] == CONFIGURED
    assert [file["id"] for file in again["files"]] == [first["id"]]
    await agent.report(again, [done(f) for f in again["files"]], finished=True)
    assert await pipeline.statuses(published, SITE) == [4, 4]


async def test_the_last_copy_is_told_as_missing_and_can_be_said_to_be_back(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    for site, status in (("studio", 4), (SITE, 1)):
        await post_state(admin, host, published, site, status)
    [transfer] = await agent.claim()
    await agent.report(transfer, [missing(transfer["files"][0])], finished=True)
    row = await pipeline.row(published, "studio")
    assert row["status"] == 2 and REASON in row["last_error"]
    assert row["due_at"] is None
    problems = (await admin.get(f"{host.addon_path}/demo/problems")).json()["problems"]
    told = [each for each in problems if published.id in each["representationIds"]]
    by_site = {each["siteName"]: each for each in told}
    assert {each["code"] for each in told} == {"missing_at_source"}
    assert "missing on 'studio'" in by_site["studio"]["text"]
    assert f"wanted on '{SITE}'" in by_site[SITE]["text"]
    assert await agent.claim() == []
    await post_state(admin, host, published, "studio", 4)
    [again] = await agent.claim()
    await agent.report(again, [done(again["files"][0])], finished=True)
    assert await pipeline.statuses(published, SITE) == [4]


async def test_other_names_of_the_source_lack_it_too(
    agent: Agent,
    admin: httpx.AsyncClient,
    host: Host,
    pipeline: Pipeline,
    set_settings: SetSettings,
) -> None:
    alias = {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]}
    await set_settings(
        config={"active_site": "local", "remote_site": "studio"}, sites=[alias]
    )
    published = await pipeline.publish()
    for site, status in (("studio", 4), (SITE, 1)):
        await post_state(admin, host, published, site, status)
    assert await pipeline.statuses(published, CONFIGURED) == [4]
    [transfer] = await agent.claim()
    await agent.report(transfer, [missing(transfer["files"][0])], finished=True)
    assert await pipeline.statuses(published, "studio") == [2]
    assert await pipeline.statuses(published, CONFIGURED) == [2]


async def test_without_a_lease_nobody_is_believed(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    published = await pipeline.publish()
    for site, status in (("studio", 4), (SITE, 1)):
        await post_state(admin, host, published, site, status)
    [transfer] = await agent.claim()
    await clock.advance(61)
    result = await agent.report(transfer, [missing(transfer["files"][0])])
    assert result["state"] == "lost"
    assert await pipeline.statuses(published, "studio") == [4]


async def test_an_agent_that_finds_nothing_at_a_source_is_not_believed_for_long(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    many = [await pipeline.publish() for _ in range(23)]
    for published in many:
        for site, status in (("studio", 4), (SITE, 1)):
            await post_state(admin, host, published, site, status)
    lost = 0
    for _ in many:
        [transfer] = await agent.claim(maxTransfers=1)
        await agent.report(transfer, [missing(transfer["files"][0])], finished=True)
    for published in many:
        lost += await pipeline.statuses(published, "studio") == [2]
        assert await pipeline.statuses(published, SITE) == [2]
    assert lost == 20


async def test_bytes_of_a_run_count_in_the_minutes_in_which_they_arrived(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    published = await pipeline.publish(files=2)
    for site, status in (("studio", 4), (SITE, 1)):
        await post_state(admin, host, published, site, status)
    [transfer] = await agent.claim()
    first, second = transfer["files"]
    started = clock.now // 60 * 60
    await agent.report(transfer, [done(first)])
    for _ in range(3):
        await clock.advance(30)
        await agent.report(transfer, [])
    await agent.report(transfer, [done(second)], finished=True)
    answer = await admin.get(f"{host.addon_path}/demo/throughput")
    ended = clock.now // 60 * 60
    assert ended > started
    assert answer.json()["minutes"] == [
        {"at": started, "sites": {SITE: 100}},
        {"at": ended, "sites": {SITE: 100}},
    ]


async def test_a_report_about_a_project_that_is_prepared_is_told_again_later(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    for site, status in (("studio", 4), (SITE, 1)):
        await post_state(admin, host, published, site, status)
    [transfer] = await agent.claim()
    keeper = vars(host.addon)["site_sync"].keeper
    await Postgres.execute(
        "DELETE FROM project_demo.sitesync_migrations WHERE name LIKE '0001%'"
    )
    keeper.forget("demo")
    body = {
        "agentId": agent.id,
        "transfers": [
            {
                "projectName": "demo",
                "representationId": published.id,
                "siteName": SITE,
                "leaseToken": transfer["lease"]["token"],
                "finished": True,
                "files": [done(transfer["files"][0])],
            }
        ],
    }
    assert (await agent.post("report", body)).status_code == 503
    await keeper.wait()
    assert (await agent.post("report", body)).status_code == 200
    assert await pipeline.statuses(published, SITE) == [4]
