"""Agents and an SFTP site behind an OpenSSH server: the whole way, and killed on it."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from devhost.publishing import QUEUED, SYNCED, Published, Publisher
from devhost.sample_files import SamplePublish
from tests.support.agent_studio import (
    MACHINE,
    LoopbackServer,
    Studio,
    finish,
    wait_until,
)
from tests.support.devhost_app import PROJECT, Host
from tests.support.sshd import Sshd

VAULT = "vault"
FRAMES = 60
LARGE_BYTES = 300_000_000


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as started:
        yield started


class Vault(Studio):
    """A machine whose publishes go to an SFTP site."""

    def __init__(self, host: Host, url: str, base: Path, sshd: Sshd) -> None:
        super().__init__(host, url, base)
        self.root = base / "vault"
        self.root.mkdir()
        self._sshd = sshd

    def configure(self) -> None:
        super().configure()
        admin = self._connect("admin")
        address = f"{self._endpoint}/settings"
        settings = admin.raw_get(address).data
        sftp = {**self._sshd.settings, "roots": str(self.root)}
        site = {"name": VAULT, "provider": "sftp", "sftp": sftp}
        settings["sites"] = [site]
        assert admin.raw_post(address, json=settings).ok

    def publish_here(self, files: dict[str, bytes]) -> Published:
        """A version whose files are on the machine, wanted in the vault."""
        for name, content in files.items():
            path = self.machine_root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        publisher = Publisher(
            self._connect("artist"),
            PROJECT,
            self._endpoint,
            self._studio_root,
            self.machine_root,
        )
        paths = [Path(name) for name in files]
        sample = SamplePublish(
            ("sq010",), "renderMain", "render", 1, {"exr": paths}, at_artist=True
        )
        (published,) = publisher.publish(sample)
        publisher.set_sites(published, {MACHINE: SYNCED, VAULT: QUEUED})
        return published

    def read_vault(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file()
        }


@pytest.fixture
async def vault(
    studio: Studio,
    host: Host,
    server: LoopbackServer,
    sshd: Sshd,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Vault]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    base = tmp_path / "vault-studio"
    base.mkdir()
    # The plain studio comes first: the host's own fixture has its name one level up.
    assert studio
    made = Vault(host, server.url, base, sshd)
    await asyncio.to_thread(made.configure)
    yield made
    await asyncio.to_thread(made.close)


async def read_vault_row(published: Published) -> dict[str, Any]:
    row = await Postgres.fetchrow(
        "SELECT status, files_verified FROM project_demo.sitesync_files_status"
        " WHERE representation_id = $1 AND site_name = $2",
        published.representation_id,
        VAULT,
    )
    return dict(row)


async def test_sequence_goes_to_the_server_and_is_verified(vault: Vault) -> None:
    files = {f"sq010/f.{n:04}.exr": os.urandom(10_000 + n) for n in range(FRAMES)}
    files["sq010/{a} b'c.mov"] = os.urandom(3_000_000)
    published = await asyncio.to_thread(vault.publish_here, files)
    agent = await vault.start_agent("--serve", VAULT, "--once")
    events = await finish(agent)
    assert agent.returncode == 0, events
    assert events[-1]["filesDone"] == len(files)
    assert vault.read_vault() == files
    assert await read_vault_row(published) == {
        "status": SYNCED,
        "files_verified": len(files),
    }


async def test_killed_upload_leaves_no_wrong_file_and_is_gone_on_with(
    vault: Vault,
) -> None:
    files = {"sq010/plate.mov": os.urandom(1_000_000) * (LARGE_BYTES // 1_000_000)}
    published = await asyncio.to_thread(vault.publish_here, files)
    agent = await vault.start_agent("--serve", VAULT)
    journal = Path(os.environ["XDG_STATE_HOME"])
    await wait_until(lambda: list(journal.rglob("journal/*/*.json")), agent)
    agent.kill()
    await finish(agent)
    (part,) = vault.read_vault()
    assert part.endswith(".sitesync-part")

    # The minute of the dead agent's lease passes.
    await Postgres.execute(
        "UPDATE project_demo.sitesync_leases"
        " SET expires_at = expires_at - interval '2 minutes'"
    )
    events = await finish(await vault.start_agent("--serve", VAULT, "--once"))
    assert events[-1]["filesDone"] == 1
    assert events[-1]["bytesMoved"] < LARGE_BYTES
    assert vault.read_vault() == files
    assert await read_vault_row(published) == {"status": SYNCED, "files_verified": 1}


async def test_server_that_refuses_the_login_costs_no_attempt(
    vault: Vault, sshd: Sshd
) -> None:
    published = await asyncio.to_thread(vault.publish_here, {"sq010/a.exr": b"frame"})
    (sshd.folder / "authorized_keys").rename(sshd.folder / "nobody")
    agent = await vault.start_agent("--serve", VAULT, "--once")
    said = await finish(agent)
    assert agent.returncode == 1
    assert "does not let user" in str(said)
    assert vault.read_vault() == {}
    assert (await read_vault_row(published))["status"] == QUEUED

    (sshd.folder / "nobody").rename(sshd.folder / "authorized_keys")
    await finish(await vault.start_agent("--serve", VAULT, "--once"))
    assert vault.read_vault() == {"sq010/a.exr": b"frame"}
