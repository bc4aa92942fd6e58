"""An agent that serves a site behind rclone: both ways, verified, no secret told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import psutil
from ayon_server.lib.postgres import Postgres

from devhost.publishing import QUEUED, SYNCED
from tests.support.agent_studio import MACHINE, Studio, finish
from tests.support.rclone_servers import ACCESS_KEY, SECRET_KEY
from tests.support.remote_storage import make_s3_settings, make_s3_storage

SITE = "s3-site"
SIZE = 20_000_000


async def read_files(representation_id: str, site_name: str) -> tuple[int, Any]:
    row = await Postgres.fetchrow(
        "SELECT status, files_verified, data FROM project_demo.sitesync_files_status"
        " WHERE representation_id = $1 AND site_name = $2",
        representation_id,
        site_name,
    )
    assert row is not None
    data = row["data"]
    return row["status"], json.loads(data) if isinstance(data, str) else data


async def test_files_go_to_s3_and_come_back_verified(
    studio: Studio, tmp_path: Path
) -> None:
    storage, server = await asyncio.to_thread(make_s3_storage, tmp_path / "s3")
    site = {"name": SITE, "provider": "s3", "s3": make_s3_settings(server)}
    try:
        await asyncio.to_thread(studio.add_site, site)
        published = await asyncio.to_thread(studio.publish, SIZE)
        await asyncio.to_thread(studio.set_sites, published, {SITE: QUEUED})
        path = str(published.paths[0])
        content = studio.read_published(published)

        agent = await studio.start_agent("--serve", SITE, "--once")
        events = await finish(agent)
        assert agent.returncode == 0
        assert storage.get(path) == content
        status, data = await read_files(published.representation_id, SITE)
        assert status == SYNCED
        assert [file["proof"] for file in data["files"].values()] == ["storage"]

        # Only the cloud has it now.
        await asyncio.to_thread(studio.forget_copies, published)
        await Postgres.execute(
            "DELETE FROM project_demo.sitesync_files_status WHERE site_name = 'studio'"
        )
        await asyncio.to_thread(studio.set_sites, published, {MACHINE: QUEUED})
        agent = await studio.start_agent("--serve", SITE, "--once")
        events += await finish(agent)
        assert agent.returncode == 0
        assert (studio.machine_root / path).read_bytes() == content
        status, data = await read_files(published.representation_id, MACHINE)
        assert status == SYNCED
        assert [file["proof"] for file in data["files"].values()] == ["content"]
    finally:
        server.stop()
    said = json.dumps(events)
    assert SECRET_KEY not in said
    assert ACCESS_KEY not in said
    # The socket of a daemon is named after its owner.
    assert not [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if f"sitesync-rclone-{agent.pid}-" in " ".join(process.info["cmdline"] or ())
    ]
