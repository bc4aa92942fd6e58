"""A devhost with files of one site that another wants, for benchmarks of transfers.

Rows are written into the devhost's database in bulk; what is measured is the whole
system from the agent's first request to its end: claims, copies, proofs, reports.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import ayon_api
import psutil

from devhost.data_folder import DataFolder
from devhost.postgres import find_running, make_dsn
from devhost.process import DevhostProcess
from devhost.up import DATABASE
from tests.support.relay import CountingRelay

PROJECT = "bench"
STUDIO, MACHINE = "studio", "brisk-amber-fox"
CLIENT_DIR = Path(__file__).parents[2] / "client"
SYNCED, QUEUED = 4, 1
TABLE_SECONDS = 60.0
_connect: Any = asyncpg.connect  # has no types


@dataclass(frozen=True)
class Load:
    """Files of one benchmark: `sequences` representations of `length` files each."""

    name: str
    sequences: int
    length: int
    size: int

    @property
    def files(self) -> int:
        return self.sequences * self.length

    @property
    def bytes(self) -> int:
        return self.files * self.size

    def list_paths(self) -> Iterator[list[Path]]:
        """The files of each representation, below the root."""
        for number in range(self.sequences):
            folder = Path(self.name, f"sh{number // 100:03}", f"v{number:05}")
            yield [folder / f"frame.{index:05}.exr" for index in range(self.length)]

    def make(self, root: Path) -> None:
        """Write files, each of its own content."""
        block = os.urandom(1_000_000)
        for paths in self.list_paths():
            (root / paths[0].parent).mkdir(parents=True, exist_ok=True)
            for path in paths:
                with (root / path).open("wb") as file:
                    file.write(path.as_posix().encode().ljust(200)[: self.size])
                    left = self.size - file.tell()
                    while left > 0:
                        left -= file.write(block[:left])


@dataclass(frozen=True)
class Run:
    """One run of an agent: seconds of work, requests it sent, its peak memory.

    Requests are those that passed on the wire from the start of work on; logging in and
    reading the settings comes before. `daemon_bytes`: the peak of rclone's daemon, 0
    without one.
    """

    seconds: float
    requests: int
    peak_bytes: int
    daemon_bytes: int


class MemoryWatch:
    """Peaks of a process and of rclone's daemon below it, while it is open."""

    _PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)

    def __init__(self, pid: int) -> None:
        self.own = self.daemon = 0
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.1):
            with contextlib.suppress(psutil.Error, OSError):
                self.own = max(self.own, self._read_peak(self._pid))
                for child in psutil.Process(self._pid).children():
                    if "rcd" in child.cmdline():
                        self.daemon = max(self.daemon, self._read_peak(child.pid))

    def _read_peak(self, pid: int) -> int:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        found = self._PEAK.search(status)
        return int(found[1]) * 1024 if found else 0


class TransferStudio:
    """The devhost, its project and the roots of both disks. A context manager."""

    def __init__(
        self, base: Path, data: Path, sites: Sequence[dict[str, Any]] = ()
    ) -> None:
        """`base` holds the files; `data` the devhost's database and its log.

        `sites`: more sites, as the addon's settings have them.
        """
        self._sites = list(sites)
        self.studio_root = base / "studio"
        self.machine_root = base / "machine"
        self.copy_root = base / "copy"
        self._data = data
        self._devhost = DevhostProcess(data / "devhost")

    def __enter__(self) -> TransferStudio:
        for root in (self.studio_root, self.machine_root, self.copy_root):
            root.mkdir(parents=True)
        self._devhost.start()
        try:
            self._configure()
        except BaseException:
            self._devhost.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._devhost.stop()

    def _configure(self) -> None:
        url, keys = self._devhost.url, self._devhost.users
        admin = ayon_api.ServerAPI(url, keys["admin"], create_session=False)
        _expect(admin.raw_post("projects", json={"name": PROJECT, "code": PROJECT}))
        artist = ayon_api.ServerAPI(
            *(url, keys["admin"]),
            site_id=MACHINE,
            client_version="2.0.0",
            create_session=False,
        )
        artist.get_info()
        addon = self.endpoint
        settings = admin.raw_get(f"{addon}/settings").data
        settings["enabled"] = True
        settings["sites"] = self._sites
        _expect(admin.raw_post(f"{addon}/settings", json=settings))
        own = f"{addon}/settings/{PROJECT}"
        settings = artist.raw_get(f"{own}?site={MACHINE}").data
        settings["local_setting"] = {
            "active_site": "local",
            "remote_site": "studio",
            "local_roots": [{"name": "work", "path": str(self.machine_root)}],
        }
        _expect(artist.raw_post(f"{own}?site_id={MACHINE}", json=settings))
        artist.set_project_root_overrides(
            PROJECT, MACHINE, {"work": str(self.studio_root)}
        )

    @property
    def url(self) -> str:
        return self._devhost.url

    @property
    def admin_key(self) -> str:
        return self._devhost.users["admin"]

    @property
    def endpoint(self) -> str:
        """The addon's, below the API."""
        return self._devhost.addon_url.partition("/api/")[2]

    # --- the project -----------------------------------------------------------------

    def publish(self, load: Load, root: Path) -> None:
        """Write the files of a load below a root, and register them."""
        load.make(root)
        self._execute(lambda connection: _publish(connection, load))

    def mark_all(self, site: str, status: int) -> None:
        """Write a row for everything, as the existing addon does."""
        self._execute(lambda connection: _write_rows(connection, site, status))

    def queue_all(self, source: str, target: str) -> None:
        """Site `target` wants everything that `source` has, as if nothing was known
        of it yet."""
        self._execute(lambda connection: _queue_all(connection, source, target))

    def count_verified(self, site: str) -> int:
        """Files of a site whose proof the server has."""
        return int(self._execute(lambda connection: _count_verified(connection, site)))

    def _execute(self, use: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        socket_dir = find_running(DataFolder(self._data / "devhost").postgres_dir)
        assert socket_dir is not None

        async def connect() -> Any:
            connection = await _connect(make_dsn(socket_dir, DATABASE))
            try:
                return await use(connection)
            finally:
                await connection.close()

        return asyncio.run(connect())

    # --- what is measured ------------------------------------------------------------

    def run_agent(self, *arguments: str) -> Run:
        """An agent of the machine until nothing is pending."""
        relay = CountingRelay(int(urlsplit(self.url).port or 0))
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "ayon_sitesync", "agent", "--once", "--json"),
                *("--server", relay.url, "--site", MACHINE),
                *("--project", PROJECT, *arguments),
            ],
            env={
                **os.environ,
                "AYON_API_KEY": self._devhost.users["admin"],
                "PYTHONPATH": str(CLIENT_DIR),
                "XDG_STATE_HOME": str(self._data / "state"),
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        said: list[str] = []
        started_at = ended_at = time.monotonic()
        requests_before = 0
        with MemoryWatch(process.pid) as memory, process.stdout:
            for line in process.stdout:
                event = json.loads(line)["event"]
                ended_at = time.monotonic()
                if event == "started":
                    started_at = ended_at
                    requests_before = relay.requests
                if event == "problem":
                    said.append(line)
        status = process.wait()
        assert status == 0, f"the agent did not do everything: {said[-3:]}"
        seconds = ended_at - started_at
        requests = relay.requests - requests_before
        return Run(seconds, requests, memory.own, memory.daemon)


def _expect(response: Any) -> None:
    if response.status_code >= 400:
        raise RuntimeError(str(response.detail))


async def _publish(connection: Any, load: Load) -> None:
    schema = f"project_{PROJECT}"
    await _wait_for_table(connection, schema)
    folder_id = uuid.uuid4()
    await connection.execute(
        f"INSERT INTO {schema}.folders (id, name, folder_type, status)"
        " VALUES ($1, $2, 'Folder', 'In progress')",
        *(folder_id, load.name),
    )
    for number, paths in enumerate(load.list_paths()):
        ids = [uuid.uuid4() for _ in range(3)]
        files = [
            {
                "id": uuid.uuid4().hex,
                "name": path.name,
                "path": f"{{root[work]}}/{path.as_posix()}",
                "size": load.size,
                "hash": f"{path.name}|1700000000|{load.size}",
                "hash_type": "op3",
            }
            for path in paths
        ]
        await connection.execute(
            f"WITH product AS (INSERT INTO {schema}.products"
            " (id, name, folder_id, product_type, status)"
            " VALUES ($1, $5, $4, 'render', 'In progress')), version AS ("
            f"INSERT INTO {schema}.versions (id, version, product_id, author, status)"
            " VALUES ($2, 1, $1, 'admin', 'In progress'))"
            f" INSERT INTO {schema}.representations"
            " (id, name, version_id, files, status)"
            " VALUES ($3, 'exr', $2, $6::jsonb, 'In progress')",
            *(*ids, folder_id, f"product{number}", json.dumps(files)),
        )
    await connection.execute(
        f"REFRESH MATERIALIZED VIEW {schema}.hierarchy;"
        f"DELETE FROM {schema}.sitesync_files_status"
    )


async def _queue_all(connection: Any, source: str, target: str) -> None:
    schema = f"project_{PROJECT}"
    for table in ("attempts", "file_checksums", "leases"):
        await connection.execute(f"DELETE FROM {schema}.sitesync_{table}")
    await connection.execute(f"DELETE FROM {schema}.sitesync_files_status")
    await _write_rows(connection, source, SYNCED)
    await _write_rows(connection, target, QUEUED)
    await connection.execute(f"ANALYZE {schema}.sitesync_files_status")


async def _write_rows(connection: Any, site: str, status: int) -> None:
    """Rows as the existing addon writes them."""
    schema = f"project_{PROJECT}"
    await connection.execute(
        f"INSERT INTO {schema}.sitesync_files_status"
        " (representation_id, site_name, status, priority, data)"
        " SELECT r.id, $1::varchar, $2::int, 50, jsonb_build_object('files', ("
        "  SELECT jsonb_object_agg(file ->> 'id', jsonb_build_object("
        "   'hash', file ->> 'hash', 'status', $2::int, 'timestamp', 1700000000,"
        "   'size', CASE WHEN $2::int = 4 THEN (file -> 'size')::bigint ELSE 0 END))"
        "  FROM jsonb_array_elements(r.files) AS file))"
        f" FROM {schema}.representations AS r",
        *(site, status),
    )


async def _count_verified(connection: Any, site: str) -> Any:
    return await connection.fetchval(
        "SELECT coalesce(sum(files_verified), 0)"
        f" FROM project_{PROJECT}.sitesync_files_status WHERE site_name = $1",
        site,
    )


async def _wait_for_table(connection: Any, schema: str) -> None:
    async with asyncio.timeout(TABLE_SECONDS):
        while not await connection.fetchval(  # noqa: ASYNC110 - the addon makes it
            "SELECT to_regclass($1)", f"{schema}.sitesync_file_checksums"
        ):
            await asyncio.sleep(0.05)


@contextmanager
def open_studio(
    base: Path, data: Path, sites: Sequence[dict[str, Any]] = ()
) -> Iterator[TransferStudio]:
    """A studio in folders of its own, which are removed afterwards."""
    try:
        with TransferStudio(base, data, sites) as studio:
            yield studio
    finally:
        shutil.rmtree(base, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
