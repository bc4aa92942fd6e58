"""What grows is cut down, and what is still needed stays."""

import sys
import uuid

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline
from tests.integration.queue_agent import Agent, done
from tests.integration.test_default_rows import Upkeep, post, state
from tests.support.devhost_app import Host

DAY = 24 * 3600.0
PROJECT_TABLES = ("attempts", "throughput", "tombstones", "known_files")


@pytest.fixture
async def agent(host: Host, set_settings: SetSettings, clock: Clock) -> Agent:
    await set_settings(
        config={
            "active_site": "local",
            "remote_site": "studio",
            "history_days": 10,
            "tombstone_days": 40,
        }
    )
    return Agent(await host.client("artist", SITE), host.addon_path)


@pytest.fixture
async def admin(host: Host) -> httpx.AsyncClient:
    return await host.client("admin", SITE)


async def counts(*tables: str) -> dict[str, int]:
    found = {}
    for table in tables or PROJECT_TABLES:
        row = await Postgres.fetchrow(
            f"SELECT count(*) AS count FROM project_demo.sitesync_{table}"
        )
        found[table] = int(row["count"])
    return found


async def test_each_table_keeps_what_its_setting_says(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    upkeep = Upkeep(host, clock)
    published = await pipeline.publish()
    await post(admin, host, [state(published, "studio", 4), state(published, SITE, 1)])
    [transfer] = await agent.claim()
    await agent.report(transfer, [done(f) for f in transfer["files"]], finished=True)
    await upkeep.look()
    await admin.delete(f"/api/projects/demo/versions/{published.version_id}")
    kept = {"attempts": 1, "throughput": 1, "tombstones": 2}
    assert await counts(*kept) == kept

    await upkeep.look(after=9 * DAY)
    assert await counts() == {**kept, "known_files": 0}
    assert await counts("file_checksums") == {"file_checksums": 0}
    await upkeep.look(after=2 * DAY)
    assert await counts(*kept) == {"attempts": 0, "throughput": 0, "tombstones": 2}
    await upkeep.look(after=30 * DAY)
    assert await counts("tombstones") == {"tombstones": 0}


async def test_what_an_agent_is_at_stays_in_the_history(
    agent: Agent, admin: httpx.AsyncClient, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    upkeep = Upkeep(host, clock)
    published = await pipeline.publish()
    await post(admin, host, [state(published, "studio", 4), state(published, SITE, 1)])
    [transfer] = await agent.claim()
    await upkeep.look(after=11 * DAY)
    assert await counts("attempts") == {"attempts": 1}
    [again] = await agent.claim()
    assert again["lease"]["token"] != transfer["lease"]["token"]
    await upkeep.look(after=3601)
    [run] = await Postgres.fetch("SELECT token FROM project_demo.sitesync_attempts")
    assert run["token"] == again["lease"]["token"]


async def test_many_rows_go_in_batches(
    agent: Agent, host: Host, clock: Clock, pipeline: Pipeline
) -> None:
    await Postgres.execute(
        "INSERT INTO project_demo.sitesync_throughput (minute, site_name, slot, bytes) "
        "SELECT to_timestamp($1::float8) - n * interval '1 minute', 'studio', 0, 1 "
        "FROM generate_series(1, 2500) AS n",
        clock.now - 10 * DAY,
    )
    await Upkeep(host, clock).look()
    assert await counts("throughput") == {"throughput": 0}


async def test_what_one_look_leaves_the_next_one_cuts(
    agent: Agent, host: Host, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy studio makes more in a day than one look an hour would cut."""
    module = type(host.addon).__module__
    monkeypatch.setattr(sys.modules[f"{module}.api.upkeep"], "MOST_BATCHES", 2)
    monkeypatch.setattr(sys.modules[f"{module}.store.retention"], "ROWS_AT_ONCE", 10)
    await Postgres.execute(
        "INSERT INTO project_demo.sitesync_throughput (minute, site_name, slot, bytes) "
        "SELECT to_timestamp($1::float8) - n * interval '1 minute', 'studio', 0, 1 "
        "FROM generate_series(1, 45) AS n",
        clock.now - 10 * DAY,
    )
    upkeep = Upkeep(host, clock)
    left = []
    for _ in range(4):
        await upkeep.look(after=10.0)
        left.append((await counts("throughput"))["throughput"])
    assert left == [25, 5, 0, 0]
    # Then it rests for an hour.
    await Postgres.execute(
        "INSERT INTO project_demo.sitesync_throughput (minute, site_name, slot, bytes) "
        "VALUES (to_timestamp($1::float8), 'studio', 0, 1)",
        clock.now - 11 * DAY,
    )
    await upkeep.look(after=10.0)
    assert await counts("throughput") == {"throughput": 1}
    await upkeep.look(after=3601.0)
    assert await counts("throughput") == {"throughput": 0}


async def test_gone_agents_and_old_jobs_are_forgotten(
    agent: Agent, admin: httpx.AsyncClient, host: Host, clock: Clock
) -> None:
    await agent.claim()
    await Postgres.execute(
        "INSERT INTO public.sitesync_jobs "
        "(job_id, verb, project_name, user_name, state, started_at, seen_at) "
        "SELECT id, 'queue', project, 'admin', 'finished', moment, moment "
        "FROM unnest($1::uuid[], $2::varchar[]) AS job (id, project), "
        "to_timestamp($3::float8) AS moment",
        [uuid.uuid4().hex, uuid.uuid4().hex],
        ["demo", "deleted_since"],
        clock.now,
    )
    upkeep = Upkeep(host, clock)
    await upkeep.look()
    assert await jobs_and_agents() == (1, 1)
    await clock.advance(31 * DAY)
    await Agent(admin, host.addon_path).answer()
    await vars(upkeep.worker)["_retention"].cut_studio()
    assert await jobs_and_agents() == (0, 1)


async def test_refusals_of_agents_are_forgotten(
    agent: Agent, artist: httpx.AsyncClient, host: Host, clock: Clock
) -> None:
    await agent.claim()
    rival = Agent(artist, host.addon_path, hostname="ws007")
    answer = await rival.post("claim", rival.claim_body())
    assert answer.json()["errorCode"] == "site_id_in_use"
    upkeep = Upkeep(host, clock)
    for days, kept in ((29, 1), (2, 0)):
        await clock.advance(days * DAY)
        await vars(upkeep.worker)["_retention"].cut_studio()
        row = await Postgres.fetchrow(
            "SELECT count(*) AS count FROM public.sitesync_refused_agents"
        )
        assert row["count"] == kept


async def jobs_and_agents() -> tuple[int, int]:
    row = await Postgres.fetchrow(
        "SELECT (SELECT count(*) FROM public.sitesync_jobs) AS jobs, "
        "(SELECT count(*) FROM public.sitesync_agents) AS agents"
    )
    return row["jobs"], row["agents"]
