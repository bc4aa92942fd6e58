"""What needs attention in a project, and all projects at a glance."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.queue_agent import Agent, failed, queue
from tests.support.devhost_app import Host

CONFIG = {"active_site": "local", "remote_site": "studio", "retry_cnt": 0}
SFTP = {"name": CONFIGURED, "provider": "sftp", "sftp": {"sftp_host": "h"}}


@pytest.fixture
async def artist(
    host: Host, set_settings: SetSettings, clock: Clock
) -> httpx.AsyncClient:
    await set_settings(config=CONFIG, sites=[SFTP])
    return await host.client("artist", SITE)


async def problems(agent: Agent, client: Any = None) -> list[dict[str, Any]]:
    answer = await (client or agent.client).get(f"{agent.base}/demo/problems")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["problems"]
    assert all(each["text"] and each["todo"] for each in found)
    return found


async def test_nothing_is_wrong_with_what_an_agent_will_do(
    agent: Agent, queued: Published
) -> None:
    await agent.answer(maxTransfers=0)
    assert await problems(agent) == []


async def test_work_that_nobody_does(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    await clock.advance(61)
    [problem] = await problems(agent)
    assert (problem["code"], problem["severity"]) == ("no_agent", "warning")
    assert (problem["siteName"], problem["count"]) == (SITE, 1)
    assert problem["representationIds"] == [queued.id]
    assert problem["since"] == 1_795_239_000


async def test_a_site_that_managers_look_after_is_an_error(
    host: Host, agent: Agent, queued: Published, clock: Clock
) -> None:
    manager = await host.client("manager")
    answer = await manager.post(
        f"{agent.base}/demo/verbs/queue",
        json={"siteNames": [CONFIGURED], "selection": {"all": True}},
    )
    assert answer.json()["changed"] == 1
    await clock.advance(61)
    found = await problems(agent)
    assert [(each["siteName"], each["severity"]) for each in found] == [
        (CONFIGURED, "error"),
        (SITE, "warning"),
    ]


async def test_failures_with_the_newest_message(
    host: Host, agent: Agent, queued: Published, pipeline: Pipeline, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    told = [failed(file, message="disk full") for file in transfer["files"]]
    await agent.report(transfer, told, finished=True)
    lacking = await queue(host, pipeline, agent.client)
    [transfer] = await agent.claim()
    told = [failed(file, errorClass="missing_source") for file in transfer["files"]]
    await agent.report(transfer, told, finished=True)
    found = {each["code"]: each for each in await problems(agent)}
    assert set(found) == {"failed_files", "missing_at_source"}
    assert found["failed_files"]["representationIds"] == [queued.id]
    assert "disk full" in found["failed_files"]["text"]
    assert found["failed_files"]["count"] == 1
    assert found["missing_at_source"]["representationIds"] == [lacking.id]


async def test_a_transfer_whose_agent_died(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    await agent.claim()
    await clock.advance(16 * 60)
    codes = [each["code"] for each in await problems(agent)]
    assert codes == ["no_agent", "stuck"]


async def test_sites_that_agents_cannot_use_come_with_what_to_do(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    fault = {
        "projectName": "demo",
        "siteName": "studio",
        "code": "not_mounted",
        "message": "Mount /data",
        "since": clock.now - 5,
    }
    await agent.answer(health={"sites": [fault, {**fault, "projectName": "other"}]})
    [problem] = await problems(agent)
    assert (problem["code"], problem["siteName"]) == ("site_unusable", "studio")
    assert (problem["todo"], problem["since"]) == ("Mount /data", clock.now - 5)
    assert "ws042" in problem["text"]


async def test_a_refused_agent_is_told_for_ten_minutes(
    host: Host, agent: Agent, queued: Published, clock: Clock
) -> None:
    await agent.answer(maxTransfers=0)
    other = Agent(agent.client, agent.base, hostname="ws043")
    assert (await other.post("claim", other.claim_body())).status_code == 409
    [problem] = await problems(agent)
    assert (problem["code"], problem["siteName"]) == ("site_id_in_use", SITE)
    assert "ws042" in problem["text"]
    assert "ws043" in problem["text"]
    await clock.advance(601)
    await agent.answer(maxTransfers=0)
    assert await problems(agent) == []


async def test_states_of_a_site_that_nobody_knows(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    await agent.answer(maxTransfers=0)
    await pipeline.write_row(queued, "gone-site", {"files": {}})
    found = [each for each in await problems(agent) if each["code"] == "unknown_site"]
    assert [each["siteName"] for each in found] == ["gone-site"]


async def test_wrong_settings_name_site_and_field_and_stop_nothing(
    agent: Agent, queued: Published, set_settings: SetSettings
) -> None:
    wrong = {
        "name": CONFIGURED,
        "provider": "rclone",
        "rclone": {
            "config_web": {"type": "webdav"},
            "additional_args": ["--rc-addr=:80"],
        },
        "limits": {"timetable": [{"days": ["monday"], "start": "8", "end": "18:00"}]},
    }
    await set_settings(
        config={**CONFIG, "always_accessible_on": ["nowhere"]},
        sites=[wrong, {"name": "other", "provider": "tape"}],
    )
    assert len(await agent.claim()) == 1
    found = await problems(agent)
    assert {each["code"] for each in found} == {"wrong_setting"}
    fields = {
        (each["siteName"], each["text"].split(":")[0].removeprefix("Setting "))
        for each in found
    }
    assert fields == {
        (None, "config.always_accessible_on"),
        (CONFIGURED, "sites.rclone.additional_args"),
        (CONFIGURED, "sites.limits.timetable.days"),
        (CONFIGURED, "sites.limits.timetable.start"),
        ("other", "sites.provider"),
    }


async def test_programs_that_only_a_project_names(
    agent: Agent, queued: Published, set_settings: SetSettings, host: Host
) -> None:
    await agent.answer(maxTransfers=0)
    await set_settings(
        config={**CONFIG, "executable_paths": ["/opt/rclone"]}, sites=[SFTP]
    )

    def named(path: str) -> dict[str, Any]:
        s3 = {"bucket": "b", "rclone_executable_path": {"linux": path}}
        return {"sites": [{"name": CONFIGURED, "provider": "s3", "s3": s3}]}

    for path, codes in (("/opt/rclone", []), ("/tmp/x", ["wrong_setting"])):
        await Postgres.execute("DELETE FROM project_demo.settings")
        await Postgres.execute(
            "INSERT INTO project_demo.settings "
            "(addon_name, addon_version, variant, data) "
            "VALUES ($1, $2, 'production', $3)",
            host.addon.name,
            host.addon.version,
            named(path),
        )
        assert [each["code"] for each in await problems(agent)] == codes


async def test_problems_in_folders_that_one_may_not_read_are_left_out(
    host: Host, agent: Agent, pipeline: Pipeline, clock: Clock
) -> None:
    await queue(host, pipeline, agent.client, folder=OTHER_FOLDER)
    await clock.advance(61)
    assert len(await problems(agent)) == 1
    assert await problems(agent, await host.client("restricted")) == []


async def test_a_project_that_is_not_prepared(
    host: Host, agent: Agent, queued: Published
) -> None:
    addon: Any = host.addon
    await Postgres.execute("DROP TABLE project_demo.sitesync_migrations")
    addon.site_sync.keeper.forget("demo")
    [problem] = await problems(agent)
    assert (problem["code"], problem["severity"]) == ("migration", "error")
    await addon.site_sync.keeper.wait()


async def test_all_projects_at_a_glance(
    host: Host, agent: Agent, queued: Published, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    running = {"id": transfer["files"][0]["id"], "status": 0, "bytesDone": 50}
    await clock.advance(10)
    await agent.report(transfer, [running])
    manager = await host.client("manager")
    answer = await manager.get(f"{agent.base}/-/overview")
    assert answer.status_code == 200, answer.text
    overview = answer.json()
    [project] = overview["projects"]
    assert (project["projectName"], project["isEnabled"]) == ("demo", True)
    assert (project["moving"], project["queuedTotal"]) == (1, 0)
    sites = {site["siteName"]: site for site in project["sites"]}
    assert set(sites) == {"studio", CONFIGURED, SITE}
    assert sites[SITE]["bytesPerSecond"] == 5
    assert sites["studio"]["totals"]["4"]["representations"] == 1
    assert (sites[CONFIGURED]["kind"], sites[CONFIGURED]["provider"]) == (
        "configured",
        "sftp",
    )
    assert [each["agentId"] for each in overview["agents"]] == [agent.id]
    assert overview["pauses"] == []


async def test_the_glance_leaves_out_projects_of_others(
    host: Host, agent: Agent, queued: Published
) -> None:
    await Postgres.execute(
        "UPDATE public.users SET data = data || $1 WHERE name = 'restricted'",
        {"accessGroups": {}},
    )
    stranger = await host.client("restricted")
    overview = (await stranger.get(f"{agent.base}/-/overview")).json()
    assert overview["projects"] == []
