"""A studio in the middle of its day: ten sites, every state, things that move."""

from __future__ import annotations

import random
import uuid
from typing import Any

from devhost.process import DevhostProcess
from tests.e2e.panel_project import (
    FAILED,
    QUEUED,
    SYNCED,
    PanelProject,
    PublishedRepresentation,
)

PAUSED, IN_PROGRESS, ABSENT = 3, 0, -1
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
MESSAGES = (
    "No space left on /mnt/sftp-prague",
    "What arrived differs from what was read (checksum mismatch)",
    "The source file is missing on studio",
)


class BusyStudio:
    """A project with some hundred states, and transfers that agents hold."""

    def __init__(self, devhost: DevhostProcess, name: str = "feature") -> None:
        self.project = PanelProject(devhost, name)
        self._random = random.Random(7)

    def create(self) -> None:
        self.project.create(SITES, PROVIDER_SETTINGS)
        folders = [
            f"shots/sq{sequence:02}0/sh{shot:02}0"
            for sequence in range(1, 4)
            for shot in range(1, 4)
        ]
        for folder in (*folders, *ODD_FOLDERS):
            for product, count, name in PRODUCTS:
                version = self._random.randint(1, 40)
                published = self.project.publish(folder, product, count, name, version)
                self._spread(published)

    def _spread(self, published: PublishedRepresentation) -> None:
        """Give it a state on some of the sites."""
        for position, (site, _) in enumerate(SITES):
            if self._random.random() > 0.75 - position * 0.06:
                continue
            weights = (12, 4, 1, 1)
            statuses = (SYNCED, QUEUED, FAILED, PAUSED)
            status = self._random.choices(statuses, weights)[0]
            message = self._random.choice(MESSAGES)
            self.project.post_state(published, site, status, message)

    def start_moving(self) -> None:
        """Let an agent take transfers and report a part of them."""
        agent = {
            "id": uuid.uuid4().hex,
            "siteName": "studio",
            "hostname": "transfer01",
            "version": "2.0.0",
            "roots": {"work": "/mnt/projects"},
        }
        self._claim_and_report(agent)

    def _claim_and_report(self, agent: dict[str, Any]) -> None:
        claim = {
            "agent": agent,
            "projects": [self.project.name],
            "serve": [name for name, _ in SITES],
            "variant": "production",
            "maxTransfers": 7,
            "maxFiles": 2000,
            "maxBytes": 10_000_000_000,
        }
        transfers = self.project.call("-/claim", claim)["transfers"]
        reports = [self._describe_report(one) for one in transfers]
        body = {"agentId": agent["id"], "transfers": reports, "claim": None}
        self.project.call("-/report", body)

    def _describe_report(self, transfer: dict[str, Any]) -> dict[str, Any]:
        share = self._random.uniform(0.1, 0.9)
        return {
            "projectName": transfer["projectName"],
            "representationId": transfer["representationId"],
            "siteName": transfer["siteName"],
            "leaseToken": transfer["lease"]["token"],
            "finished": False,
            "files": [
                {"id": file["id"], "status": 0, "bytesDone": int(file["size"] * share)}
                for file in transfer["files"]
            ],
        }
