"""Which sites a machine uses, and where their roots are on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ayon_sitesync.errors import (
    RequestRefusedError,
    ServerUnreachableError,
    SiteUnhealthyError,
)
from ayon_sitesync.site_access import RETRY_SECONDS, SETTINGS_SECONDS, SiteAccess
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits
from ayon_sitesync.sites import ProjectSites, normalize_site

from tests.unit.client.memory_server import FakeClock

SITE_ID = "brisk-amber-fox"
NOON = datetime(2026, 11, 16, 12)


def make_settings(**changes: Any) -> dict[str, Any]:
    """Settings as AYON gives them, with this machine's overrides."""
    return {
        "enabled": True,
        "config": {"active_site": "studio", "remote_site": "studio", "loop_delay": 30},
        "local_setting": {
            "active_site": "local",
            "remote_site": "",
            "local_roots": [{"name": "work", "path": "/home/artist/proj"}],
        },
        "sites": [
            {
                "name": "nearline",
                "provider": "local_drive",
                "local_drive": {
                    "roots": [
                        {
                            "name": "work",
                            "windows": "N:/proj",
                            "linux": "/mnt/nearline",
                            "darwin": "",
                        }
                    ]
                },
            },
            {"name": "empty", "provider": ""},
            {"name": "cloud", "provider": "carrier_pigeon"},
        ],
        **changes,
    }


def make_sites(platform: str = "linux", **changes: Any) -> ProjectSites:
    roots = {"work": "/mnt/studio", "render": "/mnt/render"}
    return ProjectSites("demo", make_settings(**changes), SITE_ID, roots, platform)


def test_local_means_this_machine() -> None:
    assert normalize_site("local", SITE_ID) == SITE_ID
    assert normalize_site("studio", SITE_ID) == "studio"


def test_pair_is_the_artists_choice_else_the_projects() -> None:
    sites = make_sites()
    assert (sites.active_site, sites.remote_site) == (SITE_ID, "studio")


def test_pair_of_a_disabled_project_is_the_studio() -> None:
    sites = make_sites(enabled=False)
    assert (sites.active_site, sites.remote_site) == ("studio", "studio")


@pytest.mark.parametrize(
    ("site", "platform", "expected"),
    [
        ("studio", "linux", {"work": "/mnt/studio", "render": "/mnt/render"}),
        (SITE_ID, "linux", {"work": "/home/artist/proj"}),
        ("nearline", "linux", {"work": "/mnt/nearline"}),
        ("nearline", "windows", {"work": "N:/proj"}),
    ],
)
def test_d5_roots_of_disk_sites(
    site: str, platform: str, expected: dict[str, str]
) -> None:
    sites = make_sites(platform)
    assert sites.find_provider_code(site) == "local_drive"
    assert sites.find_roots(site) == expected


def test_configured_site_may_be_the_own_one() -> None:
    sites = ProjectSites("demo", make_settings(), "nearline", {}, "linux")
    assert sites.find_roots("nearline") == {"work": "/mnt/nearline"}


@pytest.mark.parametrize(
    ("site", "platform", "where"),
    [
        ("nearline", "darwin", "sites > nearline > local_drive > roots"),
        (SITE_ID, "windows", "local roots"),
        ("studio", "windows", "the project's anatomy"),
    ],
)
def test_roots_that_are_not_set_are_told_with_the_place_to_set_them(
    site: str, platform: str, where: str
) -> None:
    with pytest.raises(SiteUnhealthyError, match=where):
        make_sites(platform).find_roots(site)


@pytest.mark.parametrize(
    ("site", "reason"),
    [
        ("empty", "no provider is chosen"),
        ("elsewhere", "not in the settings of project 'demo'"),
    ],
)
def test_sites_without_a_way_are_told(site: str, reason: str) -> None:
    with pytest.raises(SiteUnhealthyError, match=reason):
        make_sites().find_provider_code(site)


class Source:
    """Settings of projects whose local root is named after them."""

    def __init__(self, loop_delay: int = 30, **config: Any) -> None:
        self.reads = 0
        self.fails = False
        self.studio_root = "/mnt/studio"
        self.sites: list[dict[str, Any]] = []
        self.studio: dict[str, Any] = {}
        self.credentials: dict[str, Any] = {}
        self.handed: list[str] = []
        self.refusal = ""
        self._config: dict[str, Any] = {"loop_delay": loop_delay, **config}

    def change_config(self, **config: Any) -> None:
        self._config = {**self._config, **config}

    def read_settings(self, project_name: str) -> dict[str, Any]:
        self.reads += 1
        if self.fails:
            raise ServerUnreachableError("refused")
        own = {"local_roots": [{"name": "work", "path": f"/home/{project_name}"}]}
        changes = {"sites": self.sites} if self.sites else {}
        return make_settings(local_setting=own, config=self._config, **changes)

    def read_studio_settings(self) -> dict[str, Any]:
        return make_settings(**self.studio)

    def read_credentials(self, project_name: str, site_name: str) -> dict[str, Any]:
        self.handed.append(site_name)
        if self.refusal:
            raise SiteUnhealthyError(site_name, self.refusal, "not_allowed")
        return self.credentials

    def read_studio_roots(self, project_name: str, platform: str) -> dict[str, str]:
        return {"work": self.studio_root}


def test_storage_is_opened_once_for_each_site() -> None:
    source = Source()
    access = SiteAccess(source, SITE_ID, "linux", "beef")
    first = access.open_site("demo", "studio")
    assert access.open_site("demo", "studio") is first
    assert first.locate("{root[work]}/a") == "/mnt/studio/a"
    assert access.open_site("demo", SITE_ID).locate("{root[work]}/a") == "/home/demo/a"
    assert source.reads == 1


def test_provider_that_this_version_lacks_is_told() -> None:
    access = SiteAccess(Source(), SITE_ID, "linux", "beef")
    with pytest.raises(SiteUnhealthyError, match="'carrier_pigeon' is not in this"):
        access.open_site("demo", "cloud")


def test_settings_that_cannot_be_read_are_asked_for_again() -> None:
    source = Source()
    source.fails = True
    clock = FakeClock()
    access = SiteAccess(source, SITE_ID, "linux", "beef", clock.now)
    with pytest.raises(ServerUnreachableError):
        access.open_site("demo", "studio")
    source.fails = False
    clock.seconds += RETRY_SECONDS
    assert access.open_site("demo", "studio").locate("{root[work]}/a")


def test_known_settings_serve_while_the_server_gives_none() -> None:
    source, clock = Source(), FakeClock()
    access = SiteAccess(source, SITE_ID, "linux", "beef", clock.now)
    opened = access.open_site("demo", "studio")
    source.fails = True
    clock.seconds += 10 * SETTINGS_SECONDS
    assert access.open_site("demo", "studio") is opened


def test_changed_settings_are_found_after_a_minute() -> None:
    source, clock = Source(), FakeClock()
    access = SiteAccess(source, SITE_ID, "linux", "beef", clock.now)
    access.open_site("demo", "studio")
    source.studio_root = "/mnt/other"
    clock.seconds += SETTINGS_SECONDS
    assert access.open_site("demo", "studio").locate("{root[work]}/a") == "/mnt/other/a"


def test_limits_of_a_site_are_those_of_its_settings() -> None:
    source = Source()
    source.sites = [{"name": "cloud", "limits": {"parallel_transfers": 2}}]
    access = SiteAccess(source, SITE_ID, "linux", "beef")
    assert access.find_limits("demo", "cloud") == SiteLimits(parallel_files=2)
    assert access.find_limits("demo", "studio") == NO_LIMITS
    assert source.reads == 1


def test_studio_and_machines_have_the_strictest_limits_of_all_projects() -> None:
    source = Source(limits={"bandwidth_mb_s": 5.0})
    access = SiteAccess(source, SITE_ID, "linux", "beef")
    assert access.find_limits("demo", "studio").find_rate(NOON) == 5_000_000
    source.change_config(limits={"bandwidth_mb_s": 2.0, "parallel_transfers": 1})
    assert access.find_limits("moon", "studio").find_rate(NOON) == 2_000_000
    assert access.find_limits("demo", "studio").find_rate(NOON) == 2_000_000
    assert access.find_limits("demo", SITE_ID).parallel_files == 1


def test_artist_may_limit_the_own_machine_further() -> None:
    own = {"limits": {"bandwidth_mb_s": 1.0, "free_space_floor_gb": 20.0}}
    sites = make_sites(
        config={"limits": {"bandwidth_mb_s": 5.0, "parallel_transfers": 2}},
        local_setting=own,
    )
    limits = sites.find_limits(SITE_ID)
    assert limits.find_rate(NOON) == 1_000_000
    assert limits.parallel_files == 2
    assert limits.least_free_bytes == 20_000_000_000
    assert sites.find_limits("studio").find_rate(NOON) == 5_000_000


def test_site_whose_settings_cannot_be_read_has_no_limits() -> None:
    source = Source()
    source.fails = True
    access = SiteAccess(source, SITE_ID, "linux", "beef")
    assert access.find_limits("demo", "cloud") == NO_LIMITS


def test_only_projects_that_were_used_are_asked_about() -> None:
    source = Source()
    access = SiteAccess(source, SITE_ID, "linux", "beef")
    assert access.find_known_roots() == {}
    access.open_site("demo", SITE_ID)
    assert access.find_known_roots() == {"demo": {"work": "/home/demo"}}
    assert source.reads == 1


def test_own_roots_are_told_by_project() -> None:
    access = SiteAccess(Source(), SITE_ID, "linux", "beef")
    assert access.find_own_roots(["one", "two"]) == {
        "one": {"work": "/home/one"},
        "two": {"work": "/home/two"},
    }


def test_a_project_whose_settings_are_refused_stops_no_other() -> None:
    class Refusing(Source):
        def read_settings(self, project_name: str) -> dict[str, Any]:
            if project_name == "secret":
                raise RequestRefusedError("not yours", status=403)
            return super().read_settings(project_name)

    access = SiteAccess(Refusing(), SITE_ID, "linux", "beef")
    assert access.find_own_roots(["secret", "two"]) == {"two": {"work": "/home/two"}}


def test_loop_delay_is_the_longest_wait_and_the_live_channel_spares_looks() -> None:
    access = SiteAccess(Source(), SITE_ID, "linux", "beef")
    assert access.find_idle_seconds() == 60
    access.open_site("demo", "studio")
    assert access.find_idle_seconds() == 30
    quick = SiteAccess(Source(loop_delay=1), SITE_ID, "linux", "beef")
    quick.open_site("demo", "studio")
    assert quick.find_idle_seconds() == 1
    quick.is_live = lambda: True
    assert quick.find_idle_seconds() == 15


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("/studio/", {"work": "/studio", "renders": "/studio/renders"}),
        ("/a/{root}/b", {"work": "/a/work/b", "renders": "/a/renders/b"}),
        ("", {"work": "", "renders": "renders"}),
    ],
)
def test_every_root_of_a_project_has_a_folder_on_a_remote(
    setting: str, expected: dict[str, str]
) -> None:
    site = {"name": "cloud", "provider": "sftp", "sftp": {"roots": setting}}
    sites = ProjectSites(
        *("demo", {"sites": [site]}, "brisk-fox"),
        studio_roots={"work": "/mnt/work", "renders": "/mnt/renders"},
        platform="linux",
    )
    assert sites.find_remote_roots("cloud") == expected
    assert sites.find_provider_settings("cloud") == {"roots": setting}
    assert sites.find_provider_settings("studio") == {}
