"""GraphQL about work, and orders by GraphQL: REST's contents, rules and limits."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline, Published
from tests.integration.queue_agent import Agent, failed, queue
from tests.integration.test_graphql import run
from tests.support.devhost_app import Host

ACTIVITY = """
query Work($project: String!, $representation: String!, $site: String!) {
  agents {
    agentId siteName hostname userName isLive state held bytesPerSecond
    problems { projectName siteName code message since }
  }
  pauses { scope projectName siteName reason userName since }
  project(name: $project) {
    transfers(first: 5, siteNames: [$site]) {
      moving { representationId siteName sourceSite bytesPerSecond etaSeconds }
      queued { representationId position priority lastError dueAt }
      queuedTotal
    }
    history(representationId: $representation, first: 1) {
      attempts { attemptId outcome errors { fileId errorClass message } }
      pageInfo { endCursor hasNextPage }
    }
    explanation(representationId: $representation, siteName: $site) {
      status isRemoving reasons { code text todo }
    }
    problems { code severity siteName text todo count representationIds since }
    summary(siteNames: ["studio"]) {
      asOf sites { siteName totals { statusName representations bytes } }
      folders { path }
    }
  }
}
"""
APPLY = """
mutation Apply($sites: [String!]!, $verb: Verb!, $selection: Selection!,
    $dry: Boolean!, $priority: Int, $force: Boolean! = false) {
  applyVerb(projectName: "demo", verb: $verb, siteNames: $sites, dryRun: $dry,
      selection: $selection, priority: $priority, force: $force) {
    matched changed files bytes undo jobId problemsOmitted
    problems { representationId siteName errorCode detail }
  }
}
"""
SEED = """
mutation { seedSite(projectName: "demo", siteName: "nearline", status: 1,
    selection: {all: true}) { matched changed } }
"""
PAUSE = """
mutation Pause($site: String, $paused: Boolean!) {
  setPause(scope: SITE, siteName: $site, paused: $paused, reason: "tidying")
}
"""


@pytest.fixture
async def artist(
    host: Host, set_settings: SetSettings, clock: Clock
) -> httpx.AsyncClient:
    config = {"active_site": "local", "remote_site": "studio", "retry_cnt": 0}
    sftp = {"name": CONFIGURED, "provider": "sftp", "sftp": {"sftp_host": "h"}}
    await set_settings(config=config, sites=[sftp])
    return await host.client("artist", SITE)


async def apply(
    client: httpx.AsyncClient, host: Host, verb: str, **variables: Any
) -> dict[str, Any]:
    wanted = {"sites": ["studio"], "selection": {"all": True}, "dry": False}
    return await run(client, host, APPLY, verb=verb, **{**wanted, **variables})


async def test_work_in_one_query(
    host: Host, agent: Agent, queued: Published, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    told = [failed(file) for file in transfer["files"]]
    await agent.report(transfer, told, finished=True)
    result = await run(
        agent.client,
        host,
        ACTIVITY,
        project="demo",
        representation=queued.id,
        site=SITE,
    )
    assert "errors" not in result, result["errors"]
    data = result["data"]
    assert data["agents"][0]["agentId"] == agent.id
    project = data["project"]
    assert project["transfers"] == {"moving": [], "queued": [], "queuedTotal": 0}
    [attempt] = project["history"]["attempts"]
    assert (attempt["outcome"], len(attempt["errors"])) == ("failed", 2)
    assert project["explanation"]["reasons"][0]["code"] == "failed"
    assert project["problems"][0]["code"] == "failed_files"
    [studio] = project["summary"]["sites"]
    assert studio["totals"][0]["representations"] == 1


async def test_what_moves_and_waits(
    host: Host, agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    await agent.claim()
    waiting = await queue(host, pipeline, agent.client)
    result = await run(
        agent.client,
        host,
        ACTIVITY,
        project="demo",
        representation=queued.id,
        site=SITE,
    )
    transfers = result["data"]["project"]["transfers"]
    assert transfers["moving"][0]["representationId"] == queued.id
    assert transfers["queued"][0]["representationId"] == waiting.id
    assert transfers["queuedTotal"] == 1


async def test_a_dry_run_counts_and_changes_nothing_then_it_is_done(
    host: Host, agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    manager = await host.client("manager")
    for dry, status in ((True, 1), (False, 3)):
        result = await apply(
            manager,
            host,
            "PAUSE",
            sites=[SITE],
            dry=dry,
            selection={"representationIds": [queued.id]},
        )
        done = result["data"]["applyVerb"]
        assert (done["matched"], done["changed"], done["files"]) == (1, 1, 2)
        assert set(await pipeline.statuses(queued, SITE)) == {status}
    assert json.loads(done["undo"])["verb"] == "resume"


async def test_every_verb_has_its_name(
    host: Host, agent: Agent, queued: Published
) -> None:
    manager = await host.client("manager")
    for verb in (
        "QUEUE",
        "RETRY",
        "RESET",
        "VERIFY",
        "PAUSE",
        "RESUME",
        "CANCEL",
        "REMOVE",
    ):
        result = await apply(manager, host, verb, dry=True, sites=[CONFIGURED])
        assert "errors" not in result, (verb, result)
    result = await apply(manager, host, "PRIORITY", dry=True, priority=90)
    assert result["data"]["applyVerb"]["changed"] == 1


async def test_a_filter_selects(host: Host, agent: Agent, queued: Published) -> None:
    manager = await host.client("manager")
    for search, changed in ((queued.id, 0), ("sh0010", 1)):
        filter = {
            "search": search,
            "statuses": [{"siteName": SITE, "statuses": [1]}],
        }
        result = await apply(
            manager, host, "PAUSE", sites=[SITE], selection={"filter": filter}
        )
        assert result["data"]["applyVerb"]["changed"] == changed


async def test_seeding(host: Host, agent: Agent, queued: Published) -> None:
    manager = await host.client("manager")
    result = await run(manager, host, SEED)
    assert result["data"]["seedSite"] == {"matched": 1, "changed": 1}


async def test_pauses(host: Host, agent: Agent, queued: Published) -> None:
    manager = await host.client("manager")
    assert (await run(manager, host, PAUSE, site="studio", paused=True))["data"]
    assert await agent.claim() == []
    listed = await run(manager, host, "{ pauses { siteName reason } }")
    assert listed["data"]["pauses"] == [{"siteName": "studio", "reason": "tidying"}]
    await run(manager, host, PAUSE, site="studio", paused=False)
    assert len(await agent.claim()) == 1


async def test_a_large_order_is_a_job(
    host: Host, agent: Agent, queued: Published
) -> None:
    host.addon.site_sync.verbs.most_at_once = 0
    manager = await host.client("manager")
    job_id = (await apply(manager, host, "QUEUE"))["data"]["applyVerb"]["jobId"]
    query = "query Job($id: String!) { job(id: $id) { verb state userName } }"
    found = (await run(manager, host, query, id=job_id))["data"]["job"]
    assert (found["verb"], found["userName"]) == ("queue", "manager")
    refused = await run(agent.client, host, query, id=job_id)
    assert refused["errors"][0]["extensions"]["errorCode"] == "unknown_job"


@pytest.mark.parametrize(
    ("verb", "changes", "code"),
    [
        ("PAUSE", {}, "not_allowed"),
        ("QUEUE", {"priority": 90}, "not_allowed"),
        ("REMOVE", {"force": True}, "not_allowed"),
        ("QUEUE", {"sites": ["nowhere"]}, "unknown_site"),
        ("PRIORITY", {}, "invalid_request"),
        ("PRIORITY", {"priority": 1001}, "invalid_request"),
        ("QUEUE", {"selection": {}}, "invalid_request"),
        ("QUEUE", {"sites": []}, "invalid_request"),
        ("QUEUE", {"selection": {"representationIds": ["x"]}}, "invalid_request"),
    ],
)
async def test_refusals_are_those_of_rest(
    host: Host,
    agent: Agent,
    queued: Published,
    verb: str,
    changes: dict[str, Any],
    code: str,
) -> None:
    result = await apply(agent.client, host, verb, **changes)
    [error] = result["errors"]
    assert error["extensions"]["errorCode"] == code
    assert error["message"]


async def test_orders_are_bounded(host: Host, agent: Agent, queued: Published) -> None:
    order = (
        'applyVerb(projectName: "demo", verb: QUEUE, siteNames: ["studio"], '
        "dryRun: true, selection: {all: true}) { matched }"
    )
    orders = " ".join(f"a{number}: {order}" for number in range(25))
    result = await run(agent.client, host, f"mutation {{ {orders} }}")
    codes = {error["extensions"]["errorCode"] for error in result["errors"]}
    assert codes == {"invalid_request"}
    ids = [f"{number:032x}" for number in range(9501)]
    result = await apply(
        agent.client, host, "QUEUE", selection={"representationIds": ids}
    )
    assert "rows in all" in result["errors"][0]["message"]


async def test_who_has_no_access_orders_nothing(
    host: Host, agent: Agent, queued: Published
) -> None:
    result = await run(
        agent.client,
        host,
        'mutation { applyVerb(projectName: "nowhere", verb: QUEUE, siteNames: ["a"], '
        "selection: {all: true}) { matched } }",
    )
    assert result["errors"][0]["extensions"]["errorCode"] == "unknown_project"
