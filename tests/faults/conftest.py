"""Fixtures of the fault suites: a served devhost and a studio with files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.agent_studio import LoopbackServer, Studio
from tests.support.devhost_app import Host


@pytest.fixture
async def server(host: Host) -> AsyncIterator[LoopbackServer]:
    """The devhost of this process, listening on loopback."""
    made = LoopbackServer(host)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def studio(
    host: Host, server: LoopbackServer, tmp_path: Path
) -> AsyncIterator[Studio]:
    made = Studio(host, server.url, tmp_path)
    await asyncio.to_thread(made.configure)
    yield made
    await asyncio.to_thread(made.close)
