"""What agents tell of files, and what becomes of it.

The clock is the database's and stands still; tests move it.
"""

import uuid

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline, Published
from tests.integration.queue_agent import CHECKSUM, Agent, done, failed, key, queue
from tests.support.devhost_app import Host


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


async def test_an_attempt_keeps_its_first_errors_only(
    agent: Agent, host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> None:
    published = await queue(host, pipeline, artist, files=130)
    [transfer] = await agent.claim()
    files = transfer["files"]
    told = [failed(file, message=file["id"]) for file in files]
    kept = []
    for start in (0, 60, 120):
        await agent.report(transfer, told[start : start + 60])
        path = f"{agent.base}/demo/representations/{published.id}/history"
        [attempt] = (await artist.get(path)).json()["attempts"]
        kept.append((attempt["filesFailed"], len(attempt["errors"])))
    assert kept == [(60, 60), (120, 100), (130, 100)]
    ids = [error["fileId"] for error in attempt["errors"]]
    assert ids == [file["id"] for file in files[:100]]


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
