"""An agent that waits: what it costs, how soon it starts, how it goes on.

    python -m tests.bench.bench_agent [--only idle|latency|resume] [--projects N]

* idle: memory, processor and requests of an agent without `--project` in a studio of
  many projects, from its start on and while it waits;
* latency: from the request that queues a small file until the file is in its place;
* resume: how much of a file of 2 GB that was cut at 80 % is moved again, on a disk and
  on an SFTP server.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ayon_api
import psutil
from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.transfer.journal import Journal
from ayon_sitesync.work import TransferFile

from tests.bench.parts import Parts
from tests.bench.records import describe_machine
from tests.bench.transfer_page import keep_table
from tests.bench.transfer_studio import (
    CLIENT_DIR,
    MACHINE,
    PROJECT,
    QUEUED,
    STUDIO,
    SYNCED,
    Load,
    TransferStudio,
    open_studio,
)
from tests.support.relay import CountingRelay
from tests.support.sshd import Sshd

IDLE_SECONDS = 60.0
SETTLE_SECONDS = 5.0
LATENCY_FILES = 20
RESUME_BYTES = 2_000_000_000
CUT = 0.8
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Row:
    """One printed figure and what is wanted of it."""

    what: str
    value: str
    wanted: str

    def show(self) -> None:
        print(f"| {self.what} | {self.value} | {self.wanted} |", flush=True)
        _shown.append(self)


_shown: list[Row] = []


@contextmanager
def start_agent(
    url: str, key: str, state: Path, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    """An agent of the machine's site that goes on until it is ended."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "ayon_sitesync", "agent", "--json"),
            *("--server", url, "--site", MACHINE, *arguments),
        ],
        env={
            **os.environ,
            "AYON_API_KEY": key,
            "PYTHONPATH": str(CLIENT_DIR),
            "XDG_STATE_HOME": str(state),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def wait_for_event(process: subprocess.Popen[str], name: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == name:
            return
    raise RuntimeError(f"the agent ended before it said {name!r}")


# --- idle ----------------------------------------------------------------------------


def measure_idle(studio: TransferStudio, state: Path, projects: int) -> None:
    admin = ayon_api.ServerAPI(studio.url, studio.admin_key, create_session=False)
    for number in range(projects - 1):
        name = f"idle{number:03}"
        response = admin.raw_post("projects", json={"name": name, "code": name})
        assert response.status_code < 400, response.text
    relay = CountingRelay(int(urlsplit(studio.url).port or 0))
    with start_agent(relay.url, studio.admin_key, state) as process:
        wait_for_event(process, "idle")
        time.sleep(SETTLE_SECONDS)
        at_start = relay.requests
        agent = psutil.Process(process.pid)
        before = agent.cpu_times()
        time.sleep(IDLE_SECONDS)
        after = agent.cpu_times()
        requests = relay.requests - at_start
        memory = agent.memory_info().rss / 1e6
    used = after.user + after.system - before.user - before.system
    Row(f"requests at start, {projects} projects", str(at_start), "few").show()
    Row("requests in a minute of waiting", str(requests), "4 or less").show()
    Row("processor", f"{100 * used / IDLE_SECONDS:.2f} %", "0.5 %").show()
    Row("memory", f"{memory:.0f} MB", "60 MB").show()


# --- latency -------------------------------------------------------------------------


def measure_latency(studio: TransferStudio, state: Path) -> None:
    load = Load("latency", LATENCY_FILES, 1, 10_000)
    studio.publish(load, studio.studio_root)
    studio.mark_all(STUDIO, SYNCED)
    admin = ayon_api.ServerAPI(
        studio.url, studio.admin_key, site_id=MACHINE, create_session=False
    )
    found = admin.get_representations(PROJECT, fields={"id", "files"})
    delays: list[float] = []
    with start_agent(studio.url, studio.admin_key, state, "--project", PROJECT) as one:
        wait_for_event(one, "idle")
        time.sleep(SETTLE_SECONDS)
        delays += [_queue_and_wait(studio, admin, entity) for entity in found]
    median, longest = statistics.median(delays), max(delays)
    value = f"{median:.2f} s, at most {longest:.2f} s"
    Row("queued until in its place, 10 kB", value, "1 s").show()


def _queue_and_wait(
    studio: TransferStudio, admin: ayon_api.ServerAPI, entity: dict[str, Any]
) -> float:
    (file,) = entity["files"]
    path = studio.machine_root / file["path"].partition("/")[2]
    row = {"id": file["id"], "fileHash": file["hash"], "status": QUEUED, "size": 0}
    endpoint = f"{studio.endpoint}/{PROJECT}/state/{entity['id']}/{MACHINE}"
    started_at = time.monotonic()
    response = admin.raw_post(endpoint, json={"files": [row]})
    assert response.status_code < 400, response.text
    while not path.exists():
        if time.monotonic() - started_at > PATIENCE_SECONDS:
            raise RuntimeError(f"{path} did not come")
        time.sleep(0.002)
    return time.monotonic() - started_at


# --- resume --------------------------------------------------------------------------


def measure_resume(base: Path) -> None:
    """The engine alone, cut by its target becoming unusable."""
    source_root, target_root = base / "source", base / "target"
    source_root.mkdir()
    block = os.urandom(1_000_000)
    with (source_root / "a.mov").open("wb") as stream:
        for _ in range(RESUME_BYTES // len(block)):
            stream.write(block)
    source = _open_disk(source_root)
    target_root.mkdir()
    _resume("disk", source, _open_disk(target_root), Journal(base / "disk-journal"))
    shutil.rmtree(target_root)
    target_root.mkdir()
    with Sshd(base / "sshd") as server:
        config = SiteConfig(
            *("nas", {"work": str(target_root)}, "linux", "beef", server.settings),
            str(base / "state"),
        )
        target = make_provider("sftp", config)
        _resume("SFTP", source, target, Journal(base / "sftp-journal"))


def _open_disk(root: Path) -> Provider:
    config = SiteConfig("disk", {"work": str(root)}, "linux", "beef")
    return make_provider("local_drive", config)


def _resume(kind: str, source: Provider, target: Provider, journal: Journal) -> None:
    file = TransferFile("f1", "{root[work]}/a.mov", RESUME_BYTES)
    moved = 0

    def cut(count: int) -> None:
        nonlocal moved
        moved += count
        if moved > CUT * RESUME_BYTES:
            raise SiteUnhealthyError("nas", "it is cut")

    def count(step: int) -> None:
        nonlocal moved
        moved += step

    place = f"bench\n{kind}"
    try:
        copy_file(file, Route(source, target, cut, journal, place))
    except SiteUnhealthyError:
        moved = 0
    copy_file(file, Route(source, target, count, journal, place))
    again = f"{100 * moved / RESUME_BYTES:.0f} %"
    Row(f"moved again of 2 GB cut at 80 %, {kind}", again, "25 %").show()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["idle", "latency", "resume"])
    parser.add_argument("--base", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--projects", type=int, default=300)
    options = parser.parse_args()
    machine = describe_machine()
    parts = Parts()
    with tempfile.TemporaryDirectory(dir=options.base) as folder:
        base = Path(folder)
        if options.only in (None, "resume"):
            (base / "resume").mkdir()
            with parts.keep("resume"):
                measure_resume(base / "resume")
            shutil.rmtree(base / "resume")
        for name in ("latency", "idle"):
            if options.only not in (None, name):
                continue
            data = Path(tempfile.mkdtemp(prefix="sitesync-bench-"))
            with parts.keep(name), open_studio(base / name, data) as studio:
                if name == "latency":
                    measure_latency(studio, base / "state")
                else:
                    measure_idle(studio, base / "state", options.projects)
    if options.only is None:
        rows = [(row.what, row.value, row.wanted) for row in _shown]
        keep_table("agent", ("what", "measured", "wanted"), rows, (), machine)
    parts.end()


if __name__ == "__main__":
    main()
