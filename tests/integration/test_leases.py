"""Leases: who holds what, and how he loses it. No transfer is stuck or held twice.

The clock is the database's and stands still; tests move it.
"""

import json
import uuid

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import SITE
from tests.integration.pipeline import Clock, Pipeline, Published
from tests.integration.queue_agent import Agent, done, failed, key, queue
from tests.support.devhost_app import Host


async def test_a_restarted_agent_gets_its_work_back_at_once(
    artist: httpx.AsyncClient, host: Host, queued: Published, pipeline: Pipeline
) -> None:
    agent = Agent(artist, host.addon_path, runId="a" * 32)
    (before,) = await agent.claim()
    assert await agent.claim() == []
    agent.description["runId"] = "b" * 32
    (again,) = await agent.claim()
    assert again["representationId"] == queued.id
    assert [file["attempt"] for file in again["files"]] == [1, 1]
    outcomes = await Postgres.fetch(
        "SELECT outcome FROM project_demo.sitesync_attempts ORDER BY started_at"
    )
    assert {row["outcome"] for row in outcomes} == {"released", None}
    late = await agent.report(before, [done(before["files"][0])])
    assert late["state"] == "lost"
    assert await pipeline.statuses(queued, SITE) == [0, 0]


async def test_an_agent_that_tells_no_run_keeps_its_leases(
    artist: httpx.AsyncClient, host: Host, queued: Published
) -> None:
    agent = Agent(artist, host.addon_path, runId="a" * 32)
    (transfer,) = await agent.claim()
    del agent.description["runId"]
    assert await agent.claim() == []
    renewed = await agent.report(transfer, [])
    assert renewed["state"] == "held"


async def test_an_expired_lease_returns_the_work_and_refuses_late_results(
    agent: Agent,
    queued: Published,
    pipeline: Pipeline,
    clock: Clock,
    host: Host,
    artist: httpx.AsyncClient,
) -> None:
    [transfer] = await agent.claim()
    await clock.advance(59)
    assert await Agent(artist, host.addon_path).claim() == []
    await clock.advance(1)
    result = await agent.report(transfer, [done(transfer["files"][0])], finished=True)
    assert result["state"] == "lost"
    assert await pipeline.statuses(queued, SITE) == [0, 0]
    [again] = await Agent(artist, host.addon_path).claim()
    assert again["lease"]["token"] != transfer["lease"]["token"]
    assert again["attempt"] == 1
    result = await agent.report(transfer, [failed(transfer["files"][0])])
    assert result["state"] == "lost"
    assert await pipeline.statuses(queued, SITE) == [0, 0]
    outcomes = await Postgres.fetch(
        "SELECT outcome FROM project_demo.sitesync_attempts "
        "ORDER BY started_at, outcome"
    )
    assert [row["outcome"] for row in outcomes] == ["expired", None]


async def test_reports_and_renewals_keep_a_lease(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    file = transfer["files"][0]
    await clock.advance(50)
    result = await agent.report(
        transfer, [{"id": file["id"], "status": 0, "bytesDone": 40}]
    )
    assert result["expiresAt"] == clock.now + 60
    await clock.advance(50)
    answer = await agent.post("renew", {"agentId": agent.id, "leases": [key(transfer)]})
    [lease] = answer.json()["leases"]
    assert (lease["state"], lease["expiresAt"]) == ("held", clock.now + 60)
    await clock.advance(61)
    answer = await agent.post("renew", {"agentId": agent.id, "leases": [key(transfer)]})
    assert answer.json()["leases"][0]["state"] == "lost"


async def test_release_returns_the_files_without_counting_an_attempt(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    [transfer] = await agent.claim()
    answer = await agent.post(
        "release", {"agentId": agent.id, "leases": [key(transfer)]}
    )
    assert answer.json() == {"released": 1}
    assert await pipeline.statuses(queued, SITE) == [1, 1]
    [again] = await agent.claim()
    assert again["attempt"] == 1


async def test_finishing_returns_what_is_still_running(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    [transfer] = await agent.claim()
    first, second = transfer["files"]
    await agent.report(
        transfer, [{"id": first["id"], "status": 0, "bytesDone": 10}], finished=True
    )
    assert await pipeline.statuses(queued, SITE) == [1, 1]
    assert second["id"] in {
        file["id"] for item in await agent.claim() for file in item["files"]
    }


async def test_a_wrong_token_is_lost(agent: Agent, queued: Published) -> None:
    [transfer] = await agent.claim()
    stolen = {**transfer, "lease": {"token": uuid.uuid4().hex}}
    result = await agent.report(stolen, [done(transfer["files"][0])])
    assert result["state"] == "lost"


async def test_only_the_right_token_of_two_is_taken(
    agent: Agent, queued: Published, pipeline: Pipeline, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    first, second = transfer["files"]
    wrong = {**key(transfer), "leaseToken": uuid.uuid4().hex}
    reports = [
        {**wrong, "files": [done(first)], "finished": True},
        {**key(transfer), "files": [done(second)]},
    ]
    body = {"agentId": agent.id, "transfers": reports}
    answer = (await agent.post("report", body)).json()
    assert [item["state"] for item in answer["transfers"]] == ["lost", "held"]
    assert await pipeline.statuses(queued, SITE) == [0, 4]
    body = {"agentId": agent.id, "leases": [wrong, key(transfer)]}
    answer = (await agent.post("renew", body)).json()
    assert [(item["state"], item["expiresAt"]) for item in answer["leases"]] == [
        ("lost", None),
        ("held", clock.now + 60),
    ]


async def test_another_users_token_is_lost(
    agent: Agent, queued: Published, host: Host
) -> None:
    [transfer] = await agent.claim()
    other = await host.client("manager")
    answer = await other.post(
        f"{host.addon_path}/-/report",
        json={
            "agentId": agent.id,
            "transfers": [
                {**key(transfer), "finished": True, "files": []},
            ],
        },
    )
    assert answer.json()["transfers"][0]["state"] == "lost"


async def test_removing_the_row_ends_the_lease(
    agent: Agent, queued: Published, host: Host, artist: httpx.AsyncClient
) -> None:
    [transfer] = await agent.claim()
    answer = await artist.delete(f"{host.addon_path}/demo/state/{queued.id}/{SITE}")
    assert answer.status_code == 204
    result = await agent.report(transfer, [done(transfer["files"][0])])
    assert result["state"] == "lost"


async def test_a_post_without_a_lease_does_not_end_it(
    agent: Agent,
    queued: Published,
    pipeline: Pipeline,
    host: Host,
    artist: httpx.AsyncClient,
) -> None:
    [transfer] = await agent.claim()
    await artist.post(
        f"{host.addon_path}/demo/state/{queued.id}/{SITE}",
        json={"files": [queued.posted(4)[0]]},
    )
    assert await Agent(artist, host.addon_path).claim() == []
    result = await agent.report(transfer, [done(transfer["files"][1])], finished=True)
    assert result["state"] == "finished"
    row = await pipeline.row(queued, SITE)
    assert (row["status"], row["files_verified"]) == (4, 1)


async def test_abandoned_work_of_an_agent_without_leases_comes_back(
    agent: Agent,
    host: Host,
    pipeline: Pipeline,
    artist: httpx.AsyncClient,
    clock: Clock,
) -> None:
    published = await queue(host, pipeline, artist)
    await artist.post(
        f"{host.addon_path}/demo/state/{published.id}/{SITE}",
        json={"files": published.posted(0)},
    )
    await clock.advance(15 * 60 - 1)
    assert await agent.claim() == []
    await clock.advance(1)
    [transfer] = await agent.claim()
    assert len(transfer["files"]) == 2


async def test_a_second_machine_with_the_same_site_id_is_refused(
    agent: Agent, artist: httpx.AsyncClient, host: Host, clock: Clock
) -> None:
    await agent.claim()
    twin = Agent(artist, host.addon_path, hostname="ws043")
    answer = await twin.post("claim", twin.claim_body())
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "site_id_in_use")
    assert "ws042" in answer.json()["detail"]
    other_roots = Agent(artist, host.addon_path, roots={"work": "/elsewhere"})
    answer = await other_roots.post("claim", other_roots.claim_body())
    assert answer.status_code == 409
    assert (await Agent(artist, host.addon_path).answer())["pending"] == 0
    await clock.advance(61)
    assert (await twin.post("claim", twin.claim_body())).status_code == 200


async def test_agents_of_one_site_differ_in_the_projects_that_both_serve(
    artist: httpx.AsyncClient, host: Host
) -> None:
    roots = {"demo": {"work": "/data"}, "moon": {"work": "/moon"}}
    await Agent(artist, host.addon_path, roots=roots).answer()
    for others, status in (
        ({"demo": {"work": "/data"}, "mars": {"work": "/mars"}}, 200),
        ({"moon": {"work": "/elsewhere"}}, 409),
        ({"work": "/data"}, 200),
    ):
        other = Agent(artist, host.addon_path, roots=others)
        answer = await other.post("claim", other.claim_body())
        assert answer.status_code == status, answer.text
        await other.post(
            "release", {"agentId": other.id, "leases": [], "stopping": True}
        )


async def test_an_agent_that_stops_leaves_its_site_to_another_at_once(
    artist: httpx.AsyncClient, host: Host, clock: Clock
) -> None:
    agent = Agent(artist, host.addon_path)
    await agent.claim()
    heir = Agent(artist, host.addon_path, hostname="ws043")
    body = {"agentId": agent.id, "leases": []}
    assert (await agent.post("release", body)).status_code == 200
    answer = await heir.post("claim", heir.claim_body())
    assert answer.status_code == 409
    assert (await agent.post("release", {**body, "stopping": True})).json() == {
        "released": 0
    }
    answer = await heir.post("claim", heir.claim_body())
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("verb", ["report", "renew", "release"])
@pytest.mark.parametrize("field", ["projectName", "siteName"])
async def test_names_that_no_answer_can_hold_are_refused(
    agent: Agent, verb: str, field: str
) -> None:
    lease = {
        "projectName": "unknown",
        "representationId": "a" * 32,
        "siteName": SITE,
        "leaseToken": "b" * 32,
        field: "\ud800",
    }
    name = "transfers" if verb == "report" else "leases"
    answer = await agent.client.post(
        f"{agent.base}/-/{verb}",
        content=json.dumps({"agentId": agent.id, name: [lease]}),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["field"]) == (400, field)
