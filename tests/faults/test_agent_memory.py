"""How much memory an agent takes while every kind of driver moves much at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from devhost.publishing import QUEUED, SYNCED
from devhost.sample_files import SamplePublish
from tests.support.agent_studio import MACHINE, Studio
from tests.support.remote_storage import make_s3_settings, make_s3_storage
from tests.support.sshd import Sshd

MOST_BYTES = 200_000_000
"""Of the agent itself; a daemon of rclone has its own."""
VAULT, CLOUD = "vault", "cloud"
LARGE = 4, 12_000_000
SMALL = 40, 1_000_000
"""Files and the bytes of each. Those of a megabyte fill batches to their end."""
PATIENCE_SECONDS = 120


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as started:
        yield started


@pytest.fixture
async def everywhere(
    studio: Studio, sshd: Sshd, tmp_path: Path
) -> AsyncIterator[Studio]:
    """A studio with an SFTP site and an S3 site beside its disks."""
    root = tmp_path / "vault"
    root.mkdir()
    _, server = await asyncio.to_thread(
        make_s3_storage, tmp_path / "s3", is_watched=False
    )
    sftp = {**sshd.settings, "roots": str(root)}
    s3 = make_s3_settings(server)
    for site in (
        {"name": VAULT, "provider": "sftp", "sftp": sftp},
        {"name": CLOUD, "provider": "s3", "s3": s3},
    ):
        await asyncio.to_thread(studio.add_site, site)
    yield studio
    server.stop()


def publish_wanted(studio: Studio, vault: Path) -> int:
    """Disk to disk, disk to both servers, and from the vault; the transfers of that."""
    transfers = 0
    for name, (count, size) in {"large": LARGE, "small": SMALL}.items():
        for place, statuses in {
            "studio": {"studio": SYNCED, MACHINE: QUEUED, VAULT: QUEUED, CLOUD: QUEUED},
            "vault": {VAULT: SYNCED, MACHINE: QUEUED},
        }.items():
            paths = [Path(place, name, f"f.{n:04}.exr") for n in range(count)]
            studio.write(paths, size)
            folders = (f"{place}_{name}",)
            sample = SamplePublish(folders, name, "render", 1, {"exr": paths})
            published = studio.publish_files(sample, statuses)
            if place == "vault":
                studio.move_files(published, vault)
            transfers += len(statuses) - 1
    return transfers


def read_peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


@pytest.mark.timeout(180)
async def test_memory_is_bounded_while_all_drivers_move_much(
    everywhere: Studio, tmp_path: Path
) -> None:
    left = await asyncio.to_thread(publish_wanted, everywhere, tmp_path / "vault")
    agent = await everywhere.start_agent("--serve", VAULT, "--serve", CLOUD)
    assert agent.stdout is not None
    problems: list[Any] = []
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while left:
                event = json.loads(await agent.stdout.readline())
                if event["event"] == "problem":
                    problems.append(event)
                if event["event"] == "transfer":
                    assert not event["filesFailed"], event
                    left -= 1
        peak = read_peak_bytes(agent.pid)
    finally:
        agent.terminate()
        await agent.communicate()
    assert problems == []
    assert peak <= MOST_BYTES
