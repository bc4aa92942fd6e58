"""On which sites a new publish is, and to which it has to go."""

from __future__ import annotations

from typing import Any

import pytest
from ayon_sitesync.publish_sites import compute_publish_sites
from ayon_sitesync.statuses import SiteSyncStatus

OK, QUEUED = SiteSyncStatus.OK, SiteSyncStatus.QUEUED


def names(settings: dict[str, Any], active: str, remote: str) -> dict[str, int]:
    sites = compute_publish_sites({"enabled": True, **settings}, active, remote)
    return {site["name"]: site["status"] for site in sites}


def test_disabled_project_is_on_the_studio_site() -> None:
    found = compute_publish_sites({}, "studio", "studio")
    assert found == [{"name": "studio", "status": OK}]


def test_d15_a_project_that_is_on_counts_whatever_the_studio_says() -> None:
    assert names({}, "fox", "studio") == {"fox": OK, "studio": QUEUED}


def test_equal_sites_have_it() -> None:
    assert names({}, "studio", "studio") == {"studio": OK}


def test_d32_aliases_of_always_accessible_sites_go_along() -> None:
    settings = {
        "config": {"always_accessible_on": [" nearline ", ""]},
        "sites": [
            {"name": "tape", "alternative_sites": ["nearline"]},
            {"name": "vault", "alternative_sites": ["tape"]},
            {"name": "alone", "alternative_sites": []},
        ],
    }
    assert names(settings, "fox", "studio") == {
        "fox": OK,
        "studio": QUEUED,
        "nearline": QUEUED,
        "tape": QUEUED,
        "vault": QUEUED,
    }


@pytest.mark.parametrize("active", ["studio", "sftp"])
def test_d31_presence_wins_among_aliases(active: str) -> None:
    settings = {"sites": [{"name": "sftp", "alternative_sites": ["studio"]}]}
    found = names(settings, active, "sftp" if active == "studio" else "studio")
    assert found == {"studio": OK, "sftp": OK}
