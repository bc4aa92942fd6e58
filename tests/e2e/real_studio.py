"""A project with files on disk, three sites and real agents that work for them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import ayon_api
from rich.console import Console

from devhost.agent import AgentProcess
from devhost.data_folder import DataFolder
from devhost.demo import ARTIST_SITE, NEARLINE, PROJECT, STUDIO, Demo, Roots
from devhost.postgres import find_running, make_dsn
from devhost.process import DevhostProcess
from devhost.publishing import SYNCED, Published, Publisher
from devhost.sample_files import SamplePublish
from devhost.up import DATABASE
from tests.e2e.panel_project import PanelProject

FILE_BYTES = 300_000
WAIT_SECONDS = 30
POLL_SECONDS = 0.1


class RealStudio:
    """What the demo has, with publishes that a test makes itself."""

    def __init__(self, devhost: DevhostProcess, base: Path) -> None:
        self.devhost = devhost
        self.roots = Roots.make(base)
        Demo(devhost, self.roots, Console(quiet=True)).configure()
        # Asked as an administrator, never created: the demo has made it.
        self.project = PanelProject(devhost, PROJECT)
        endpoint = devhost.addon_url.removeprefix(f"{devhost.url}/api/")
        self._publisher = Publisher(
            ayon_api.ServerAPI(
                *(devhost.url, devhost.admin_key),
                client_version="2.0.0",
                create_session=False,
            ),
            PROJECT,
            endpoint,
            self.roots.studio,
            self.roots.artist,
        )
        self.service = self._make_agent("service", STUDIO, "--serve", NEARLINE)
        self.artist = self._make_agent("artist", ARTIST_SITE)

    def _make_agent(self, user: str, site: str, *arguments: str) -> AgentProcess:
        key = self.devhost.users[user]
        cwd = self.roots.studio.parent
        return AgentProcess(self.devhost.url, key, site, *arguments, cwd=cwd)

    def publish(
        self,
        product: str,
        *,
        with_rows: bool = True,
        at_artist: bool = False,
        size_bytes: int = FILE_BYTES,
    ) -> Published:
        """A file on the disk of the studio or of the artist; known to be there, unless
        it has no rows."""
        path = Path(PROJECT, product, f"{product}.mov")
        target = (self.roots.artist if at_artist else self.roots.studio) / path
        target.parent.mkdir(parents=True)
        target.write_bytes(os.urandom(size_bytes))
        sample = SamplePublish(
            ("shots", product), product, "review", 1, {"mov": [path]}, at_artist
        )
        [published] = self._publisher.publish(sample)
        if with_rows:
            site = ARTIST_SITE if at_artist else STUDIO
            self._publisher.set_sites(published, {site: SYNCED})
        return published

    def wait_until_idle(self) -> None:
        """Until no agent holds a transfer any more."""
        wait_until(lambda: not self.project.get(f"{PROJECT}/transfers")["moving"])

    def read_end(self, published: Published) -> float:
        """When the last run about it ended, epoch seconds."""
        path = f"{PROJECT}/representations/{published.representation_id}/history"
        ended: float = self.project.get(path)["attempts"][0]["finishedAt"]
        return ended

    def make_nearline_slow(self, megabytes_per_second: float) -> None:
        """And one file at a time; for agents that start afterwards."""
        settings = self.project.get("settings")
        [nearline] = settings["sites"]
        nearline["limits"] = {
            "bandwidth_mb_s": megabytes_per_second,
            "parallel_transfers": 1,
        }
        self.project.call("settings", settings)

    @contextmanager
    def later(self, seconds: int) -> Iterator[None]:
        """The server's clock is that much ahead for the time of the context."""
        self._shift_clock(seconds)
        try:
            yield
        finally:
            self._shift_clock(0)

    def _shift_clock(self, seconds: int) -> None:
        socket_dir = find_running(DataFolder(self.devhost.data_dir).postgres_dir)
        assert socket_dir is not None
        dsn = make_dsn(socket_dir, DATABASE)

        async def shift() -> None:
            connection: Any = await asyncpg.connect(dsn)
            for schema in ("public", f"project_{PROJECT}"):
                await connection.execute(
                    f"CREATE OR REPLACE FUNCTION {schema}.sitesync_now_v1() "
                    "RETURNS timestamptz LANGUAGE sql VOLATILE AS "
                    f"$$ SELECT clock_timestamp() + interval '{seconds} seconds' $$"
                )
            await connection.close()

        # In a thread of its own: Playwright's loop runs in that of the tests.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, shift()).result()

    def queue(self, published: Published, site_name: str) -> None:
        body = {
            "siteNames": [site_name],
            "selection": {"representationIds": [published.representation_id]},
        }
        self.project.call(f"{PROJECT}/verbs/queue", body)

    def read_state(self, published: Published, site_name: str) -> dict[str, Any] | None:
        """The row of a site as the server has it; None where there is none."""
        ids = [published.representation_id]
        body = {"siteNames": [site_name], "representationIds": ids}
        answer = self.project.call(f"{PROJECT}/representations/query", body)
        state: dict[str, Any] | None = answer["representations"][0]["sites"].get(
            site_name
        )
        return state

    def is_verified(self, published: Published, site_name: str) -> bool:
        state = self.read_state(published, site_name)
        return state is not None and state["filesVerified"] == len(published.files)

    def find_file(self, published: Published, site_name: str) -> Path:
        """Where a site has, or would have, the only file."""
        roots = {
            STUDIO: self.roots.studio,
            NEARLINE: self.roots.nearline,
            ARTIST_SITE: self.roots.artist,
        }
        return roots[site_name] / published.paths[0]

    def wait_until_verified(self, published: Published, site_name: str) -> None:
        wait_until(lambda: self.is_verified(published, site_name))

    def restart_service(self) -> None:
        """Until it has asked for work and found nothing to do."""
        self.service.stop()
        lines = self.service.last_lines
        lines.clear()
        self.service.start()
        wait_until(lambda: any('"idle"' in line for line in [*lines]))


def wait_until(is_true: Callable[[], bool]) -> None:
    """Ask again and again.

    :raises AssertionError: it was never true.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(POLL_SECONDS)
