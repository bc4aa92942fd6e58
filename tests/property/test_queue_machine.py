"""Any interleaving of publishers, agents, operators and faults."""

import asyncio

import pytest

from devhost.accounts import Credentials
from devhost.postgres import PostgresServer
from tests.support.queue_machine import search


@pytest.mark.timeout(600)
async def test_nothing_is_wrong_doubled_or_forgotten(
    postgres: PostgresServer, studio_credentials: Credentials
) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(search, postgres, studio_credentials, loop, 15, 20)
