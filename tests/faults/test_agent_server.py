"""Agents and their server: woken by it, and not ended by its absence."""

import asyncio
import signal

from devhost.publishing import SYNCED
from tests.support.agent_studio import (
    LoopbackServer,
    Studio,
    finish,
    read_event,
    read_row,
    wait_until,
)

SMALL_BYTES = 100_000


async def test_idle_agent_is_woken_by_a_publish(studio: Studio) -> None:
    agent = await studio.start_agent()
    await read_event(agent, "idle")
    # By itself it would look again after a minute, later than the test waits.
    published = await asyncio.to_thread(studio.publish, SMALL_BYTES)
    await wait_until(lambda: studio.has_final_file(published), agent)
    event = await read_event(agent, "transfer")
    assert event["filesSynced"] == 1
    agent.send_signal(signal.SIGTERM)
    await finish(agent)
    assert agent.returncode == 0
    assert dict(await read_row(published)) == {"status": SYNCED, "files_verified": 1}


async def test_agent_outlives_its_server(
    studio: Studio, server: LoopbackServer
) -> None:
    agent = await studio.start_agent()
    await read_event(agent, "idle")
    await server.stop()
    await server.start()
    published = await asyncio.to_thread(studio.publish, SMALL_BYTES)
    await wait_until(lambda: studio.has_final_file(published), agent)
    agent.send_signal(signal.SIGTERM)
    await finish(agent)
    assert agent.returncode == 0
    assert dict(await read_row(published)) == {"status": SYNCED, "files_verified": 1}
