"""What operators do to many rows at once, and what they may not."""

from __future__ import annotations

import asyncio
import sys
import uuid
from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.support.devhost_app import Host

ALL = {"all": True}


class Operator:
    """A user who gives orders, by default about `nearline`."""

    def __init__(self, client: httpx.AsyncClient, base: str) -> None:
        self.client = client
        self.base = base

    async def ask(
        self, verb: str, selection: dict[str, Any], **extra: Any
    ) -> httpx.Response:
        body = {"siteNames": [CONFIGURED], "selection": selection, **extra}
        path = "seed" if verb == "seed" else f"verbs/{verb}"
        return await self.client.post(f"{self.base}/demo/{path}", json=body)

    async def order(
        self, verb: str, *published: Published, **extra: Any
    ) -> dict[str, Any]:
        selection = extra.pop("selection", None) or {
            "representationIds": [each.id for each in published]
        }
        answer = await self.ask(verb, selection, **extra)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def post(self, published: Published, site: str, status: int) -> None:
        answer = await self.client.post(
            f"{self.base}/demo/state/{published.id}/{site}",
            json={"files": published.posted(status)},
        )
        assert answer.status_code == 204, answer.text

    async def follow(self, job_id: str) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while True:
                answer = await self.client.get(f"{self.base}/-/jobs/{job_id}")
                job: dict[str, Any] = answer.json()
                if job["state"] != "running":
                    return job
                await asyncio.sleep(0.01)


@pytest.fixture
async def manager(host: Host, set_settings: SetSettings) -> Operator:
    return Operator(await host.client("manager", SITE), host.addon_path)


@pytest.fixture
async def artist(host: Host, set_settings: SetSettings) -> Operator:
    return Operator(await host.client("artist", SITE), host.addon_path)


async def break_files(published: Published, site: str, retries: int = 3) -> None:
    """All files failed for good, as agents leave them."""
    await Postgres.execute(
        "UPDATE project_demo.sitesync_files_status SET status = 2, data = "
        "jsonb_build_object('files', (SELECT jsonb_object_agg(key, value || $3) "
        "FROM jsonb_each(data -> 'files'))) "
        "WHERE representation_id = $1 AND site_name = $2",
        published.id,
        site,
        {"status": 2, "retries": retries, "message": "disk full"},
    )


async def lease(published: Published, site: str = CONFIGURED) -> str:
    """A lease on a row, with its attempt; its token."""
    token = uuid.uuid4().hex
    for table, columns in (
        ("sitesync_leases", "variant, claimed_at, expires_at"),
        ("sitesync_attempts", "outcome, started_at, finished_at"),
    ):
        is_lease = table == "sitesync_leases"
        times = "now(), now() + interval '1 minute'" if is_lease else "now(), NULL"
        first = "'production'" if is_lease else "NULL"
        total = "" if is_lease else ", files_total"
        await Postgres.execute(
            f"INSERT INTO project_demo.{table} (representation_id, site_name, token, "
            f"agent_id, user_name, source_site, {columns}{total}) VALUES "
            f"($1, $2, $3, $3, 'service', 'studio', {first}, {times}"
            f"{'' if is_lease else ', 1'})",
            published.id,
            site,
            token,
        )
    return token


async def test_queue_makes_rows_with_their_counts(
    manager: Operator, pipeline: Pipeline, clock: Clock
) -> None:
    one, two = await pipeline.publish(files=2), await pipeline.publish(files=3)
    result = await manager.order("queue", selection=ALL, priority=70)
    assert (result["matched"], result["changed"]) == (2, 2)
    assert (result["files"], result["bytes"]) == (5, 500)
    assert (result["problems"], result["jobId"]) == ([], None)
    for published, count in ((one, 2), (two, 3)):
        row = await pipeline.row(published, CONFIGURED)
        assert (row["status"], row["priority"]) == (1, 70)
        assert row["data"]["files"][published.files[0]["id"]] == {
            "hash": published.files[0]["hash"],
            "status": 1,
            "size": 0,
            "timestamp": int(clock.now),
        }
        assert (row["files_total"], row["files_due"]) == (count, count)
        assert (row["bytes_total"], row["bytes_done"]) == (count * 100, 0)
        assert row["due_at"].timestamp() == row["changed_at"].timestamp() == clock.now


@pytest.mark.parametrize("status", [1, 4])
async def test_rows_made_at_once_are_counted_as_the_trigger_counts(
    manager: Operator, pipeline: Pipeline, status: int
) -> None:
    published = await pipeline.publish(
        files=[
            {"id": uuid.uuid4().hex, "path": "a", "size": 7, "hash": 'a"b\\'},
            {"id": uuid.uuid4().hex, "path": "b", "size": -5},
            {"id": uuid.uuid4().hex, "path": "c", "size": "12", "hash": None},
            {"path": "no id", "size": 3},
        ]
    )
    await manager.order("seed", siteName=CONFIGURED, status=status, selection=ALL)
    before = dict(await pipeline.row(published, CONFIGURED))
    await Postgres.execute(
        "UPDATE project_demo.sitesync_files_status SET data = data, files_total = NULL"
    )
    assert dict(await pipeline.row(published, CONFIGURED)) == before
    hashes = {entry["hash"] for entry in before["data"]["files"].values()}
    assert hashes == {'a"b\\', ""}


@pytest.mark.parametrize("status", [1, 4])
async def test_rows_made_at_once_are_those_that_posts_make(
    manager: Operator,
    pipeline: Pipeline,
    clock: Clock,
    set_settings: SetSettings,
    status: int,
) -> None:
    await set_settings(
        sites=[
            {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["vault"]},
            {"name": "vault", "provider": "local_drive"},
        ]
    )
    odd = [
        {"id": uuid.uuid4().hex, "path": "a", "size": 7.9, "hash": 'a"b\\'},
        {"id": uuid.uuid4().hex, "path": "b", "size": -5},
        {"id": uuid.uuid4().hex, "path": "c", "size": 1e30, "hash": None},
    ]
    published = [await pipeline.publish(files=odd), await pipeline.publish(files=3)]

    async def rows() -> list[dict[str, Any]]:
        found = await Postgres.fetch(
            "SELECT * FROM project_demo.sitesync_files_status ORDER BY 1, 2"
        )
        return [dict(row) for row in found]

    await manager.order("seed", siteName=CONFIGURED, status=status, selection=ALL)
    at_once = await rows()
    assert len(at_once) == (2 if status == 1 else 4)
    await Postgres.execute("DELETE FROM project_demo.sitesync_files_status")
    states = [
        {"representationId": each.id, "siteName": CONFIGURED, "status": status}
        for each in published
    ]
    await manager.client.post(f"{manager.base}/demo/states", json={"states": states})
    assert await rows() == at_once


async def test_queue_takes_failed_and_missing_files_and_leaves_the_others(
    manager: Operator, pipeline: Pipeline
) -> None:
    there, failed, paused = [await pipeline.publish() for _ in range(3)]
    for published, status in ((there, 4), (failed, 1), (paused, 3)):
        await manager.post(published, CONFIGURED, status)
    await break_files(failed, CONFIGURED)
    result = await manager.order("queue", there, failed, paused)
    assert (result["matched"], result["changed"]) == (3, 1)
    assert await pipeline.statuses(there, CONFIGURED) == [4]
    assert await pipeline.statuses(failed, CONFIGURED) == [1]
    assert await pipeline.statuses(paused, CONFIGURED) == [3]


async def test_a_dry_run_counts_and_writes_nothing(
    manager: Operator, pipeline: Pipeline
) -> None:
    new, failed = await pipeline.publish(files=2), await pipeline.publish()
    await manager.post(failed, CONFIGURED, 1)
    await break_files(failed, CONFIGURED)
    dry = await manager.order("queue", new, failed, dryRun=True)
    assert await pipeline.row(new, CONFIGURED) is None
    assert await pipeline.statuses(failed, CONFIGURED) == [2]
    wet = await manager.order("queue", new, failed)
    assert {**dry, "undo": None} == {**wet, "undo": None}
    assert (wet["changed"], wet["files"]) == (2, 3)


async def test_retry_gives_all_attempts_again(
    manager: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    await manager.post(published, CONFIGURED, 1)
    await break_files(published, CONFIGURED)
    await manager.order("retry", published)
    row = await pipeline.row(published, CONFIGURED)
    [entry] = row["data"]["files"].values()
    assert entry["status"] == 1
    assert "retries" not in entry
    assert row["last_error"] is None


async def test_reset_queues_everything_but_the_last_copy(
    manager: Operator, pipeline: Pipeline
) -> None:
    single, double = await pipeline.publish(), await pipeline.publish()
    await manager.post(double, "studio", 4)
    for published in (single, double):
        await manager.post(published, CONFIGURED, 4)
    await manager.order("reset", single, double)
    assert await pipeline.statuses(single, CONFIGURED) == [4]
    assert await pipeline.statuses(double, CONFIGURED) == [1]


async def test_two_copies_are_not_both_reset(
    manager: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    sites = ["studio", CONFIGURED]
    for site in sites:
        await manager.post(published, site, 4)
    await manager.order("reset", published, siteNames=sites)
    statuses = [await pipeline.statuses(published, site) for site in sites]
    assert sorted(statuses) == [[1], [4]]


async def test_verify_makes_work_where_a_verified_copy_is_elsewhere(
    manager: Operator, pipeline: Pipeline
) -> None:
    claimed, proven = await pipeline.publish(), await pipeline.publish()
    for published in (claimed, proven):
        for site in ("studio", CONFIGURED):
            await manager.post(published, site, 4)
    await Postgres.execute(
        "UPDATE project_demo.sitesync_files_status SET data = jsonb_build_object("
        "'files', (SELECT jsonb_object_agg(key, value || jsonb_build_object("
        "'proof', 'content', 'proven', value -> 'timestamp')) "
        "FROM jsonb_each(data -> 'files'))) WHERE representation_id = $1",
        proven.id,
    )
    await manager.order("verify", claimed, proven)
    assert await pipeline.statuses(claimed, CONFIGURED) == [4]
    assert await pipeline.statuses(proven, CONFIGURED) == [1]
    await manager.order("verify", proven, siteNames=["studio"])
    row = await pipeline.row(proven, "studio")
    assert (row["status"], row["files_verified"]) == (4, 0)


async def test_pause_and_its_undo(manager: Operator, pipeline: Pipeline) -> None:
    published = await pipeline.publish(files=2)
    await manager.post(published, CONFIGURED, 1)
    paused = await manager.order("pause", published)
    row = await pipeline.row(published, CONFIGURED)
    assert (row["status"], row["files_due"], row["due_at"]) == (3, 0, None)
    undo = dict(paused["undo"])
    assert undo.pop("verb") == "resume"
    resumed = await manager.order("resume", **undo)
    assert resumed["changed"] == 1
    assert await pipeline.statuses(published, CONFIGURED) == [1, 1]


@pytest.mark.parametrize(
    ("verb", "outcome"), [("pause", "paused"), ("cancel", "cancelled")]
)
async def test_a_stopped_row_has_no_lease(
    manager: Operator, pipeline: Pipeline, verb: str, outcome: str
) -> None:
    published = await pipeline.publish()
    await manager.post(published, CONFIGURED, 0)
    await lease(published)
    await manager.order(verb, published)
    attempts = await Postgres.fetch(
        "SELECT outcome FROM project_demo.sitesync_attempts"
    )
    assert [each["outcome"] for each in attempts] == [outcome]
    assert await Postgres.fetch("SELECT 1 FROM project_demo.sitesync_leases") == []


async def test_cancel_takes_back_what_is_not_there_yet(
    manager: Operator, pipeline: Pipeline
) -> None:
    queued, partly = await pipeline.publish(), await pipeline.publish(files=2)
    await manager.post(queued, CONFIGURED, 1)
    body = partly.posted(4)
    body[1]["status"] = 1
    await manager.client.post(
        f"{manager.base}/demo/state/{partly.id}/{CONFIGURED}", json={"files": body}
    )
    result = await manager.order("cancel", queued, partly)
    assert result["changed"] == 2
    assert await pipeline.row(queued, CONFIGURED) is None
    assert await pipeline.statuses(partly, CONFIGURED) == [4, -1]


async def test_undo_of_queue_takes_back_the_new_rows(
    manager: Operator, pipeline: Pipeline
) -> None:
    new, old = await pipeline.publish(), await pipeline.publish()
    await manager.post(old, CONFIGURED, 1)
    undo = (await manager.order("queue", new, old))["undo"]
    assert undo.pop("verb") == "cancel"
    await manager.order("cancel", **undo)
    assert await pipeline.row(new, CONFIGURED) is None
    assert await pipeline.statuses(old, CONFIGURED) == [1]


async def test_priority(manager: Operator, pipeline: Pipeline) -> None:
    published = await pipeline.publish()
    await manager.post(published, CONFIGURED, 1)
    dry = await manager.order("priority", published, priority=90, dryRun=True)
    assert (dry["changed"], dry["undo"]) == (1, None)
    result = await manager.order("priority", published, priority=90)
    assert (await pipeline.row(published, CONFIGURED))["priority"] == 90
    assert (result["undo"]["verb"], result["undo"]["priority"]) == ("priority", 50)


async def test_remove_leaves_the_last_copy(
    manager: Operator, pipeline: Pipeline
) -> None:
    single, double = await pipeline.publish(), await pipeline.publish()
    await manager.post(double, "studio", 4)
    for published in (single, double):
        await manager.post(published, CONFIGURED, 4)
    result = await manager.order("remove", single, double, keepFiles=True)
    assert (result["changed"], result["undo"]) == (1, None)
    [problem] = result["problems"]
    assert (problem["representationId"], problem["errorCode"]) == (
        single.id,
        "last_copy",
    )
    assert await pipeline.row(double, CONFIGURED) is None
    await manager.order("remove", single, force=True, keepFiles=True)
    assert await pipeline.row(single, CONFIGURED) is None


async def test_two_copies_are_not_both_removed(
    manager: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    sites = ["studio", CONFIGURED]
    for site in sites:
        await manager.post(published, site, 4)
    both = await manager.order("remove", published, siteNames=sites)
    assert (both["changed"], len(both["problems"])) == (1, 1)


async def test_copies_under_removal_at_once_leave_one(
    manager: Operator, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    sites = ["studio", CONFIGURED]
    for site in sites:
        await manager.post(published, site, 4)
    results = await asyncio.gather(
        *(manager.order("remove", published, siteNames=[site]) for site in sites)
    )
    assert sorted(result["changed"] for result in results) == [0, 1]


async def test_a_filter_selects(manager: Operator, pipeline: Pipeline) -> None:
    here = await pipeline.publish()
    there = await pipeline.publish(folder=OTHER_FOLDER)
    selection = {"filter": {"folderIds": [there.folder_id]}}
    result = await manager.order("queue", selection=selection)
    assert result["changed"] == 1
    assert await pipeline.row(here, CONFIGURED) is None
    assert await pipeline.statuses(there, CONFIGURED) == [1]


async def test_large_orders_become_jobs(
    manager: Operator,
    artist: Operator,
    pipeline: Pipeline,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = [await pipeline.publish() for _ in range(4)]
    host.addon.site_sync.verbs.most_at_once = 3
    routes = sys.modules[f"{type(host.addon).__module__}.api.verbs"]
    monkeypatch.setattr(routes, "SLICE", 1)
    dry = await manager.order("queue", selection=ALL, dryRun=True)
    assert (await manager.follow(dry["jobId"]))["changed"] == 4
    result = await manager.order("queue", *published)
    job = await manager.follow(result["jobId"])
    assert (job["state"], job["verb"], job["matched"], job["changed"]) == (
        "finished",
        "queue",
        4,
        4,
    )
    for each in published:
        assert await pipeline.statuses(each, CONFIGURED) == [1]
    hidden = await artist.client.get(f"{artist.base}/-/jobs/{result['jobId']}")
    assert hidden.status_code == 404


async def test_a_job_of_a_dead_server_has_failed(
    manager: Operator, pipeline: Pipeline, host: Host
) -> None:
    jobs = host.addon.site_sync.jobs
    job_id = await jobs.start("queue", "demo", "manager")
    await Postgres.execute(
        "UPDATE public.sitesync_jobs SET seen_at = now() - interval '1 hour'"
    )
    job = await manager.follow(job_id)
    assert job["state"] == "failed"
    assert "order it again" in job["detail"]


async def test_a_job_that_the_servers_stop_interrupts_is_told_with_what_it_did(
    manager: Operator,
    pipeline: Pipeline,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(4):
        await pipeline.publish()
    services = host.addon.site_sync
    services.verbs.most_at_once = 3
    note = services.jobs.note

    async def stop_after_one_slice(*args: Any) -> None:
        await note(*args)
        await Postgres.shutdown()

    monkeypatch.setattr(services.jobs, "note", stop_after_one_slice)
    job_id = (await manager.order("queue", selection=ALL))["jobId"]
    name = f"sitesync job {job_id}"
    await asyncio.gather(*(e for e in asyncio.all_tasks() if e.get_name() == name))
    await Postgres.connect()
    await Postgres.execute(
        "UPDATE public.sitesync_jobs SET seen_at = now() - interval '1 hour'"
    )
    job = await manager.follow(job_id)
    assert (job["state"], job["changed"]) == ("failed", 4)
    assert "order it again" in job["detail"]


@pytest.mark.parametrize(
    "selection",
    [{}, {"all": True, "representationIds": []}, {"filter": {}, "all": True}],
)
async def test_a_selection_says_one_thing(
    manager: Operator, selection: dict[str, Any]
) -> None:
    answer = await manager.ask("queue", selection)
    assert (answer.status_code, answer.json()["field"]) == (400, "selection")


async def test_unknown_representations_are_told(
    manager: Operator, pipeline: Pipeline
) -> None:
    unknown = uuid.uuid4().hex
    result = await manager.order("queue", selection={"representationIds": [unknown]})
    assert result["changed"] == 0
    assert [each["errorCode"] for each in result["problems"]] == [
        "unknown_representation"
    ]


@pytest.mark.parametrize(
    ("verb", "extra", "status"),
    [
        ("queue", {}, 200),
        ("retry", {}, 200),
        ("queue", {"priority": 90}, 403),
        *((verb, {}, 403) for verb in ("reset", "verify", "pause", "resume")),
        *((verb, {}, 403) for verb in ("cancel", "remove")),
        ("priority", {"priority": 90}, 403),
        ("seed", {"siteName": CONFIGURED, "status": 4}, 403),
    ],
)
async def test_members_may_ask_on_shared_sites_and_no_more(
    artist: Operator,
    pipeline: Pipeline,
    verb: str,
    extra: dict[str, Any],
    status: int,
) -> None:
    await pipeline.publish()
    answer = await artist.ask(verb, ALL, **extra)
    assert answer.status_code == status, answer.text


async def test_an_artist_orders_about_his_own_machine(
    artist: Operator, host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    mine = {"siteNames": [SITE]}
    assert (await artist.order("queue", published, **mine))["changed"] == 1
    assert (await artist.order("pause", published, **mine))["changed"] == 1
    other = Operator(await host.client("restricted"), host.addon_path)
    answer = await other.ask("resume", ALL, **mine)
    assert answer.status_code == 403


async def test_force_is_for_managers(artist: Operator) -> None:
    answer = await artist.ask("remove", ALL, siteNames=[SITE], force=True)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("verb", "extra", "field"),
    [
        ("priority", {}, "priority"),
        ("pause", {"priority": 5}, "priority"),
        ("queue", {"siteNames": []}, "siteNames"),
        ("dance", {}, "verb"),
        ("queue", {"siteNames": ["local"]}, "siteName"),
    ],
)
async def test_bad_orders_name_the_field(
    manager: Operator, verb: str, extra: dict[str, Any], field: str
) -> None:
    answer = await manager.ask(verb, ALL, **extra)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_an_unknown_site_is_404(manager: Operator) -> None:
    answer = await manager.ask("queue", ALL, siteNames=["nowhere"])
    assert answer.status_code == 404


async def test_seeding_presence_reaches_aliases(
    manager: Operator, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    await set_settings(
        sites=[
            {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]}
        ]
    )
    new, queued = await pipeline.publish(), await pipeline.publish()
    await manager.order("queue", queued, siteNames=["studio"])
    seed = {"siteName": CONFIGURED, "status": 4, "selection": ALL}
    await manager.order("seed", **seed)
    for published in (new, queued):
        for site in (CONFIGURED, "studio"):
            assert await pipeline.statuses(published, site) == [4], site
            row = await pipeline.row(published, site)
            assert (row["files_verified"], row["bytes_done"]) == (0, 100)
