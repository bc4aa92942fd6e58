"""What the panel shows of work: moving, waiting, done, and by whom."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.schema import create_project
from tests.integration.conftest import SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.queue_agent import Agent, done, failed, queue
from tests.support.devhost_app import Host


@pytest.fixture
def agent(artist: httpx.AsyncClient, host: Host) -> Agent:
    return Agent(artist, host.addon_path, runId="b" * 32)


async def get(
    agent: Agent, path: str, client: httpx.AsyncClient | None = None, **params: Any
) -> dict[str, Any]:
    answer = await (client or agent.client).get(f"{agent.base}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def test_what_waits_is_in_the_order_of_the_queue(
    host: Host, agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    urgent = await queue(host, pipeline, agent.client, priority=90)
    answer = await get(agent, "demo/transfers")
    assert (answer["moving"], answer["queuedTotal"]) == ([], 2)
    first, second = answer["queued"]
    assert [first["representationId"], second["representationId"]] == [
        urgent.id,
        queued.id,
    ]
    assert (first["position"], first["priority"], first["siteName"]) == (1, 90, SITE)
    short = await get(agent, "demo/transfers", first=1)
    assert (len(short["queued"]), short["queuedTotal"]) == (1, 2)


async def test_what_waits_and_moves_may_be_of_some_sites_only(
    agent: Agent, queued: Published
) -> None:
    here = await get(agent, "demo/transfers", siteName=[SITE, "nearline"])
    assert [one["representationId"] for one in here["queued"]] == [queued.id]
    elsewhere = await get(agent, "demo/transfers", siteName="nearline")
    assert (elsewhere["queued"], elsewhere["queuedTotal"]) == ([], 0)
    await agent.claim()
    assert len((await get(agent, "demo/transfers", siteName=SITE))["moving"]) == 1
    assert (await get(agent, "demo/transfers", siteName="nearline"))["moving"] == []


async def test_what_moves_has_its_rate_and_time_left(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    await clock.advance(10)
    first, second = transfer["files"]
    running = {"id": second["id"], "status": 0, "bytesDone": 50}
    await agent.report(transfer, [done(first), running])
    answer = await get(agent, "demo/transfers")
    assert (answer["queued"], answer["queuedTotal"]) == ([], 0)
    [moving] = answer["moving"]
    assert (moving["sourceSite"], moving["direction"]) == ("studio", "download")
    assert (moving["agentId"], moving["hostname"]) == (agent.id, "ws042")
    assert (moving["filesDone"], moving["filesTotal"]) == (1, 2)
    assert (moving["bytesDone"], moving["bytesTotal"]) == (150, 200)
    assert (moving["bytesPerSecond"], moving["etaSeconds"]) == (
        15,
        pytest.approx(10 / 3),
    )


async def test_throughput_by_minute_and_site(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    await agent.report(transfer, [done(f) for f in transfer["files"]], finished=True)
    minute = {"at": clock.now // 60 * 60, "sites": {SITE: 200}}
    assert (await get(agent, "demo/throughput"))["minutes"] == [minute]
    assert (await get(agent, "demo/throughput", siteName=SITE))["minutes"] == [minute]
    other = await get(agent, "demo/throughput", siteName="studio")
    assert other["minutes"] == []
    await clock.advance(180)
    assert (await get(agent, "demo/throughput", minutes=2))["minutes"] == []


async def test_history_newest_first_in_pages(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    path = f"demo/representations/{queued.id}/history"
    [transfer] = await agent.claim()
    first, second = transfer["files"]
    await agent.report(transfer, [done(first), failed(second)], finished=True)
    await clock.advance(60)
    [again] = await agent.claim()
    answer = await get(agent, path)
    running, ended = answer["attempts"]
    assert (running["outcome"], running["finishedAt"]) == (None, None)
    assert running["attemptId"] == again["lease"]["token"]
    assert (ended["outcome"], ended["filesSynced"], ended["filesFailed"]) == (
        "failed",
        1,
        1,
    )
    assert ended["errors"] == [
        {"fileId": second["id"], "errorClass": "retryable", "message": "disk full"}
    ]
    page = await get(agent, path, first=1)
    assert page["attempts"] == [running]
    assert page["pageInfo"]["hasNextPage"]
    rest = await get(agent, path, after=page["pageInfo"]["endCursor"])
    assert rest["attempts"] == [ended]
    assert not rest["pageInfo"]["hasNextPage"]
    assert (await get(agent, path, siteName="studio"))["attempts"] == []


async def test_agents_and_what_they_hold(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    await agent.claim()
    [listed] = (await get(agent, "-/agents"))["agents"]
    assert (listed["state"], listed["held"], listed["isLive"]) == ("working", 1, True)
    assert (listed["startedAt"], listed["userName"]) == (clock.now, "artist")
    await clock.advance(61)
    [listed] = (await get(agent, "-/agents"))["agents"]
    assert (listed["state"], listed["held"], listed["isLive"]) == ("gone", 0, False)


async def test_what_agents_hold_is_asked_of_many_projects_at_once(
    host: Host, artist: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent(await host.client("admin", SITE), host.addon_path)
    keeper = host.addon.site_sync.keeper
    for name in ("second", "third"):
        await create_project(name, name)
        keeper.request(name)
    await keeper.wait()
    for pipeline in (Pipeline(), Pipeline("second")):
        await queue(host, pipeline, agent.client)
    assert len(await agent.claim(projects=["demo", "second"])) == 2
    asked: list[str] = []
    fetch = Postgres.fetch

    async def note(query: str, *values: Any, **options: Any) -> list[Any]:
        asked.append(query)
        return await fetch(query, *values, **options)

    monkeypatch.setattr(Postgres, "fetch", note)
    [listed] = (await get(agent, "-/agents"))["agents"]
    assert listed["held"] == 2
    assert len([query for query in asked if "sitesync_leases" in query]) == 1


async def test_folders_that_one_may_not_read_are_left_out(
    host: Host, agent: Agent, pipeline: Pipeline
) -> None:
    queued = await queue(host, pipeline, agent.client, folder=OTHER_FOLDER)
    restricted = await host.client("restricted")
    answer = await get(agent, "demo/transfers", restricted)
    assert (answer["queued"], answer["queuedTotal"]) == ([], 0)
    await agent.claim()
    assert (await get(agent, "demo/transfers", restricted))["moving"] == []
    hidden = await restricted.get(
        f"{agent.base}/demo/representations/{queued.id}/history"
    )
    assert hidden.status_code == 403


@pytest.mark.parametrize("cursor", ["!", "bm9uZQ==", "MTI6MTI="])
async def test_a_bad_cursor_is_named(
    agent: Agent, queued: Published, cursor: str
) -> None:
    answer = await agent.client.get(
        f"{agent.base}/demo/representations/{queued.id}/history?after={cursor}"
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "after")


@pytest.mark.parametrize("path", ["transfers", "throughput"])
async def test_strangers_see_nothing(host: Host, agent: Agent, path: str) -> None:
    await Postgres.execute(
        "UPDATE public.users SET data = data || $1 WHERE name = 'restricted'",
        {"accessGroups": {}},
    )
    stranger = await host.client("restricted")
    answer = await stranger.get(f"{agent.base}/demo/{path}")
    assert answer.status_code == 403


async def test_agents_tell_their_rate_and_the_sites_they_cannot_use(
    host: Host, agent: Agent, queued: Published, clock: Clock
) -> None:
    fault = {
        "projectName": "demo",
        "siteName": "studio",
        "code": "storage_full",
        "message": "Free some space\x00" + "!" * 3000,
        "since": clock.now - 30,
    }
    await agent.answer(health={"bytesPerSecond": 12.5, "sites": [fault]})
    [listed] = (await get(agent, "-/agents"))["agents"]
    assert listed["bytesPerSecond"] == 12.5
    [problem] = listed["problems"]
    assert problem == {**fault, "message": "Free some space" + "!" * 1984}

    body = {"agentId": agent.id, "health": {"bytesPerSecond": 0}}
    assert (await agent.post("report", body)).status_code == 200
    [listed] = (await get(agent, "-/agents"))["agents"]
    assert (listed["bytesPerSecond"], listed["problems"]) == (0, [])


async def test_a_restarted_or_ended_agent_has_no_faults(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    fault = {"projectName": "demo", "siteName": SITE, "code": "quota", "since": 1}
    health = {"bytesPerSecond": 7, "sites": [fault]}
    await agent.answer(health=health)
    agent.description["runId"] = "c" * 32
    await agent.answer()
    [listed] = (await get(agent, "-/agents"))["agents"]
    assert (listed["bytesPerSecond"], listed["problems"]) == (0, [])
    await agent.answer(health=health)
    await clock.advance(61)
    [listed] = (await get(agent, "-/agents"))["agents"]
    assert (listed["bytesPerSecond"], listed["problems"]) == (0, [])


async def test_faults_in_projects_of_others_are_not_told(
    host: Host, agent: Agent, queued: Published
) -> None:
    fault = {"projectName": "demo", "siteName": SITE, "code": "quota", "since": 1}
    await agent.answer(health={"sites": [fault]})
    await Postgres.execute(
        "UPDATE public.users SET data = data || $1 WHERE name = 'restricted'",
        {"accessGroups": {}},
    )
    stranger = await host.client("restricted")
    [listed] = (await get(agent, "-/agents", stranger))["agents"]
    assert listed["problems"] == []


@pytest.mark.parametrize("code", ["Quota!", "", "a" * 65, "quota\n"])
async def test_a_bad_fault_code_is_named(agent: Agent, code: str) -> None:
    fault = {"projectName": "demo", "siteName": SITE, "code": code, "since": 1}
    body = {"agentId": agent.id, "health": {"sites": [fault]}}
    answer = await agent.post("report", body)
    assert answer.status_code == 400
    assert answer.json()["field"] == "health.sites.0.code"


async def test_sites_tell_which_agents_of_others_serve_them(
    host: Host, agent: Agent, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    await set_settings(
        sites=[{"name": name, "provider": "sftp"} for name in ("nearline", "cloud")],
        config={"active_site": "studio", "remote_site": "nearline"},
    )
    service = Agent(await host.client("service"), host.addon_path, "studio")
    service.description["hostname"] = "transfer01"

    async def serving() -> dict[str, list[str]]:
        sites = (await get(service, "demo/sites"))["sites"]
        return {
            site["siteName"]: [one["hostname"] for one in site["servedBy"]]
            for site in sites
            if site["servedBy"]
        }

    await service.answer()
    assert await serving() == {"nearline": ["transfer01"]}
    await service.answer(serve=["cloud"])
    assert await serving() == {"nearline": ["transfer01"], "cloud": ["transfer01"]}
    await service.answer()
    assert await serving() == {"nearline": ["transfer01"]}
    await agent.answer(serve=["cloud"])
    assert (await serving())["cloud"] == ["ws042"]


async def test_a_machine_serves_a_site_while_it_moves_files_from_there(
    agent: Agent, queued: Published
) -> None:
    await agent.claim()
    sites = {
        site["siteName"]: site for site in (await get(agent, "demo/sites"))["sites"]
    }
    assert [one["hostname"] for one in sites["studio"]["servedBy"]] == ["ws042"]
    assert (sites[SITE]["servedBy"], sites[SITE]["moving"]) == ([], 1)
