"""The devhost on loopback, a studio with large files, and real agents beside it."""

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import ayon_api
import uvicorn
from ayon_server.lib.postgres import Postgres
from ayon_sitesync.server_api.client import ServerClient

from devhost.publishing import QUEUED, SYNCED, Published, Publisher
from devhost.sample_files import SamplePublish
from devhost.up import bind
from tests.support.devhost_app import PROJECT, Host

MACHINE = "brisk-amber-fox"
CLIENT_DIR = Path(__file__).parents[2] / "client"
WAIT_SECONDS = 40
"""Shorter than the minute after which an idle agent looks for work by itself."""
LARGE_BYTES = 400_000_000
TOO_QUICK = "the agent ended before it was caught in the middle of a file"


class LoopbackServer:
    """The application of a host, served over HTTP; may stop and start again."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen, on the same port as before; returns once it answers."""
        listener = bind(self._port)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._host.app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve([listener]))
        async with asyncio.timeout(WAIT_SECONDS):
            while not self._server.started:  # noqa: ASYNC110 - a flag is all there is
                await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Close every connection and the port."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._server = None


class Studio:
    """A project whose large file is on the studio's disk and wanted on a machine."""

    def __init__(self, host: Host, url: str, base: Path) -> None:
        self.machine_root = base / "machine"
        self.machine_root.mkdir()
        self._studio_root = base / "studio"
        self._studio_root.mkdir()
        self._url = url
        self._keys = host.credentials.api_keys
        self._endpoint = host.addon_path.removeprefix("/api/")
        self._connections: dict[str, ayon_api.ServerAPI] = {}

    def _connect(self, user: str) -> ayon_api.ServerAPI:
        """The connection of a user on the machine, which `close` closes."""
        if user not in self._connections:
            self._connections[user] = ayon_api.ServerAPI(
                self._url, self._keys[user], site_id=MACHINE, client_version="2.0.0"
            )
        return self._connections[user]

    def close(self) -> None:
        """Close the connections, and remove the large files before pytest does."""
        for connection in self._connections.values():
            connection.close_session()
        shutil.rmtree(self.machine_root)
        shutil.rmtree(self._studio_root)

    def make_client(self, user: str) -> ServerClient:
        """The server as an agent of that user on the machine sees it."""
        return ServerClient(
            *(self._url, self._keys[user], MACHINE),
            variant="production",
            own_version="2.0.0",
        )

    def configure(self) -> None:
        admin, artist = self._connect("admin"), self._connect("artist")
        studio = f"{self._endpoint}/settings"
        settings = admin.raw_get(studio).data
        settings["enabled"] = True
        _expect(admin.raw_post(studio, json=settings))
        own = f"{self._endpoint}/settings/{PROJECT}"
        settings = artist.raw_get(f"{own}?site={MACHINE}").data
        settings["local_setting"] = {
            "active_site": "local",
            "remote_site": "studio",
            "local_roots": [{"name": "work", "path": str(self.machine_root)}],
        }
        _expect(artist.raw_post(f"{own}?site_id={MACHINE}", json=settings))
        # How the artist's machine sees the studio's storage.
        artist.set_project_root_overrides(
            PROJECT, MACHINE, {"work": str(self._studio_root)}
        )

    def add_site(self, site: dict[str, Any]) -> None:
        """Configure one more site for the whole studio."""
        admin = self._connect("admin")
        settings = admin.raw_get(f"{self._endpoint}/settings").data
        settings["sites"] = [*settings["sites"], site]
        _expect(admin.raw_post(f"{self._endpoint}/settings", json=settings))

    def set_sites(self, published: Published, statuses: dict[str, int]) -> None:
        """Write rows of a publish: site name to QUEUED or SYNCED."""
        self._make_publisher().set_sites(published, statuses)

    def read_published(self, published: Published) -> bytes:
        return self.read_path(published.paths[0])

    def read_path(self, path: Path) -> bytes:
        """What the studio's disk has there."""
        return (self._studio_root / path).read_bytes()

    def write(self, paths: Iterable[Path], size: int) -> None:
        """Files of random content on the studio's disk."""
        for path in paths:
            file = self._studio_root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(os.urandom(size))

    def move_files(self, published: Published, root: Path) -> None:
        """Bring the files of a publish from the studio's disk below another root."""
        for path in published.paths:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(self._studio_root / path, root / path)

    def forget_copies(self, published: Published) -> None:
        """Remove the files that disks have of a publish."""
        for root in (self._studio_root, self.machine_root):
            (root / published.paths[0]).unlink()

    def _make_publisher(self) -> Publisher:
        return Publisher(
            *(self._connect("artist"), PROJECT, self._endpoint),
            *(self._studio_root, self.machine_root),
        )

    def publish(self, size: int = LARGE_BYTES) -> Published:
        """A version of one file: on the studio's site, queued for the machine."""
        path = Path("sh010", "plate.mov")
        file = self._studio_root / path
        file.parent.mkdir()
        block = os.urandom(min(size, 1_000_000))
        with file.open("wb") as stream:
            for _ in range(size // len(block)):
                stream.write(block)
        sample = SamplePublish(("sh010",), "plateMain", "plate", 1, {"mov": [path]})
        return self.publish_files(sample, {"studio": SYNCED, MACHINE: QUEUED})

    def publish_files(
        self, sample: SamplePublish, statuses: dict[str, int]
    ) -> Published:
        """One representation of files that are on the studio's disk, with its rows."""
        publisher = self._make_publisher()
        (published,) = publisher.publish(sample)
        publisher.set_sites(published, statuses)
        return published

    async def start_agent(self, *arguments: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ayon_sitesync", "agent", "--json"),
            *("--server", self._url, "--site", MACHINE),
            *("--project", PROJECT, *arguments),
            env={
                **os.environ,
                "AYON_API_KEY": self._keys["artist"],
                "PYTHONPATH": str(CLIENT_DIR),
            },
            stdout=PIPE,
        )

    def list_parts(self) -> list[Path]:
        return list(self.machine_root.rglob(".*.sitesync-part"))

    def has_final_file(self, published: Published) -> bool:
        return (self.machine_root / published.paths[0]).exists()

    def is_same(self, published: Published) -> bool:
        path = published.paths[0]
        there = (self._studio_root / path).read_bytes()
        return (self.machine_root / path).read_bytes() == there


def _expect(response: Any) -> None:
    assert response.ok, response.text


async def read_row(published: Published) -> Any:
    """Status and counts of the machine's row."""
    return await Postgres.fetchrow(
        "SELECT status, files_verified FROM project_demo.sitesync_files_status"
        " WHERE representation_id = $1 AND site_name = $2",
        published.representation_id,
        MACHINE,
    )


async def wait_until(condition: Callable[[], Any], agent: Process) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            assert agent.returncode is None, TOO_QUICK
            await asyncio.sleep(0.001)


async def finish(agent: Process) -> list[dict[str, Any]]:
    """Wait for an agent's end; its events."""
    said, _ = await asyncio.wait_for(agent.communicate(), WAIT_SECONDS)
    return [json.loads(line) for line in said.splitlines()]


async def read_event(agent: Process, name: str) -> dict[str, Any]:
    """The next event of that name that the agent prints."""
    assert agent.stdout is not None
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            line = await agent.stdout.readline()
            assert line, f"the agent ended before it said {name!r}"
            event: dict[str, Any] = json.loads(line)
            if event["event"] == name:
                return event
