"""The disk of AYON's database runs full and has space again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.accounts import Credentials
from devhost.postgres import PostgresServer, drop_database
from devhost.publishing import QUEUED, SYNCED, Published
from devhost.sample_files import SamplePublish
from tests.conftest import ROOT
from tests.support.agent_studio import (
    MACHINE,
    LoopbackServer,
    Studio,
    finish,
    read_event,
)
from tests.support.devhost_app import Host, run_host
from tests.support.small_disk import SmallDisk

MEGABYTES = 100
# Rows of so many files fit into no page that is there already.
FILES = 600
_connect: Any = asyncpg.connect  # has no types


async def _execute(dsn: str, *statements: str) -> None:
    connection = await _connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _find_account(dsn: str) -> tuple[int, int]:
    """User and group that Postgres runs as."""
    connection = await _connect(dsn)
    process = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    account = process.uids().real, process.gids().real
    await connection.close()
    return account


@pytest.fixture(scope="module")
def disk(postgres: PostgresServer) -> Iterator[SmallDisk]:
    """A disk on which are all tables of `host`, by a tablespace `small`.

    Postgres' write-ahead log is elsewhere: where that cannot be written Postgres ends,
    which is another fault.
    """
    account = asyncio.run(_find_account(postgres.dsn()))
    place = Path(tempfile.mkdtemp(prefix="sitesync-disk-"))
    place.chmod(0o755)
    try:
        with SmallDisk(place, MEGABYTES, account if os.getuid() == 0 else None) as made:
            create = f"CREATE TABLESPACE small LOCATION '{made.path}'"
            asyncio.run(_execute(postgres.dsn(), create))
            yield made
            asyncio.run(_execute(postgres.dsn(), "DROP TABLESPACE small"))
    finally:
        shutil.rmtree(place)


@pytest.fixture
async def host(
    postgres: PostgresServer, disk: SmallDisk, studio_credentials: Credentials
) -> AsyncIterator[Host]:
    name = f"test_{uuid.uuid4().hex}"
    await _execute(
        postgres.dsn(),
        f'CREATE DATABASE "{name}" TEMPLATE studio_template TABLESPACE small',
    )
    async with run_host(postgres.dsn(name), studio_credentials, [ROOT]) as running:
        yield running
    await drop_database(postgres.dsn(), name)


@pytest.fixture
async def files(
    host: Host, tmp_path: Path
) -> AsyncIterator[tuple[LoopbackServer, Studio]]:
    server = LoopbackServer(host)
    await server.start()
    studio = Studio(host, server.url, tmp_path)
    await asyncio.to_thread(studio.configure)
    yield server, studio
    await asyncio.to_thread(studio.close)
    await server.stop()


async def _read_row(published: Published, site_name: str) -> Any:
    return await Postgres.fetchrow(
        "SELECT status, files_verified, data FROM project_demo.sitesync_files_status"
        " WHERE representation_id = $1 AND site_name = $2",
        published.representation_id,
        site_name,
    )


async def _publish(studio: Studio, product: str, queued: bool) -> Published:
    """Many small files on the studio's disk; queued for the machine or not."""
    paths = [Path(product, f"{product}.{1001 + number}.exr") for number in range(FILES)]
    studio.write(paths, 1000)
    sample = SamplePublish((product,), product, "plate", 1, {"exr": paths})
    rows = {"studio": SYNCED, MACHINE: QUEUED} if queued else {"studio": SYNCED}
    return await asyncio.to_thread(studio.publish_files, sample, rows)


async def test_a_full_database_is_told_and_nothing_is_half_written(
    host: Host, disk: SmallDisk, files: tuple[LoopbackServer, Studio]
) -> None:
    _, studio = files
    published = await _publish(studio, "plateMain", queued=False)
    client = await host.client("artist", MACHINE)
    state = {"representationId": published.representation_id, "siteName": MACHINE}
    requests = (
        ("demo/states", {"states": [{**state, "status": QUEUED}]}),
        (
            "demo/verbs/queue",
            {
                "siteNames": [MACHINE],
                "selection": {"representationIds": [published.representation_id]},
            },
        ),
        (
            "-/graphql",
            {
                "query": "mutation ($sites: [String!]!) { applyVerb(projectName:"
                ' "demo", verb: QUEUE, siteNames: $sites, selection: {all: true})'
                " { changed } }",
                "variables": {"sites": [MACHINE]},
            },
        ),
    )
    with disk.filled():
        for path, body in requests:
            answer = await client.post(f"{host.addon_path}/{path}", json=body)
            assert answer.status_code == 503, answer.text
            assert set(answer.json()) == {"code", "detail"}
            assert "no space left" in answer.json()["detail"]
        assert await _read_row(published, MACHINE) is None
        # What is known is told as ever.
        answer = await client.get(f"{host.addon_path}/demo/sites")
        assert answer.status_code == 200

    for path, body in requests:
        answer = await client.post(f"{host.addon_path}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json()
    row = await _read_row(published, MACHINE)
    assert row["status"] == QUEUED


async def test_agents_outlive_a_full_database_and_lose_nothing(
    disk: SmallDisk, files: tuple[LoopbackServer, Studio]
) -> None:
    _, studio = files
    agent = await studio.start_agent()
    await read_event(agent, "idle")
    agent.send_signal(signal.SIGSTOP)
    published = await _publish(studio, "plateMain", queued=True)
    with disk.filled():
        agent.send_signal(signal.SIGCONT)
        problem = await read_event(agent, "problem")
        assert "no space left" in problem["message"]
        row = await _read_row(published, MACHINE)
        assert row["files_verified"] == 0
        assert row["status"] != SYNCED
    # It was not started anew, and neither was the server.
    others = await _publish(studio, "plateOther", queued=True)
    while (await _read_row(others, MACHINE))["status"] != SYNCED:
        await read_event(agent, "progress")
    while (await _read_row(published, MACHINE))["status"] != SYNCED:
        await read_event(agent, "progress")
    agent.send_signal(signal.SIGTERM)
    await finish(agent)
    assert agent.returncode == 0
    for one in (published, others):
        assert (await _read_row(one, MACHINE))["files_verified"] == FILES
        for path in one.paths:
            assert (studio.machine_root / path).read_bytes() == studio.read_path(path)
