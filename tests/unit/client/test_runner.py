"""One transfer in the hands of an agent."""

from __future__ import annotations

from pathlib import Path

import pytest
from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.providers.base import Provider
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits
from ayon_sitesync.transfer.ends import Ends, Surroundings
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.transfer.progress import Progress
from ayon_sitesync.transfer.traffic import Traffic
from ayon_sitesync.work import Transfer, TransferFile, TransferKey

from tests.unit.client.disks import Disks


class DiskSites:
    def __init__(self, disks: Disks) -> None:
        self._disks = disks

    def open_site(self, project_name: str, site_name: str) -> Provider:
        return self._disks.source if site_name == "studio" else self._disks.target

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        return NO_LIMITS

    def find_known_roots(self) -> dict[str, dict[str, str]]:
        return {}

    def find_idle_seconds(self) -> float:
        return 60.0

    def note_projects(self, names: set[str]) -> None:
        assert names == {"demo"}


def test_no_file_passes_the_look_at_a_site_that_another_file_found_missing(
    tmp_path: Path,
) -> None:
    """Two workers may be at this point at once, before the fault is known to all."""
    disks = Disks(tmp_path)
    disks.write("a.exr", b"frame")
    disks.target_root.rmdir()
    transfer = Transfer(
        TransferKey("demo", "0" * 32, "brisk-amber-fox"),
        "studio",
        "download",
        "1" * 32,
        (TransferFile("f1", "{root[work]}/a.exr", 5),),
    )
    sites = DiskSites(disks)
    traffic = Traffic(sites.find_limits, MonotonicClock(), "studio")
    ends = Ends(transfer, Surroundings(sites, traffic, Progress()))
    for _ in range(2):
        with pytest.raises(SiteUnhealthyError, match="is not there"):
            ends.open()
