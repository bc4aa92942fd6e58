"""The queue's state machine, long examples and many."""

import asyncio

from devhost.accounts import Credentials
from devhost.postgres import PostgresServer
from tests.support.queue_machine import search


async def test_nothing_is_wrong_doubled_or_forgotten_for_an_hour(
    postgres: PostgresServer, studio_credentials: Credentials
) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(
        search, postgres, studio_credentials, loop, 2_000, 80, is_random=True
    )
