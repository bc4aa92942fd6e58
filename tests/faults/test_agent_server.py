"""Agents and their server: woken by it, and not ended by its absence."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from ayon_server.lib.postgres import Postgres
from ayon_sitesync.errors import ServerError

from devhost.postgres import PostgresServer
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
_connect: Any = asyncpg.connect  # has no types


@asynccontextmanager
async def database_away(postgres: PostgresServer, name: str) -> AsyncIterator[None]:
    """All connections to a database are ended, and none is let in meanwhile."""
    connection = await _connect(postgres.dsn())
    try:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
            name,
        )
        yield
    finally:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await connection.close()


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


async def test_agent_and_server_outlive_their_database(
    studio: Studio, postgres: PostgresServer
) -> None:
    agent = await studio.start_agent()
    await read_event(agent, "idle")
    client = studio.make_client("artist")
    await asyncio.to_thread(client.read_studio_settings)
    row = await Postgres.fetchrow("SELECT current_database() AS name")
    async with database_away(postgres, row["name"]):
        with pytest.raises(ServerError):
            await asyncio.to_thread(client.read_studio_settings)
    client.close()
    # The server was not started anew: its pool and its listener connect again.
    published = await asyncio.to_thread(studio.publish, SMALL_BYTES)
    await wait_until(lambda: studio.has_final_file(published), agent)
    agent.send_signal(signal.SIGTERM)
    await finish(agent)
    assert agent.returncode == 0
    assert dict(await read_row(published)) == {"status": SYNCED, "files_verified": 1}
