"""Claims, leases, reports: no transfer is lost, doubled or stuck.

The clock is the database's and stands still; tests move it.
"""

import asyncio
import json
import uuid
from typing import Any

import httpx
import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from devhost.accounts import grant_project
from devhost.schema import create_project
from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline, Published, make_files
from tests.support.devhost_app import Host

CHECKSUM = f"xxh3:{'ab' * 16}"


class Agent:
    """An agent of a machine site, talking to the endpoints."""

    def __init__(
        self, client: httpx.AsyncClient, base: str, site: str = SITE, **extra: Any
    ) -> None:
        self.client = client
        self.base = base
        self.id = uuid.uuid4().hex
        self.description = {
            "id": self.id,
            "siteName": site,
            "hostname": "ws042",
            "version": "2.0.0",
            "roots": {"work": "/data"},
            **extra,
        }

    async def post(self, verb: str, body: dict[str, Any]) -> httpx.Response:
        return await self.client.post(f"{self.base}/-/{verb}", json=body)

    def claim_body(self, **extra: Any) -> dict[str, Any]:
        return {"agent": self.description, "projects": ["demo"], **extra}

    async def answer(self, **extra: Any) -> dict[str, Any]:
        answer = await self.post("claim", self.claim_body(**extra))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def claim(self, **extra: Any) -> list[dict[str, Any]]:
        transfers: list[dict[str, Any]] = (await self.answer(**extra))["transfers"]
        return transfers

    async def report(
        self,
        transfer: dict[str, Any],
        files: list[dict[str, Any]],
        finished: bool = False,
    ) -> dict[str, Any]:
        body = {
            "agentId": self.id,
            "transfers": [{**key(transfer), "finished": finished, "files": files}],
        }
        answer = await self.post("report", body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["transfers"][0]
        return result


def key(transfer: dict[str, Any]) -> dict[str, Any]:
    return {
        "projectName": transfer["projectName"],
        "representationId": transfer["representationId"],
        "siteName": transfer["siteName"],
        "leaseToken": transfer["lease"]["token"],
    }


def done(file: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 4,
        "bytesDone": file["size"],
        "checksum": CHECKSUM,
        "proof": "content",
        "sourceRead": True,
        **extra,
    }


def failed(file: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 2,
        "errorClass": "retryable",
        "message": "disk full",
        **extra,
    }


@pytest.fixture
async def artist(
    host: Host, set_settings: SetSettings, clock: Clock
) -> httpx.AsyncClient:
    """The artist on his machine, which works against the studio."""
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    return await host.client("artist", SITE)


@pytest.fixture
def agent(artist: httpx.AsyncClient, host: Host) -> Agent:
    return Agent(artist, host.addon_path)


@pytest.fixture
async def queued(
    host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> Published:
    """Two files on the studio's site, wanted on the artist's machine."""
    return await queue(host, pipeline, artist)


async def queue(
    host: Host,
    pipeline: Pipeline,
    artist: httpx.AsyncClient,
    files: int = 2,
    priority: int = 50,
    **publish: Any,
) -> Published:
    published = await pipeline.publish(files=files, **publish)
    base = f"{host.addon_path}/{pipeline.project}/state/{published.id}"
    manager = await host.client("manager")
    for client, site, status in ((manager, "studio", 4), (artist, SITE, 1)):
        answer = await client.post(
            f"{base}/{site}",
            json={
                "files": published.posted(status, timestamp=1_795_239_000),
                "priority": priority,
            },
        )
        assert answer.status_code == 204, answer.text
    return published


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


async def test_a_verified_result_is_synced_and_proves_its_source(
    agent: Agent, queued: Published, pipeline: Pipeline, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    result = await agent.report(
        transfer, [done(file) for file in transfer["files"]], finished=True
    )
    assert (result["state"], result["rejected"]) == ("finished", [])
    row = await pipeline.row(queued, SITE)
    assert (row["status"], row["files_verified"], row["bytes_done"]) == (4, 2, 200)
    source = await pipeline.row(queued, "studio")
    assert (source["status"], source["files_verified"]) == (4, 2)
    attempt = await Postgres.fetchrow("SELECT * FROM project_demo.sitesync_attempts")
    assert (attempt["outcome"], attempt["files_synced"], attempt["bytes_done"]) == (
        "synced",
        2,
        200,
    )
    assert await Postgres.fetch("SELECT * FROM project_demo.sitesync_leases") == []


@pytest.mark.parametrize("told", [{"sourceRead": False}, {}])
async def test_a_source_that_nobody_read_stays_unverified(
    agent: Agent, queued: Published, pipeline: Pipeline, told: dict[str, bool]
) -> None:
    [transfer] = await agent.claim()
    reports = []
    for file in transfer["files"]:
        report = done(file)
        del report["sourceRead"]
        reports.append({**report, **told})
    await agent.report(transfer, reports, finished=True)
    row = await pipeline.row(queued, SITE)
    assert (row["status"], row["files_verified"]) == (4, 2)
    source = await pipeline.row(queued, "studio")
    assert (source["status"], source["files_verified"]) == (4, 0)


async def test_known_checksums_come_with_the_next_claim(
    agent: Agent,
    queued: Published,
    host: Host,
    artist: httpx.AsyncClient,
) -> None:
    [transfer] = await agent.claim()
    await agent.report(transfer, [done(file) for file in transfer["files"]], True)
    await artist.post(
        f"{host.addon_path}/demo/state/{queued.id}/{SITE}",
        json={"files": queued.posted(1)},
    )
    [again] = await agent.claim()
    assert [file["checksum"] for file in again["files"]] == [CHECKSUM] * 2


async def test_one_report_may_verify_a_file_on_two_sites(
    agent: Agent,
    host: Host,
    pipeline: Pipeline,
    artist: httpx.AsyncClient,
) -> None:
    published = await pipeline.publish()
    base = f"{host.addon_path}/demo/state/{published.id}"
    for site, status in ((SITE, 4), ("studio", 1), (CONFIGURED, 1)):
        await artist.post(f"{base}/{site}", json={"files": published.posted(status)})
    transfers = await agent.claim(serve=[CONFIGURED])
    assert [item["siteName"] for item in transfers] == ["studio", CONFIGURED]
    reports = [
        {**key(item), "finished": True, "files": [done(item["files"][0])]}
        for item in transfers
    ]
    body = {"agentId": agent.id, "transfers": reports}
    answer = await agent.post("report", body)
    assert [item["state"] for item in answer.json()["transfers"]] == ["finished"] * 2
    body = {"agentId": agent.id, "transfers": [reports[0], reports[0]]}
    assert (await agent.post("report", body)).json()["field"] == "transfers"


async def test_one_failed_file_does_not_block_its_sibling(
    agent: Agent, queued: Published, pipeline: Pipeline, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    first, second = transfer["files"]
    result = await agent.report(transfer, [failed(first)])
    assert result["state"] == "held"
    result = await agent.report(transfer, [done(second)], finished=True)
    assert result["state"] == "finished"
    assert await pipeline.statuses(queued, SITE) == [2, 4]
    row = await pipeline.row(queued, SITE)
    assert row["last_error"] == "disk full"
    attempt = await Postgres.fetchrow("SELECT * FROM project_demo.sitesync_attempts")
    assert (attempt["outcome"], attempt["files_failed"]) == ("failed", 1)
    assert attempt["errors"] == [
        {"id": first["id"], "errorClass": "retryable", "message": "disk full"}
    ]


async def test_a_failed_file_comes_back_later_until_its_attempts_are_used(
    agent: Agent, queued: Published, pipeline: Pipeline, clock: Clock
) -> None:
    for attempt in range(1, 5):  # retry_cnt is 3: four attempts
        [transfer] = await agent.claim()
        assert transfer["attempt"] == attempt
        await agent.report(
            transfer, [failed(file) for file in transfer["files"]], finished=True
        )
        answer = await agent.answer()
        assert answer["transfers"] == []
        if attempt < 4:
            wait = answer["nextDueInSeconds"]
            nominal = 15 * 2 ** (attempt - 1)
            assert nominal * 0.8 <= wait <= nominal * 1.2
        await clock.advance(2000)
    assert await agent.claim() == []
    assert await pipeline.statuses(queued, SITE) == [2, 2]


async def test_permanent_errors_are_not_retried(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    await agent.report(
        transfer,
        [failed(file, errorClass="permanent") for file in transfer["files"]],
        finished=True,
    )
    await clock.advance(100_000)
    assert await agent.claim() == []


async def test_retry_after_is_obeyed(
    agent: Agent, queued: Published, clock: Clock
) -> None:
    [transfer] = await agent.claim()
    await agent.report(
        transfer,
        [
            failed(file, errorClass="quota", retryAfterSeconds=600)
            for file in transfer["files"]
        ],
        finished=True,
    )
    await clock.advance(599)
    assert await agent.claim() == []
    await clock.advance(1)
    assert len(await agent.claim()) == 1


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


async def test_d45_a_report_of_many_files_writes_their_row_once(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    await queue(host, pipeline, artist, files=60)
    [transfer] = await agent.claim()
    await Postgres.execute(
        """
        CREATE TABLE project_demo.row_writes (site_name varchar);
        CREATE FUNCTION project_demo.note_write() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN
            INSERT INTO project_demo.row_writes VALUES (NEW.site_name);
            RETURN NULL;
        END$$;
        CREATE TRIGGER note_write
            AFTER INSERT OR UPDATE ON project_demo.sitesync_files_status
            FOR EACH ROW EXECUTE FUNCTION project_demo.note_write();
        """
    )
    moving = [{"id": each["id"], "status": 0} for each in transfer["files"][30:]]
    files = [done(each) for each in transfer["files"][:30]] + moving
    await agent.report(transfer, files)
    writes = await Postgres.fetch("SELECT site_name FROM project_demo.row_writes")
    # The source's row too, whose files have been read.
    assert sorted(row["site_name"] for row in writes) == [SITE, "studio"]


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


async def test_results_that_cannot_be_taken_are_told(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    [transfer] = await agent.claim()
    first, second = transfer["files"]
    stranger = {**first, "id": uuid.uuid4().hex}
    result = await agent.report(
        transfer, [done(first, proof=None), done(stranger), done(second)]
    )
    assert result["state"] == "held"
    assert [item["errorCode"] for item in result["rejected"]] == [
        "proof_missing",
        "unknown_file",
    ]
    assert await pipeline.statuses(queued, SITE) == [0, 4]


async def test_synced_needs_the_published_size_and_the_checksum_of_what_was_read(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    [transfer] = await agent.claim()
    first, second = transfer["files"]
    files = [done(first, bytesDone=99), done(second, checksum=None)]
    result = await agent.report(transfer, files)
    assert [(item["id"], item["errorCode"]) for item in result["rejected"]] == [
        (first["id"], "size_mismatch"),
        (second["id"], "checksum_missing"),
    ]
    assert await pipeline.statuses(queued, SITE) == [0, 0]


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


async def test_what_arrives_is_on_the_aliases_too(
    agent: Agent,
    host: Host,
    pipeline: Pipeline,
    artist: httpx.AsyncClient,
    set_settings: SetSettings,
) -> None:
    await set_settings(
        config={"active_site": "local", "remote_site": "studio"},
        sites=[
            {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]},
            {"name": "mirror", "provider": "sftp", "alternative_sites": [CONFIGURED]},
        ],
    )
    published = await pipeline.publish()
    base = f"{host.addon_path}/demo/state/{published.id}"
    for site, status in ((SITE, 4), ("studio", 1)):
        await artist.post(f"{base}/{site}", json={"files": published.posted(status)})
    [transfer] = await agent.claim()
    await agent.report(transfer, [done(file) for file in transfer["files"]], True)
    for site in (CONFIGURED, "mirror"):
        row = await pipeline.row(published, site)
        assert (row["status"], row["files_verified"]) == (4, 0)


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


async def test_a_report_may_carry_the_next_claim(
    agent: Agent, queued: Published
) -> None:
    [transfer] = await agent.claim()
    answer = await agent.post(
        "report",
        {
            "agentId": agent.id,
            "transfers": [{**key(transfer), "finished": True, "files": []}],
            "claim": agent.claim_body(),
        },
    )
    claimed = answer.json()["claimed"]
    assert [item["representationId"] for item in claimed["transfers"]] == [queued.id]


async def test_a_refused_claim_loses_no_results(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    [transfer] = await agent.claim()
    reports = [{**key(transfer), "files": [done(file) for file in transfer["files"]]}]
    body = {"agentId": agent.id, "transfers": reports}
    claim = agent.claim_body()
    claim["agent"] = {**claim["agent"], "siteName": "studio"}
    answer = (await agent.post("report", {**body, "claim": claim})).json()
    assert answer["transfers"][0]["state"] == "held"
    error = answer["claimed"]["error"]
    assert (error["code"], error["errorCode"]) == (403, "not_allowed")
    assert "agent.siteName" in error["detail"]
    assert await pipeline.statuses(queued, SITE) == [4, 4]


async def test_a_long_message_is_cut(
    agent: Agent, queued: Published, pipeline: Pipeline
) -> None:
    [transfer] = await agent.claim()
    file = transfer["files"][0]
    result = await agent.report(transfer, [failed(file, message="m" * 50_000)])
    assert (result["state"], result["rejected"]) == ("held", [])
    row = await pipeline.row(queued, SITE)
    assert row["data"]["files"][file["id"]]["message"] == "m" * 2000


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


async def test_bad_checksums_are_refused(agent: Agent, queued: Published) -> None:
    [transfer] = await agent.claim()
    body = {
        "agentId": agent.id,
        "transfers": [
            {**key(transfer), "files": [done(transfer["files"][0], checksum="md5:1")]}
        ],
    }
    answer = await agent.post("report", body)
    assert answer.status_code == 400
    assert answer.json()["field"] == "transfers.0.files.0.checksum"
