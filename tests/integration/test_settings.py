"""Settings: every key of the existing addon, its scope and default, stored data."""

from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres
from ayon_server.settings import apply_overrides
from pydantic import ValidationError

from server.settings import SiteSyncSettings, leave_out_wrong_groups
from server.settings.choices import list_credential_receivers, list_sites
from tests.integration.conftest import CONFIGURED, SITE
from tests.support.devhost_app import Host

ALL = ["studio", "project", "site"]
SHARED = ["studio", "project"]
PATHS: dict[str, Any] = {"windows": [], "linux": [], "darwin": []}
LIMITS = {
    "parallel_transfers": 0,
    "bandwidth_mb_s": 0.0,
    "free_space_floor_gb": 0.0,
    "timetable": [],
}
PATH = {"windows": "", "linux": "", "darwin": ""}

SITE_DEFAULTS = {
    "alternative_sites": [],
    "provider": "",
    "local_drive": {
        "roots": [
            {
                "name": "work",
                "windows": "C:/projects",
                "linux": "/mnt/share/projects",
                "darwin": "/Volumes/projects",
            }
        ]
    },
    "gdrive": {
        "credentials_url": PATHS,
        "roots": "",
        "rclone_executable_path": PATH,
    },
    "dropbox": {
        "token": "",
        "team_folder_name": "",
        "acting_as_member": "",
        "roots": "",
        "rclone_executable_path": PATH,
    },
    "sftp": {
        "sftp_host": "",
        "sftp_port": 0,
        "sftp_user": "",
        "sftp_pass": "",
        "sftp_key": PATHS,
        "sftp_key_pass": "",
        "sftp_host_key": "",
        "sftp_accept_first_use": True,
        "roots": "",
    },
    "rclone": {
        "rclone_executable_path": PATH,
        "config_type": "config_web",
        "config_file": {"remote_name": "", "rclone_config_path": PATH},
        "config_web": {"type": "", "config_params": []},
        "root": "",
        "additional_args": [],
    },
    "s3": {
        "provider": "AWS",
        "endpoint": "",
        "region": "",
        "bucket": "",
        "access_key_id": "",
        "secret_access_key": "",
        "session_token": "",
        "force_path_style": True,
        "storage_class": "",
        "server_side_encryption": "",
        "roots": "",
        "rclone_executable_path": PATH,
    },
    "custom": {"code": "", "settings": "{}", "roots": ""},
    "credentials_for": [],
    "limits": LIMITS,
    "name": "nearline",
}


def test_defaults_are_those_of_the_existing_addon() -> None:
    assert SiteSyncSettings().dict() == {
        "enabled": False,
        "config": {
            "retry_cnt": 3,
            "loop_delay": 60,
            "always_accessible_on": [],
            "active_site": "studio",
            "remote_site": "studio",
            "workfile_link_depth": 1,
            "accept_unleased_results": True,
            "limits": LIMITS,
            "provider_folders": PATHS,
            "executable_paths": [],
            "default_rows": True,
            "history_days": 30,
            "tombstone_days": 90,
        },
        "local_setting": {
            "active_site": "",
            "remote_site": "",
            "local_roots": [{"name": "work", "path": "C:/projects_local"}],
            "limits": LIMITS,
        },
        "sites": [],
    }
    [site] = SiteSyncSettings(sites=[{"name": "nearline"}]).sites
    assert site.dict() == SITE_DEFAULTS


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("enabled", None),
        ("config", None),
        ("local_setting", ["site"]),
        ("local_setting.active_site", ["site"]),
        ("local_setting.local_roots.path", ["site"]),
        ("sites", ALL),
        ("sites.name", ALL),
        ("sites.alternative_sites", SHARED),
        ("sites.provider", None),
        ("sites.local_drive.roots", ALL),
        ("sites.gdrive.credentials_url.linux", ALL),
        ("sites.gdrive.roots", SHARED),
        ("sites.dropbox.token", ALL),
        ("sites.dropbox.team_folder_name", SHARED),
        ("sites.dropbox.acting_as_member", ALL),
        ("sites.dropbox.roots", ALL),
        ("sites.sftp.sftp_host", SHARED),
        ("sites.sftp.sftp_port", SHARED),
        ("sites.sftp.sftp_user", ALL),
        ("sites.sftp.sftp_pass", ALL),
        ("sites.sftp.sftp_key", ALL),
        ("sites.sftp.sftp_key_pass", ALL),
        ("sites.sftp.roots", SHARED),
        ("sites.rclone.rclone_executable_path", SHARED),
        ("sites.rclone.config_type", None),
        ("sites.rclone.config_file.remote_name", SHARED),
        ("sites.rclone.config_web.config_params", None),
        ("sites.rclone.root", SHARED),
        ("sites.rclone.additional_args", SHARED),
        ("sites.credentials_for", SHARED),
        ("sites.limits", SHARED),
        ("config.provider_folders", ["studio"]),
        ("config.executable_paths", ["studio"]),
    ],
)
def test_scopes_are_those_of_the_existing_addon(
    path: str, scope: list[str] | None
) -> None:
    model: Any = SiteSyncSettings
    field: Any = None
    for name in path.split("."):
        field = model.__fields__[name]
        model = field.type_
    assert field.field_info.extra.get("scope") == scope


def test_stored_settings_of_the_existing_addon_load() -> None:
    stored = {
        "enabled": True,
        "local_roots": [{"name": "work", "path": "/old"}],  # a stray key of 1.x
        "config": {"retry_cnt": 5, "always_accessible_on": [" gdrive "]},
        "sites": [
            {**SITE_DEFAULTS, "name": "My Site!", "provider": "gdrive"},
            {"name": "sftp", "provider": "sftp", "alternative_sites": ["studio"]},
        ],
    }
    loaded = apply_overrides(SiteSyncSettings(), stored).dict()
    assert loaded["enabled"] is True
    assert loaded["config"]["retry_cnt"] == 5
    assert loaded["config"]["always_accessible_on"] == ["gdrive"]
    assert [site["name"] for site in loaded["sites"]] == ["My Site", "sftp"]


def test_two_sites_of_one_name_are_refused() -> None:
    with pytest.raises(Exception, match="a"):
        SiteSyncSettings(sites=[{"name": "a"}, {"name": "a"}])


async def test_artists_choose_among_configured_sites(host: Host) -> None:
    await Postgres.execute(
        "INSERT INTO public.settings VALUES ($1, $2, 'production', $3)",
        host.addon.name,
        host.addon.version,
        {"sites": [{"name": "nearline", "provider": "sftp"}]},
    )
    addon: Any = host.addon
    assert await list_sites(addon, "production") == ["local", "studio", "nearline"]
    assert await list_sites(addon, "production", "demo") == [
        "local",
        "studio",
        "nearline",
    ]
    assert await list_sites(None) == []


async def test_credentials_are_for_everyone_services_or_access_groups(
    host: Host,
) -> None:
    values = [choice["value"] for choice in await list_credential_receivers()]
    assert values[:2] == ["everyone", "services"]
    assert "artist" in values[2:]


async def test_settings_come_through_ayons_endpoint(host: Host) -> None:
    client = await host.client("artist", SITE)
    answer = await client.get(f"{host.addon_path}/settings/demo")
    assert answer.status_code == 200
    assert answer.json()["config"]["active_site"] == "studio"


WRONG = {
    "enabled": True,
    "config": {"retry_cnt": "many", "loop_delay": 30},
    "sites": [
        {"name": CONFIGURED, "provider": "sftp", "sftp": {"sftp_port": "ssh"}},
        {"provider": "s3"},
        {"name": "other", "provider": "dropbox", "dropbox": {"roots": "/ayon"}},
        {"name": "other", "provider": "s3"},
        "vault",
    ],
}


async def store(host: Host, data: dict[str, Any]) -> None:
    await Postgres.execute(
        "INSERT INTO public.settings VALUES ($1, $2, 'production', $3)",
        host.addon.name,
        host.addon.version,
        data,
    )


async def test_stored_values_that_cannot_be_read_are_left_out_and_told(
    host: Host,
) -> None:
    await store(host, WRONG)
    client = await host.client("manager", SITE)
    answer = await client.get(f"{host.addon_path}/settings/demo")
    assert answer.status_code == 200
    settings = answer.json()
    assert settings["enabled"] is True
    assert settings["config"]["retry_cnt"] == 3
    assert settings["config"]["loop_delay"] == 30
    sites = {site["name"]: site["provider"] for site in settings["sites"]}
    assert sites == {CONFIGURED: "sftp", "other": "dropbox"}
    answer = await client.get(f"{host.addon_path}/demo/problems")
    told = {
        (each["siteName"], each["text"].split(":")[0])
        for each in answer.json()["problems"]
        if "does not count" in each["text"]
    }
    assert told == {
        (None, "Setting config.retry_cnt"),
        (CONFIGURED, "Setting sites.sftp.sftp_port"),
        (None, "Setting sites.name"),
        ("other", "Setting sites.name"),
        (None, "Setting sites"),
    }


@pytest.mark.parametrize("wrong", ["nearline", None, [1], 5])
async def test_what_is_no_group_of_settings_is_left_out_and_told(
    host: Host, wrong: object
) -> None:
    await store(
        host,
        {
            "enabled": True,
            "config": {"loop_delay": 30, "limits": wrong},
            "local_setting": wrong,
            "sites": [{"name": CONFIGURED, "provider": "sftp", "limits": wrong}],
        },
    )
    client = await host.client("manager", SITE)
    answer = await client.get(f"{host.addon_path}/settings/demo")
    assert answer.status_code == 200, answer.text
    assert answer.json()["config"]["loop_delay"] == 30
    answer = await client.get(f"{host.addon_path}/demo/problems")
    assert answer.status_code == 200, answer.text
    told = {
        each["text"].split(":")[0]
        for each in answer.json()["problems"]
        if "does not count" in each["text"]
    }
    groups = {"config.limits", "local_setting", "sites.limits"}
    assert told == {f"Setting {group}" for group in groups}


@pytest.mark.parametrize("wrong", ["all", [], 1, None])
def test_overrides_that_are_no_settings_at_all_are_none(wrong: object) -> None:
    assert leave_out_wrong_groups(SiteSyncSettings, wrong) == {}


def test_what_a_person_enters_is_refused_when_it_is_wrong() -> None:
    with pytest.raises(ValidationError):
        SiteSyncSettings(config=WRONG["config"])


@pytest.mark.parametrize("form", ["list", "by name"])
async def test_settings_of_the_first_versions_are_converted(
    host: Host, form: str
) -> None:
    sftp = {
        "provider": "sftp",
        "sftp_model": {
            "sftp_host": "vault",
            "roots": [{"name": "work", "windows": "", "linux": "/ayon", "darwin": ""}],
        },
    }
    drive = {"provider": "gdrive", "gdrive_model": {"root": "/My Drive/ayon"}}
    stored = {
        "enabled": True,
        "local_setting": {
            "active_site": "local",
            "active_site_root": "/home/me",
            "remote_site": "studio",
        },
        "sites": {"vault": sftp, "drive": drive},
    }
    if form == "list":
        stored["sites"] = [{**sftp, "name": "vault"}, {**drive, "name": "drive"}]
    addon: Any = host.addon
    converted = await addon.convert_settings_overrides("1.0.0", stored)
    loaded = apply_overrides(SiteSyncSettings(), converted).dict()
    assert loaded["local_setting"]["local_roots"] == [
        {"name": "work", "path": "/home/me"}
    ]
    vault, gdrive = loaded["sites"]
    assert (vault["name"], vault["sftp"]["sftp_host"]) == ("vault", "vault")
    assert vault["sftp"]["roots"] == "/ayon"
    assert (gdrive["name"], gdrive["gdrive"]["roots"]) == ("drive", "/My Drive/ayon")


@pytest.mark.parametrize(
    "odd",
    [
        {"config": "text"},
        {"local_setting": [1]},
        {"local_roots": "text"},
        {"sites": "text"},
        {"sites": {"vault": 3}},
        {"sites": [{"name": "vault", "sftp": {"roots": ["text"]}}, None]},
    ],
)
async def test_what_is_odd_costs_nothing_else_at_a_conversion(
    host: Host, odd: dict[str, Any]
) -> None:
    addon: Any = host.addon
    stored = {"enabled": True, **odd}
    converted = await addon.convert_settings_overrides("1.0.0", stored)
    await store(host, converted)
    client = await host.client("manager", SITE)
    answer = await client.get(f"{host.addon_path}/settings/demo")
    assert answer.status_code == 200, answer.text
    assert answer.json()["enabled"] is True


async def test_settings_of_1_3_are_taken_as_they_are(host: Host) -> None:
    stored = {
        "enabled": True,
        "config": {"loop_delay": 30},
        "local_setting": {"local_roots": [{"name": "work", "path": "/data"}]},
        "sites": [
            {
                "name": "cloud",
                "provider": "rclone",
                "rclone": {
                    "config_type": "config_web",
                    "config_web": {
                        "type": "webdav",
                        "config_params": [{"key": "user", "value": "me"}],
                    },
                    "root": "ayon",
                },
            }
        ],
    }
    addon: Any = host.addon
    assert await addon.convert_settings_overrides("1.3.0", stored) == stored
