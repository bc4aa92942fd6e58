"""Agents that are stopped or killed: nothing wrong under a final name, work ends."""

import asyncio
import signal

from ayon_server.lib.postgres import Postgres

from devhost.publishing import QUEUED, SYNCED
from tests.support.agent_studio import Studio, finish, read_row, wait_until


async def test_agent_that_is_told_to_stop_gives_its_work_back(studio: Studio) -> None:
    published = await asyncio.to_thread(studio.publish)
    agent = await studio.start_agent()
    await wait_until(studio.list_parts, agent)
    agent.send_signal(signal.SIGTERM)
    events = await finish(agent)
    assert agent.returncode == 0
    assert events[-1]["event"] == "stopped"
    assert studio.list_parts() == []
    assert not studio.has_final_file(published)
    assert (await read_row(published))["status"] == QUEUED

    # Given back, so the next agent need not wait for the lease to end.
    events = await finish(await studio.start_agent("--once"))
    assert events[-1]["filesDone"] == 1
    assert studio.is_same(published)
    assert dict(await read_row(published)) == {"status": SYNCED, "files_verified": 1}


async def test_d18_killed_agent_leaves_no_wrong_file_and_the_next_one_ends_the_work(
    studio: Studio,
) -> None:
    published = await asyncio.to_thread(studio.publish)
    agent = await studio.start_agent()
    await wait_until(studio.list_parts, agent)
    agent.kill()
    await finish(agent)
    assert not studio.has_final_file(published)
    assert len(studio.list_parts()) == 1
    assert (await read_row(published))["status"] != SYNCED

    # The minute of the dead agent's lease passes.
    await Postgres.execute(
        "UPDATE project_demo.sitesync_leases"
        " SET expires_at = expires_at - interval '2 minutes'"
    )
    events = await finish(await studio.start_agent("--once"))
    assert events[-1]["filesDone"] == 1
    assert studio.is_same(published)
    assert studio.list_parts() == []
    assert dict(await read_row(published)) == {"status": SYNCED, "files_verified": 1}
