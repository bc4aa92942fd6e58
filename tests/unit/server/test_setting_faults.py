"""Which settings are told to be wrong, and that allowed arguments are the client's."""

from __future__ import annotations

from typing import Any

import pytest
from ayon_sitesync.providers.rclone import options

from server.domain import rclone_arguments
from server.domain.setting_faults import find_faults, list_programs
from server.settings import SiteSyncSettings


def fields(*sites: dict[str, Any], **config: Any) -> list[tuple[str | None, str]]:
    settings = SiteSyncSettings(config=config, sites=list(sites)).dict()
    programs = list_programs(SiteSyncSettings(config=config).dict())
    return [(each.site_name, each.field) for each in find_faults(settings, programs)]


def test_default_settings_are_right() -> None:
    assert fields() == []


@pytest.mark.parametrize(
    ("site", "field"),
    [
        ({"provider": ""}, "sites.provider"),
        ({"provider": "tape"}, "sites.provider"),
        ({"provider": "sftp"}, "sites.sftp.sftp_host"),
        (
            {"provider": "sftp", "sftp": {"sftp_host": "h", "sftp_port": 70000}},
            "sites.sftp.sftp_port",
        ),
        ({"provider": "s3"}, "sites.s3.bucket"),
        ({"provider": "gdrive"}, "sites.gdrive.roots"),
        ({"provider": "rclone"}, "sites.rclone.config_web.type"),
        (
            {"provider": "rclone", "rclone": {"config_type": "config_file"}},
            "sites.rclone.config_file.remote_name",
        ),
        ({"provider": "custom", "custom": {}}, "sites.custom.code"),
        (
            {"provider": "custom", "custom": {"code": "x", "settings": "[1]"}},
            "sites.custom.settings",
        ),
        (
            {"provider": "custom", "custom": {"code": "x", "settings": "{"}},
            "sites.custom.settings",
        ),
        (
            {"provider": "local_drive", "local_drive": {"roots": []}},
            "sites.local_drive.roots",
        ),
        (
            {"provider": "dropbox", "alternative_sites": ["nowhere"]},
            "sites.alternative_sites",
        ),
        (
            {"provider": "dropbox", "limits": {"bandwidth_mb_s": -1}},
            "sites.limits.bandwidth_mb_s",
        ),
        (
            {"provider": "dropbox", "limits": {"timetable": [{"end": "25:00"}]}},
            "sites.limits.timetable.end",
        ),
    ],
)
def test_what_is_wrong_with_a_site(site: dict[str, Any], field: str) -> None:
    assert fields({"name": "x", **site}) == [("x", field)]


@pytest.mark.parametrize("name", ["studio", "local"])
def test_names_of_built_in_sites(name: str) -> None:
    assert fields({"name": name, "provider": "dropbox"}) == [(name, "sites.name")]


def test_what_is_wrong_with_the_project() -> None:
    found = fields(active_site="nowhere", loop_delay=0, retry_cnt=-1)
    assert found == [
        (None, "config.active_site"),
        (None, "config.loop_delay"),
        (None, "config.retry_cnt"),
    ]


def test_times_up_to_the_end_of_the_day_are_right() -> None:
    window = {"days": ["mon", "sun"], "start": "00:00", "end": "24:00"}
    site = {"name": "x", "provider": "dropbox", "limits": {"timetable": [window]}}
    assert fields(site) == []


def test_programs_are_those_of_the_studio() -> None:
    s3 = {"bucket": "b", "rclone_executable_path": {"linux": "/opt/rclone"}}
    site = {"name": "x", "provider": "s3", "s3": s3}
    assert fields(site) == [("x", "sites.s3.rclone_executable_path.linux")]
    assert fields(site, executable_paths=["/opt/rclone"]) == []
    assert list_programs(SiteSyncSettings(sites=[site]).dict()) == {"/opt/rclone"}


def test_the_client_allows_the_same_arguments() -> None:
    assert rclone_arguments.SWITCHES == options.SWITCHES
    assert rclone_arguments.VALUED == options.VALUED


@pytest.mark.parametrize(
    ("arguments", "is_right"),
    [
        (["--transfers=4", "--fast-list"], True),
        (["--transfers 4"], True),
        (["--transfers", "4"], True),
        (["--transfers"], False),
        (["--rc"], False),
    ],
)
def test_arguments_are_judged_as_the_client_does(
    arguments: list[str], is_right: bool
) -> None:
    assert (rclone_arguments.find_bad_argument(arguments) is None) is is_right
    try:
        options.check_arguments(arguments)
        client_takes_them = True
    except options.OptionError:
        client_takes_them = False
    assert client_takes_them is is_right
