"""Fixtures of the fault suites: a served devhost, a studio with files, remotes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from ayon_sitesync.providers.rclone import daemon, store
from ayon_sitesync.providers.rclone.provider import RcloneProvider

from tests.support.agent_studio import LoopbackServer, Studio
from tests.support.devhost_app import Host
from tests.support.large_file import Disk
from tests.support.rclone_servers import RcloneServer
from tests.support.remote_storage import (
    FolderStorage,
    make_s3_storage,
    make_webdav_storage,
)


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


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk")


@pytest.fixture(params=["s3", "webdav"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[FolderStorage, RcloneServer]]:
    """A remote behind rclone, and its server."""
    make = make_s3_storage if request.param == "s3" else make_webdav_storage
    storage, server = make(tmp_path / "server")
    yield storage, server
    provider = storage.make_provider()
    assert isinstance(provider, RcloneProvider)
    provider.find_daemon().set_bandwidth(None)
    server.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """rclone asks a server that does not answer once. As agents run it, it comes back,
    to Google Drive for up to two minutes."""
    monkeypatch.setitem(store.TRANSFER_CONFIG, "LowLevelRetries", 1)
    once = (*daemon.ARGUMENTS, "--low-level-retries", "1")
    monkeypatch.setattr(daemon, "ARGUMENTS", once)
    daemon.stop_daemons()
    yield
    daemon.stop_daemons()
