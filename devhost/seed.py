"""`devhost seed`: a synthetic project of any size, in bulk through COPY."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import requests

from devhost.data_folder import DataFolder, DataFolderError
from devhost.postgres import find_running, make_dsn
from devhost.process import DevhostProcess
from devhost.seed_rows import COLUMNS, ORDERED, Batch, RowMaker, make_site_name
from devhost.up import DATABASE

_STATUS_TABLE = "sitesync_files_status"
_TABLE_SECONDS = 60
_POLL_SECONDS = 0.05
_CREATED = 201
_connect: Any = asyncpg.connect  # has no types
_create_pool: Any = asyncpg.create_pool


class SeedError(Exception):
    """The project cannot be filled; the message says why."""


@dataclass(frozen=True)
class SeedPlan:
    """What to make. Same plan, same ids and content.

    :param sites: number of sites with rows, studio included.
    """

    project: str
    representations: int
    seed: int = 1
    sites: int = 2


def run_seed(data_dir: Path, plan: SeedPlan) -> dict[str, Any]:
    """Create and fill a project, whether `up` runs on the folder or not.

    Answers counts by table, the number of files, and the seconds it took.

    :raises DataFolderError: the folder cannot be used.
    :raises SeedError: the project is there already, or the addon makes no table.
    """
    started_at = time.monotonic()
    folder = DataFolder(data_dir)
    with _server(folder) as url:
        headers = {"X-Api-Key": folder.read_credentials().api_keys["admin"]}
        _create_project(url, headers, plan.project)
        socket_dir = find_running(folder.postgres_dir)
        if socket_dir is None:
            msg = f"{data_dir} has no running Postgres"
            raise DataFolderError(msg)
        try:
            counts = asyncio.run(_fill(make_dsn(socket_dir, DATABASE), plan))
        except BaseException:  # also Ctrl-C: leave no half-made project
            project_url = f"{url}/api/projects/{plan.project}"
            requests.delete(project_url, headers=headers, timeout=60)
            raise
    seconds = round(time.monotonic() - started_at, 1)
    return {"project": plan.project, **counts, "seconds": seconds}


@contextmanager
def _server(folder: DataFolder) -> Iterator[str]:
    """The URL of the devhost on the folder; one is started when none runs."""
    state = folder.read_state()
    if state.get("url") and find_running(folder.postgres_dir) is not None:
        yield state["url"]
        return
    arguments = [f"--addon-dir={path}" for path in state.get("addon_dirs", [])]
    with DevhostProcess(folder.path, *arguments) as process:
        yield process.url


def _create_project(url: str, headers: dict[str, str], name: str) -> None:
    """Through REST, so that the addon hears of it and makes its table."""
    response = requests.post(
        f"{url}/api/projects",
        json={"name": name, "code": name},
        headers=headers,
        timeout=60,
    )
    if response.status_code != _CREATED:
        raise SeedError(response.json()["detail"])


async def _fill(dsn: str, plan: SeedPlan) -> dict[str, int]:
    """Copy all batches; as many at once as the machine has processors."""
    schema = f"project_{plan.project}".lower()
    connection = await _connect(dsn)
    try:
        await _wait_for_table(connection, schema)
        await _register_sites(connection, plan.sites)
        counts = await _copy_all(dsn, schema, plan)
        await _finish(connection, schema)
    finally:
        await connection.close()
    return counts


async def _copy_all(dsn: str, schema: str, plan: SeedPlan) -> dict[str, int]:
    """Answers the number of rows by table, and of files."""
    workers = os.cpu_count() or 1
    counts = {**dict.fromkeys(COLUMNS, 0), "files": 0}
    rows = RowMaker(plan.project, plan.representations, plan.seed, plan.sites)
    async with _create_pool(dsn, min_size=workers, max_size=workers) as pool:
        running: set[asyncio.Task[None]] = set()
        for number, batch in enumerate(rows):
            counts["files"] += batch.files
            for table, lines in batch.lines.items():
                counts[table] += len(lines)
            running.add(asyncio.create_task(_copy(pool, schema, batch)))
            # The first batch has the folder that all others are in.
            if number == 0 or len(running) > workers:
                wanted = (
                    asyncio.ALL_COMPLETED if number == 0 else asyncio.FIRST_COMPLETED
                )
                done, running = await asyncio.wait(running, return_when=wanted)
                for task in done:
                    task.result()
        await asyncio.gather(*running)
    return counts


async def _finish(connection: Any, schema: str) -> None:
    """What inserts leave undone: views, sequences, statistics."""
    for view in ("hierarchy", "version_list"):
        await connection.execute(f"REFRESH MATERIALIZED VIEW {schema}.{view}")
    await connection.execute(
        f"INSERT INTO {schema}.exported_attributes (folder_id, path) "
        f"SELECT id, path FROM {schema}.hierarchy"
    )
    for table in ORDERED:
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{schema}.{table}', "
            f"'creation_order'), max(creation_order)) FROM {schema}.{table}"
        )
    for table in (*COLUMNS, "hierarchy"):
        await connection.execute(f"ANALYZE {schema}.{table}")


async def _wait_for_table(connection: Any, schema: str) -> None:
    deadline = time.monotonic() + _TABLE_SECONDS
    while time.monotonic() < deadline:
        name = f"{schema}.{_STATUS_TABLE}"
        if await connection.fetchval("SELECT to_regclass($1)::text", name):
            return
        await asyncio.sleep(_POLL_SECONDS)
    msg = f"the addon has not made {_STATUS_TABLE} in {schema}"
    raise SeedError(msg)


async def _register_sites(connection: Any, sites: int) -> None:
    """The machines of the artist, as if they had logged in once."""
    for number in range(1, sites):
        name = make_site_name(number)
        await connection.execute(
            "INSERT INTO public.sites (id, data) VALUES ($1::text, jsonb_build_object("
            "'platform', 'linux', 'hostname', $1::text, 'version', '1.2.3', "
            "'users', jsonb_build_array('artist'))) ON CONFLICT DO NOTHING",
            name,
        )


async def _copy(pool: Any, schema: str, batch: Batch) -> None:
    async with pool.acquire() as connection:
        for table, columns in COLUMNS.items():
            await connection.copy_to_table(
                table,
                schema_name=schema,
                columns=columns,
                source=_encode(batch.lines[table]),
                format="text",
            )


async def _encode(lines: list[str]) -> AsyncIterator[bytes]:
    """The lines in pieces large enough to be quick."""
    for start in range(0, len(lines), 500):
        yield "".join(lines[start : start + 500]).encode()
