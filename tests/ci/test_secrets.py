"""A whole run with credentials of every kind and failures of every class: then none of
them is anywhere but in the settings and in what the agents were handed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ayon_server.auth.session import Session
from ayon_server.entities import UserEntity
from ayon_server.lib.postgres import Postgres

from devhost.publishing import QUEUED, SYNCED, Published
from devhost.sample_files import SamplePublish
from tests.e2e.panel_walk import Walk
from tests.support.agent_studio import CLIENT_DIR, MACHINE, LoopbackServer, Studio
from tests.support.canaries import Hunt
from tests.support.devhost_app import PROJECT, Host
from tests.support.echo_server import run_echo
from tests.support.rclone_servers import RcloneServer, serve_s3, serve_webdav
from tests.support.secret_sites import (
    CANARIES,
    OWN_PROVIDERS,
    WORKING,
    Sites,
    Storage,
    store_secrets,
)
from tests.support.server_log import read_server_log
from tests.support.sshd import Sshd
from tests.support.watched_run import (
    ProcessWatch,
    Reader,
    list_open_files,
    list_paths,
    listen,
    read_database,
    read_files,
)

AGENT_SECONDS = 300


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    (tmp_path / "s3" / "studio" / "ayon").mkdir(parents=True)
    (tmp_path / "webdav" / "ayon").mkdir(parents=True)
    s3: RcloneServer = serve_s3(tmp_path / "s3")
    webdav = serve_webdav(tmp_path / "webdav")
    s3.start()
    webdav.start()
    with Sshd(tmp_path / "sshd") as sshd, run_echo() as echo:
        yield Storage(tmp_path, sshd, s3, webdav, echo)
    s3.stop()
    webdav.stop()


@pytest.fixture
async def server(host: Host) -> AsyncIterator[LoopbackServer]:
    made = LoopbackServer(host)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the agent keeps its things. Its path is short: that of a socket has a
    hundred characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="hunt-"))
    for variable, name in (
        ("TMPDIR", "tmp"),
        ("XDG_STATE_HOME", "state"),
        ("HOME", "home"),
    ):
        (folder / name).mkdir()
        monkeypatch.setenv(variable, str(folder / name))
    yield folder
    shutil.rmtree(folder)


@dataclass
class Run:
    """A studio with sites of all kinds, and what is heard of it."""

    host: Host
    url: str
    studio: Studio
    sites: Sites
    hunt: Hunt

    async def configure(self, provider_folder: Path) -> None:
        await store_secrets()
        await asyncio.to_thread(self.studio.configure)
        admin = await self.host.client("admin")
        address = f"{self.host.addon_path}/settings"
        settings = (await admin.get(address)).json()
        settings["sites"] = [
            {
                "name": name,
                "provider": provider,
                "credentials_for": ["everyone"],
                provider: own,
            }
            for name, (provider, own) in self.sites.items()
        ]
        settings["config"]["provider_folders"] = {"linux": [str(provider_folder)]}
        settings["config"]["retry_cnt"] = 1
        answer = await admin.post(address, json=settings)
        assert answer.is_success, answer.text

    async def publish(self, base: Path) -> Published:
        """A file that is wanted on the machine and on all sites."""
        path = Path("sh010", "plate.mov")
        file = base / "studio" / path
        file.parent.mkdir()
        file.write_bytes(os.urandom(200_000))
        sample = SamplePublish(("sh010",), "plateMain", "plate", 1, {"mov": [path]})
        wanted = dict.fromkeys([MACHINE, *self.sites], QUEUED)
        return await asyncio.to_thread(
            self.studio.publish_files, sample, {"studio": SYNCED, **wanted}
        )

    async def command(self, name: str) -> None:
        """A command of the client that looks at all sites."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ayon_sitesync", name, "--json"),
            *("--server", self.url, "--site", MACHINE, "--project", PROJECT),
            *self.serve,
            env={
                **os.environ,
                "AYON_API_KEY": self.host.credentials.api_keys["artist"],
                "PYTHONPATH": str(CLIENT_DIR),
            },
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        self.hunt.add(f"output of {name}", said)

    async def work(self) -> None:
        agent = await self.studio.start_agent(*self.serve, "--once")
        said, _ = await asyncio.wait_for(agent.communicate(), AGENT_SECONDS)
        self.hunt.add("output of agent", said)

    async def read(self, published: Published) -> None:
        base = self.host.addon_path
        paths = await list_paths(await self.host.client("admin"), base)
        for user in ("artist", "manager"):
            client = await self.host.client(user, MACHINE)
            reader = Reader(client, base, paths, self.hunt)
            await reader.read(published.representation_id, "webdav-echo")

    async def show(self) -> None:
        """A manager goes through the panel, with a browser that knows no API key."""
        session = await Session.create(await UserEntity.load("manager"))
        opened = f"{self.url}/devhost/open?token={session.token}"
        walk = Walk(f"{opened}&project={PROJECT}", opened, self.hunt)
        await asyncio.to_thread(walk.run, "plate", "old")

    @property
    def serve(self) -> list[str]:
        return [word for name in self.sites for word in ("--serve", name)]


@pytest.fixture
async def run(
    host: Host, server: LoopbackServer, storage: Storage, tmp_path: Path
) -> Run:
    keys = {f"key of {user}": key for user, key in host.credentials.api_keys.items()}
    base = tmp_path / "disks"
    base.mkdir()
    studio = Studio(host, server.url, base)
    sites = storage.make_sites()
    made = Run(host, server.url, studio, sites, Hunt({**CANARIES, **keys}))
    providers = tmp_path / "providers"
    providers.mkdir()
    (providers / "own.py").write_text(OWN_PROVIDERS)
    await made.configure(providers)
    return made


async def read_synced() -> set[str]:
    rows = await Postgres.fetch(
        "SELECT site_name FROM project_demo.sitesync_files_status WHERE status = 4"
    )
    return {row["site_name"] for row in rows}


@pytest.mark.timeout(800)
async def test_no_canary_appears_outside_the_settings_and_the_hand_out(
    run: Run, machine: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hunt, watch = run.hunt, ProcessWatch(run.hunt)
    async with listen(run.host.dsn, hunt):
        with read_server_log() as log:
            with watch.running():
                published = await run.publish(tmp_path / "disks")
                await run.work()
                read_files(machine, hunt)
                for name in ("doctor", "plan"):
                    await run.command(name)
            await run.read(published)
            await run.show()
        await read_database(hunt)
        read_files(machine, hunt)
    said = capfd.readouterr()
    hunt.add("logs", "\n".join([said.out, said.err, *log]))

    # The credentials were used, and there was something to tell of the others.
    assert await read_synced() == {"studio", MACHINE, *WORKING}
    assert "rclone" in watch.programs
    diagnosed = b"".join(hunt.texts["output of doctor"])
    assert [name for name in run.sites if name.encode() not in diagnosed] == []
    shown = b"".join(hunt.texts["panel answers"])
    assert [name for name in run.sites if name.encode() not in shown] == []
    assert any(b'"old"' in frame for frame in hunt.texts["panel frames"])
    assert hunt.texts["events"] and hunt.texts["environment of a child"]
    assert list_open_files(machine) == []
    assert hunt.find() == []
