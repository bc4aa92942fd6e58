"""A project with files on disk, three sites and real agents that work for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ayon_api
from rich.console import Console

from devhost.agent import AgentProcess
from devhost.demo import ARTIST_SITE, NEARLINE, PROJECT, STUDIO, Demo, Roots
from devhost.process import DevhostProcess
from devhost.publishing import SYNCED, Published, Publisher
from devhost.sample_files import SamplePublish
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

    def publish(self, product: str, *, with_rows: bool = True) -> Published:
        """A file on the studio's disk; known to be there, unless it has no rows."""
        path = Path(PROJECT, product, f"{product}.mov")
        target = self.roots.studio / path
        target.parent.mkdir(parents=True)
        target.write_bytes(os.urandom(FILE_BYTES))
        sample = SamplePublish(
            ("shots", product), product, "review", 1, {"mov": [path]}
        )
        [published] = self._publisher.publish(sample)
        if with_rows:
            self._publisher.set_sites(published, {STUDIO: SYNCED})
        return published

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
