"""The transfer engine between two sites, as an agent runs it, without a server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits
from ayon_sitesync.transfer.ends import Surroundings
from ayon_sitesync.transfer.lease import Lease
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.transfer.progress import Progress
from ayon_sitesync.transfer.runner import TransferRun
from ayon_sitesync.transfer.traffic import Traffic
from ayon_sitesync.work import SYNCED, Transfer, TransferFile, TransferKey

THREADS = 4


class TwoSites:
    """A source and a target, as `TransferRun` opens them."""

    def __init__(self, source: Provider, target: Provider) -> None:
        self._by_name = {"source": source, "target": target}

    def open_site(self, project_name: str, site_name: str) -> Provider:
        return self._by_name[site_name]

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        return NO_LIMITS

    def find_known_roots(self) -> dict[str, dict[str, str]]:
        return {}

    def find_idle_seconds(self) -> float:
        return 60.0

    def note_projects(self, names: set[str]) -> None:
        """The live channel's; there is none."""


def open_disk(root: Path) -> Provider:
    config = SiteConfig("disk", {"work": str(root)}, "linux", "beef")
    return make_provider("local_drive", config)


def bring(source: Provider, target: Provider, names: list[str], size: int) -> None:
    """Bring files of one size below the root `work`, as one transfer."""
    files = tuple(
        TransferFile(str(number), f"{{root[work]}}/{name}", size)
        for number, name in enumerate(names)
    )
    key = TransferKey("bench", "r", "target")
    transfer = Transfer(key, "source", "upload", "t", files)
    sites = TwoSites(source, target)
    traffic = Traffic(sites.find_limits, MonotonicClock(), "studio")
    shared = Surroundings(sites, traffic, Progress())
    run = TransferRun(transfer, Lease("t", 60.0, 0.0), shared, 0.0)
    done = threading.Event()
    with ThreadPoolExecutor(THREADS) as pool:
        run.start(pool, done.set)
        done.wait()
    failed = [o for o in run.outcomes.values() if o.status != SYNCED]
    assert not failed, failed[:3]
