"""`devhost seed`: synthetic projects, the same for the same seed."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from devhost.postgres import find_running, make_dsn
from devhost.process import DevhostProcess

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def devhost() -> Iterator[DevhostProcess]:
    """A devhost with this repository's addon and the projects `one`, `two`, `ten`."""
    data_dir = Path(tempfile.mkdtemp(prefix="sitesync-seed-"))
    try:
        with DevhostProcess(data_dir) as process:
            yield process
    finally:
        shutil.rmtree(data_dir)


def seed(data_dir: Path, project: str, *arguments: str) -> dict[str, Any]:
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "devhost",
            "seed",
            f"--data={data_dir}",
            f"--project={project}",
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


async def fetch(data_dir: Path, query: str) -> list[Any]:
    socket_dir = find_running(data_dir / "postgres")
    assert socket_dir is not None
    connection = await asyncpg.connect(make_dsn(socket_dir, "ayon"))
    try:
        rows: list[Any] = await connection.fetch(query)
        return rows
    finally:
        await connection.close()


async def test_shares_are_as_promised(devhost: DevhostProcess) -> None:
    summary = seed(devhost.data_dir, "one", "--representations=2000", "--seed=3")
    (row,) = await fetch(
        devhost.data_dir,
        """
        SELECT count(*) AS total,
            avg((jsonb_array_length(files) = 50)::int) AS sequences,
            avg((NOT r.active)::int) AS inactive,
            avg((NOT EXISTS (SELECT FROM project_one.sitesync_files_status s
                WHERE s.representation_id = r.id
                AND s.site_name = 'artist-01'))::int) AS without_row,
            min(v.version) AS lowest_version,
            min(h.path) AS first_path
        FROM project_one.representations r
        JOIN project_one.versions v ON v.id = r.version_id
        JOIN project_one.products p ON p.id = v.product_id
        JOIN project_one.hierarchy h ON h.id = p.folder_id
        """,
    )
    assert summary["representations"] == row["total"] == 2000
    assert float(row["sequences"]) == pytest.approx(0.30, abs=0.04)
    assert float(row["inactive"]) == pytest.approx(0.05, abs=0.02)
    assert float(row["without_row"]) == pytest.approx(0.20, abs=0.04)
    assert row["lowest_version"] < 0
    assert row["first_path"] == "shots/sq001/sh0010"


async def test_rows_are_what_the_existing_addon_writes(
    devhost: DevhostProcess,
) -> None:
    seed(devhost.data_dir, "rows", "--representations=200")
    rows = await fetch(
        devhost.data_dir,
        """
        SELECT s.site_name, s.status, s.data, r.files, s.files_total, s.files_synced
        FROM project_rows.sitesync_files_status s
        JOIN project_rows.representations r ON r.id = s.representation_id
        """,
    )
    assert {row["site_name"] for row in rows} == {"studio", "artist-01"}
    for row in rows:
        entries = json.loads(row["data"])["files"]
        statuses = [entry["status"] for entry in entries.values()]
        assert set(entries) == {file["id"] for file in json.loads(row["files"])}
        assert row["files_total"] == len(statuses)
        assert row["files_synced"] == statuses.count(4)
        assert all({"hash", "size", "timestamp"} <= set(e) for e in entries.values())
        assert row["site_name"] == "artist-01" or set(statuses) == {4}


async def test_same_seed_makes_the_same_rows(devhost: DevhostProcess) -> None:
    for project, number in (("same1", 7), ("same2", 7), ("other", 8)):
        seed(devhost.data_dir, project, "--representations=300", f"--seed={number}")
    digests = []
    for project in ("same1", "same2", "other"):
        (row,) = await fetch(
            devhost.data_dir,
            f"""
            SELECT md5(string_agg(
                concat(r.id, r.name, r.creation_order, s.site_name, s.data), ','
                ORDER BY r.id, s.site_name)) AS digest
            FROM project_{project}.representations r
            JOIN project_{project}.sitesync_files_status s
            ON s.representation_id = r.id
            """,
        )
        digests.append(row["digest"])
    assert digests[0] == digests[1] != digests[2]


async def test_ten_sites(devhost: DevhostProcess) -> None:
    seed(devhost.data_dir, "ten", "--representations=100", "--sites=10")
    rows = await fetch(
        devhost.data_dir,
        "SELECT DISTINCT site_name FROM project_ten.sitesync_files_status",
    )
    machines = {f"artist-{number:02}" for number in range(1, 10)}
    assert {row["site_name"] for row in rows} == {"studio", *machines}


def test_project_that_exists_is_refused(devhost: DevhostProcess) -> None:
    seed(devhost.data_dir, "taken", "--representations=1")
    arguments = [f"--data={devhost.data_dir}", "--project=taken"]
    result = subprocess.run(
        [sys.executable, "-m", "devhost", "seed", *arguments, "--representations=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 2
    assert "--project" in result.stderr.splitlines()[-1]


def test_seeds_without_a_running_devhost(tmp_path: Path) -> None:
    summary = seed(tmp_path / "data", "alone", "--representations=50")
    assert summary["representations"] == 50
    assert find_running(tmp_path / "data" / "postgres") is None
