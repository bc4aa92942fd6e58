"""A studio in the middle of its day: ten sites, every state, things that move."""

from __future__ import annotations

import asyncio
import math
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from devhost.data_folder import DataFolder
from devhost.postgres import find_running, make_dsn
from devhost.process import DevhostProcess
from devhost.up import DATABASE
from tests.e2e.panel_project import (
    FAILED,
    QUEUED,
    SYNCED,
    PanelProject,
    PublishedRepresentation,
)

PAUSED = 3
SITES = (
    ("nearline", "local_drive"),
    ("sftp-prague", "sftp"),
    ("gdrive-clients", "gdrive"),
    ("dropbox-dailies", "dropbox"),
    ("archive-lto-of-the-second-building", "local_drive"),
    ("tokyo-layout", "sftp"),
    ("render-farm-frankfurt", "sftp"),
    ("s3-cold", "rclone"),
    ("review-house", "sftp"),
)
# The site of rclone is not set up yet: a problem to look at.
PROVIDER_SETTINGS = {
    "sftp": {"sftp_host": "sftp.example"},
    "gdrive": {"roots": "/Shared drives/feature"},
}
PRODUCTS = (
    ("compMain", 24, "exr"),
    ("lookMain", 6, "ma"),
    ("reviewMain", 1, "mov"),
    ("animationMain", 1, "abc"),
    ("workfileLighting", 1, "ma"),
)
ODD_FOLDERS = (
    "assets/chars/heroFox",
    "assets/props/lantern",
    "edit/ep01/a_very_long_name_of_a_folder_that_somebody_made_by_hand_for_the_trailer",
)
FAILING = ("sftp-prague", "gdrive-clients")
MESSAGES = (
    "No space left on the site's storage",
    "What arrived differs from what was read (checksum mismatch)",
    "The source file is missing on studio",
)


MACHINE = "brisk-amber-fox"
# Who works where: machine's name, own site, the sites it serves beside the studio.
AGENTS = (
    ("transfer01", "studio", ("sftp-prague", "gdrive-clients", "s3-cold")),
    ("vault02", "nearline", ("archive-lto-of-the-second-building",)),
    ("ws042", MACHINE, ()),
)
ALL_SITES = (*(name for name, _ in SITES), MACHINE)
FILE_SIZE = 24_000_000
CHART_MINUTES = 120


class BusyStudio:
    """A project with some hundred states, and transfers that agents hold."""

    def __init__(self, devhost: DevhostProcess, name: str = "feature") -> None:
        self.project = PanelProject(devhost, name, FILE_SIZE)
        self._data_dir = devhost.data_dir
        self._random = random.Random(7)
        self._agents = [self._describe_agent(*known[:2]) for known in AGENTS]
        self._published: list[PublishedRepresentation] = []
        self._failed = 0

    def create(self) -> None:
        """Publish it; what has arrived somewhere is verified, as agents do."""
        self.project.create(SITES, PROVIDER_SETTINGS)
        asyncio.run(self._write(_register_machine))
        folders = [
            f"shots/sq{sequence:02}0/sh{shot:02}0"
            for sequence in range(1, 4)
            for shot in range(1, 4)
        ]
        for folder in (*folders, *ODD_FOLDERS):
            for product, count, name in PRODUCTS:
                version = self._random.randint(1, 40)
                published = self.project.publish(folder, product, count, name, version)
                self._published.append(published)
        for published in self._published:
            for site in self._choose_sites():
                self.project.post_state(published, site, QUEUED)
        while transfers := self._claim(self._agents[0], ALL_SITES, most=100):
            self._report(self._agents[0], transfers, self._describe_done)
        for published in self._published:
            self._spread(published)
        asyncio.run(self._write(self._write_past))

    def start_moving(self) -> None:
        """Let all agents take transfers and report a part of them."""
        for agent, (_, _, serve) in zip(self._agents, AGENTS, strict=True):
            transfers = self._claim(agent, (*serve, "studio"), most=4)
            self._report(agent, transfers, self._describe_part)
            rate = {"bytesPerSecond": self._random.uniform(2e7, 9e7), "sites": []}
            health = {"agentId": agent["id"], "transfers": [], "health": rate}
            self.project.call("-/report", health)

    def _choose_sites(self) -> list[str]:
        return [
            site
            for position, site in enumerate((MACHINE, *ALL_SITES[:-1]))
            if self._random.random() < 0.8 - position * 0.06
        ]

    def _spread(self, published: PublishedRepresentation) -> None:
        """Some of it is only said to be there, waits, or has failed."""
        for site in self._choose_sites():
            chance = self._random.random()
            if chance < 0.1:
                self.project.post_state(published, site, SYNCED)
            elif chance < 0.22:
                self.project.post_state(published, site, QUEUED)
            elif chance < 0.24:
                self.project.post_state(published, site, PAUSED)
        if self._random.random() < 0.06:
            site = self._random.choice(FAILING)
            self._failed += 1
            message = MESSAGES[self._failed % len(MESSAGES)]
            self.project.post_state(published, site, FAILED, message)

    @staticmethod
    def _describe_agent(hostname: str, site_name: str) -> dict[str, Any]:
        return {
            "id": uuid.uuid4().hex,
            "siteName": site_name,
            "hostname": hostname,
            "version": "2.0.0",
            "roots": {"work": "/mnt/projects"},
        }

    def _claim(
        self, agent: dict[str, Any], serve: Sequence[str], most: int = 0
    ) -> list[dict[str, Any]]:
        claim = {
            "agent": agent,
            "projects": [self.project.name],
            "serve": list(serve),
            "variant": "production",
            "maxTransfers": most,
            "maxFiles": 2000,
            "maxBytes": 10_000_000_000_000,
        }
        transfers: list[dict[str, Any]] = self.project.call("-/claim", claim)[
            "transfers"
        ]
        return transfers

    def _report(
        self,
        agent: dict[str, Any],
        transfers: list[dict[str, Any]],
        describe: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> None:
        if not transfers:
            return
        keys = ("projectName", "representationId", "siteName")
        reports = [
            {
                **{key: transfer[key] for key in keys},
                "leaseToken": transfer["lease"]["token"],
                "finished": False,
                **describe(transfer),
            }
            for transfer in transfers
        ]
        body = {"agentId": agent["id"], "transfers": reports, "claim": None}
        self.project.call("-/report", body)

    @staticmethod
    def _describe_done(transfer: dict[str, Any]) -> dict[str, Any]:
        files = [
            {
                "id": file["id"],
                "status": SYNCED,
                "bytesDone": file["size"],
                "proof": "content",
                "checksum": f"xxh3:{file['id']}",
                "sourceRead": True,
            }
            for file in transfer["files"]
        ]
        return {"finished": True, "files": files}

    def _describe_part(self, transfer: dict[str, Any]) -> dict[str, Any]:
        share = self._random.uniform(0.1, 0.9)
        files = transfer["files"]
        done = int(len(files) * share) if len(files) > 1 else 0
        arrived = self._describe_done({**transfer, "files": files[:done]})["files"]
        part = {"status": 0, "bytesDone": int(FILE_SIZE * share)}
        return {"files": [*arrived, {"id": files[done]["id"], **part}]}

    async def _write(
        self, write: Callable[[asyncpg.Connection], Awaitable[None]]
    ) -> None:
        """Write into the devhost's database what no request can."""
        socket_dir = find_running(DataFolder(self._data_dir).postgres_dir)
        assert socket_dir is not None
        connection = await asyncpg.connect(make_dsn(socket_dir, DATABASE))
        await write(connection)
        await connection.close()

    async def _write_past(self, connection: asyncpg.Connection) -> None:
        """Give what was done some age, and the chart its last two hours."""
        # No trigger shall take these writes for news.
        await connection.execute("SET session_replication_role = replica")
        schema = f"project_{self.project.name}"
        await connection.execute(
            f"UPDATE {schema}.sitesync_files_status "
            "SET changed_at = changed_at - random() ^ 4 * interval '4 days' "
            "WHERE status = 4"
        )
        # All that was made was counted as moved in this minute.
        await connection.execute(f"DELETE FROM {schema}.sitesync_throughput")
        now = time.time() // 60 * 60
        for minute in range(CHART_MINUTES + 1):
            for number, site in enumerate((MACHINE, "nearline", "sftp-prague")):
                wave = 1.3 + math.sin(minute / (9 + 4 * number) + number)
                amount = int(2e9 * wave * self._random.uniform(0.8, 1.1) / (number + 1))
                await connection.execute(
                    f"INSERT INTO {schema}.sitesync_throughput VALUES "
                    "(to_timestamp($1), $2, 0, $3) "
                    "ON CONFLICT (minute, site_name, slot) "
                    "DO UPDATE SET bytes = EXCLUDED.bytes",
                    now - minute * 60,
                    site,
                    amount,
                )


async def _register_machine(connection: asyncpg.Connection) -> None:
    """As AYON does when somebody logs in there."""
    await connection.execute(
        "INSERT INTO public.sites (id, data) VALUES ($1::text, "
        """jsonb_build_object('hostname', 'ws042', 'users', '["artist"]'::jsonb))""",
        MACHINE,
    )
