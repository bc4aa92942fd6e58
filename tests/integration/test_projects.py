"""Projects that go, come again, get another name, or are archived."""

import sys

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.schema import create_project, drop_project
from tests.integration.conftest import SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline
from tests.integration.queue_agent import Agent, queue
from tests.support.devhost_app import Host
from tests.support.server_log import read_server_log


@pytest.fixture
async def admin(host: Host, set_settings: SetSettings) -> httpx.AsyncClient:
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    return await host.client("admin", SITE)


@pytest.fixture
async def agent(host: Host, admin: httpx.AsyncClient, pipeline: Pipeline) -> Agent:
    """An agent of a machine that waits for one representation of `demo`."""
    await queue(host, pipeline, admin)
    return Agent(admin, host.addon_path)


async def follow(host: Host) -> None:
    """The background work has heard of what happened."""
    await vars(host.addon)["upkeep"].handle_events()


async def paused(agent: Agent) -> list[str]:
    answer = await agent.client.get(f"{agent.base}/-/pauses")
    return [each["projectName"] for each in answer.json()["pauses"]]


async def pause(agent: Agent, project_name: str) -> None:
    body = {"scope": "project", "projectName": project_name, "paused": True}
    answer = await agent.client.post(f"{agent.base}/-/pauses", json=body)
    assert answer.status_code == 204, answer.text


async def test_a_project_that_ayon_still_lists_stops_nobody_elses_work(
    host: Host, agent: Agent
) -> None:
    await create_project("second", "second")
    keeper = host.addon.site_sync.keeper
    keeper.request("second")
    await keeper.wait()
    assert await keeper.is_ready("second")
    # Without its event, and AYON's list of projects has it.
    await Postgres.execute("DROP SCHEMA project_second CASCADE")
    body = agent.claim_body(projects=None)
    with read_server_log() as log:
        for _ in range(2):
            answer = await agent.post("claim", body)
            assert answer.status_code == 200, answer.text
            await keeper.wait()
    assert len((await agent.post("claim", body)).json()["transfers"]) == 0
    answer = await agent.client.get(f"{agent.base}/second/sites")
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "unknown_project")
    assert [each for each in log if "could not" in each] == []


async def test_settings_of_a_project_that_is_gone_are_nobodys_fault(
    host: Host, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may go between being listed and being asked about."""
    await create_project("second", "second")
    await Postgres.execute("DROP SCHEMA project_second CASCADE")

    async def answer_yes(*_values: str) -> bool:
        return True

    services = host.addon.site_sync
    monkeypatch.setattr(services.keeper, "is_ready", answer_yes)
    monkeypatch.setattr(services.totals, "look_after", answer_yes)
    with read_server_log() as log:
        await vars(host.addon)["upkeep"].look()
    assert [each for each in log if "could not" in each] == []
    # Whose machine it is depends on the settings of all projects that there are.
    artist = await host.client("artist", "new-machine")
    answer = await artist.get(
        f"{agent.base}/-/machines", params={"siteName": "new-machine"}
    )
    assert [user["userName"] for user in answer.json()["users"]] == ["artist"]


async def test_a_claimed_project_that_is_gone_is_passed_over(
    host: Host, agent: Agent
) -> None:
    assert len(await agent.claim(projects=None)) == 1
    await drop_project("demo")
    assert await agent.claim(projects=None) == []


async def test_pauses_follow_the_name_of_their_project(
    host: Host, agent: Agent
) -> None:
    await pause(agent, "demo")
    rename = "/api/projects/demo/rename"
    answer = await agent.client.post(rename, json={"name": "feature"})
    assert answer.status_code == 204, answer.text
    await follow(host)
    assert await paused(agent) == ["feature"]
    assert await agent.claim(projects=None) == []


async def test_hand_outs_and_jobs_follow_the_name_of_their_project(
    host: Host, agent: Agent
) -> None:
    services = host.addon.site_sync
    job_id = await services.jobs.start("queue", "demo", "admin")
    values = ("artist", SITE, "production")
    await services.credentials.record("demo", *values, {"vault": "handed"})
    await agent.client.post("/api/projects/demo/rename", json={"name": "feature"})
    # By the new name too, before anybody has heard of it.
    await services.credentials.record("feature", *values, {"vault": "handed"})
    await follow(host)
    assert (await services.jobs.get(job_id))["projectName"] == "feature"
    [handout] = await services.credentials.list_handouts("feature", 10)
    assert (handout["siteName"], handout["times"]) == ("vault", 2)
    assert await services.credentials.list_handouts("demo", 10) == []


async def test_a_project_made_again_starts_without_the_pauses_of_the_earlier_one(
    host: Host, agent: Agent
) -> None:
    await pause(agent, "demo")
    await agent.client.delete("/api/projects/demo")
    body = {"name": "demo", "code": "demo", "library": False}
    answer = await agent.client.post("/api/projects", json=body)
    assert answer.status_code == 201, answer.text
    # Both events are followed when the project is there again.
    await follow(host)
    assert await paused(agent) == []
    await pause(agent, "demo")
    await follow(host)
    assert await paused(agent) == ["demo"]


async def test_several_workers_look_at_a_project_no_more_often_than_one(
    host: Host, agent: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = vars(host.addon)["upkeep"]
    looked: list[str] = []
    look_after = worker._look_after

    async def note(project_name: str) -> None:
        looked.append(project_name)
        await look_after(project_name)

    monkeypatch.setattr(worker, "_look_after", note)
    for seconds, expected in ((0.0, 1), (4.0, 1), (2.0, 2), (4.0, 2)):
        await clock.advance(seconds)
        await worker.look(again_after=5.0)  # whichever worker's turn it is
        assert looked == ["demo"] * expected, seconds
    # An archived one is looked at now and then.
    await agent.client.patch("/api/projects/demo", json={"active": False})
    module = sys.modules[type(worker).__module__]
    monkeypatch.setattr(module, "ARCHIVED_LOOKS", 3)
    looked.clear()
    for _ in range(6):
        await clock.advance(10.0)
        await worker.look(again_after=5.0)
    assert looked == ["demo"] * 2


async def test_nothing_is_claimed_in_an_archived_project(
    host: Host, agent: Agent
) -> None:
    for active in (False, True):
        await agent.client.patch("/api/projects/demo", json={"active": active})
        for projects in (["demo"], None):
            given = await agent.claim(projects=projects)
            assert len(given) == int(active and projects is not None)
