"""The existing addon, ours and a newer one of ours side by side, in two workers."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from devhost.loader import read_metadata
from devhost.studio import open_database
from tests.conftest import ROOT, Studio
from tests.integration.pipeline import Pipeline, Published

EARLIER = ROOT / "tests/support/earlier_addon"
OURS = str(read_metadata(ROOT)["version"])
NEXT = "9.0.0"
MIGRATIONS = "server/sql/migrations/project"


@pytest.fixture
def next_addon(tmp_path: Path) -> Path:
    """A later version of ours, whose schema has one column more."""
    folder = tmp_path / "next"
    shutil.copytree(ROOT / "server", folder / "server")
    package = (ROOT / "package.py").read_text()
    (folder / "package.py").write_text(package.replace(OURS, NEXT))
    migrations = folder / MIGRATIONS
    (migrations / f"{len(list(migrations.iterdir())) + 1:04}_next.sql").write_text(
        "ALTER TABLE sitesync_files_status ADD COLUMN IF NOT EXISTS later INTEGER;\n"
    )
    return folder


class Worker:
    """A worker process with all versions."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, studio: Studio, addon_dirs: list[Path]) -> "Worker":
        key = studio.credentials.api_keys["admin"]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.worker",
            studio.dsn,
            key,
            *map(str, addon_dirs),
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'devhost/stubs'}"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        return cls(process)

    async def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer

    async def carry_out(self, posts: list[Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"posts": posts}).encode() + b"\n")
        return await self.read()

    async def stop(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return await self._process.wait()


def posts(published: list[Published], site: str) -> list[Any]:
    """Each version writes rows of its own and one that all of them write."""
    shared = published[0]
    return [
        [version, one.id, site, {"files": one.posted(4)}]
        for number, version in enumerate(("1.3.0", OURS, NEXT), 1)
        for one in (published[number], shared)
    ]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("had_rows", [False, True])
async def test_versions_work_on_the_same_rows_in_two_workers(
    studio: Studio, next_addon: Path, had_rows: bool
) -> None:
    published = await publish(studio)
    if had_rows:
        await write_earlier_rows(studio, published)
    versions = [EARLIER, ROOT, next_addon]
    starting = [Worker.start(studio, versions) for _ in range(2)]
    workers = await asyncio.gather(*starting)
    for worker in workers:
        assert set((await worker.read())["versions"]) == {"1.3.0", OURS, NEXT}
    found = await asyncio.gather(
        *(
            worker.carry_out(posts(published, site))
            for worker, site in zip(workers, ("studio", "nearline"), strict=True)
        )
    )
    for result in found:
        assert set(result["statuses"]) <= {200, 204}
        assert set(result["listed"]) == {OURS, NEXT}
        for rows in result["listed"].values():
            assert len(rows) == len(published)
            # Ours count the rows of the existing addon as well.
            assert all(
                state["filesTotal"] == 2
                for row in rows
                for state in row["sites"].values()
            )
    assert [await worker.stop() for worker in workers] == [0, 0]
    await check_tables(studio)


async def publish(studio: Studio) -> list[Published]:
    async with open_database(studio.dsn):
        pipeline = Pipeline()
        return [await pipeline.publish(files=2) for _ in range(4)]


async def write_earlier_rows(studio: Studio, published: list[Published]) -> None:
    """The existing addon's table with rows, before ours was ever installed."""
    worker = await Worker.start(studio, [EARLIER])
    await worker.read()
    orders = [
        ["1.3.0", one.id, "studio", {"files": one.posted(4)}] for one in published
    ]
    assert set((await worker.carry_out(orders))["statuses"]) == {200}
    assert await worker.stop() == 0


async def check_tables(studio: Studio) -> None:
    """Every migration ran once, the newest version's too, and no row was lost."""
    async with open_database(studio.dsn):
        applied = await Postgres.fetch(
            "SELECT name FROM project_demo.sitesync_migrations ORDER BY name"
        )
        names = [row["name"] for row in applied]
        ours = sorted(path.stem for path in (ROOT / MIGRATIONS).glob("*.sql"))
        assert set(ours) <= set(names)
        assert f"{len(ours) + 1:04}_next" in names
        rows = await Postgres.fetch(
            "SELECT site_name, status, later FROM project_demo.sitesync_files_status"
        )
        assert {row["status"] for row in rows} == {4}
        assert {row["site_name"] for row in rows} == {"studio", "nearline"}
