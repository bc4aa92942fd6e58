"""Settings of the existing addon: taken over as AYON does when a bundle gets our
version, and left as they are for going back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ayon_server.addons import BaseServerAddon
from ayon_server.lib.postgres import Postgres
from ayon_sitesync.sites import ProjectSites

from devhost.settings_store import SettingsPlace, write_overrides
from tests.conftest import Studio
from tests.integration.conftest import SITE
from tests.support.devhost_app import PROJECT, Host, run_host

EARLIER = "1.3.0"
MANAGERS_SITE = "quiet-grey-owl"
VARIANTS = ("production", "staging")
SFTP: dict[str, Any] = {
    "sftp_host": "vault",
    "sftp_port": 2222,
    "sftp_user": "sync",
    "sftp_pass": "",
    "sftp_key": {"windows": [], "linux": ["/keys/vault"], "darwin": []},
    "sftp_key_pass": "",
    "roots": "/ayon",
}
CLOUD: dict[str, Any] = {
    "config_type": "config_web",
    "config_file": {"remote_name": "", "rclone_config_path": {"linux": ""}},
    "config_web": {
        "type": "webdav",
        "config_params": [{"key": "url", "value": "https://cloud"}],
    },
    "root": "ayon",
}
# AYON stores a list as a whole, and of the rest what somebody changed.
STUDIO: dict[str, Any] = {
    "enabled": True,
    "config": {"loop_delay": 30, "always_accessible_on": ["nearline"]},
    "sites": [
        {"name": "nearline", "provider": "sftp", "sftp": SFTP, "gdrive": {}},
        {
            "name": "cloud",
            "provider": "rclone",
            "rclone": CLOUD,
            "alternative_sites": ["nearline"],
        },
    ],
}
STAGING: dict[str, Any] = {
    "enabled": True,
    "config": {"active_site": "cloud"},
    "sites": [{"name": "cloud", "provider": "rclone", "rclone": CLOUD}],
}
PER_PROJECT: dict[str, Any] = {"config": {"remote_site": "nearline", "retry_cnt": 5}}
ARTISTS: dict[str, Any] = {
    "active_site": "local",
    "local_roots": [
        {"name": "work", "path": "/home/artist/work"},
        {"name": "render", "path": "/scratch/render"},
    ],
}
MANAGERS: dict[str, Any] = {
    "active_site": "local",
    "remote_site": "cloud",
    "local_roots": [{"name": "work", "path": "/home/manager"}],
}
# What scripts and early versions have left beside what AYON's editor lets through.
BROKEN_STUDIO: dict[str, Any] = {
    **STUDIO,
    "config": {**STUDIO["config"], "loop_delay": "often"},
    "sites": [
        {"name": "nearline", "provider": "sftp", "sftp": {**SFTP, "sftp_port": "ssh"}},
        {"provider": "gdrive"},
        {"name": "//", "provider": "gdrive"},
        {**STUDIO["sites"][1], "alternative_sites": 3},
    ],
}
BROKEN_OWN: dict[str, Any] = {
    **ARTISTS,
    "local_roots": [*ARTISTS["local_roots"], {"name": "my root", "path": "/x"}],
}


async def store(
    studio: dict[str, Any] = STUDIO, artists: dict[str, Any] = ARTISTS
) -> None:
    """Rows of the existing addon: of the studio, a project, and two machines."""
    for place, data in (
        (SettingsPlace("sitesync", EARLIER), studio),
        (SettingsPlace("sitesync", EARLIER, "staging"), STAGING),
        (SettingsPlace("sitesync", EARLIER, project_name=PROJECT), PER_PROJECT),
    ):
        await write_overrides(place, data)
    in_project = SettingsPlace("sitesync", EARLIER, project_name=PROJECT)
    for user, site_id, own in (
        ("artist", SITE, artists),
        ("manager", MANAGERS_SITE, MANAGERS),
    ):
        place = in_project.at_site(user, site_id)
        await write_overrides(place, {"local_setting": own})


async def read_earlier_rows() -> list[tuple[Any, ...]]:
    """All that is stored for the existing addon, to the letter."""
    rows: list[tuple[Any, ...]] = []
    for table, keys in (
        ("public.settings", "variant"),
        (f"project_{PROJECT}.settings", "variant"),
        (f"project_{PROJECT}.project_site_settings", "user_name, site_id"),
    ):
        found = await Postgres.fetch(
            f"SELECT {keys}, data::text FROM {table} WHERE addon_name = 'sitesync' "
            f"AND addon_version = $1 ORDER BY {keys}",
            EARLIER,
        )
        rows += [(table, *row) for row in found]
    return rows


async def take_over(source: BaseServerAddon, target: BaseServerAddon) -> None:
    """What AYON does when a bundle copies the settings of another version."""
    ours = SettingsPlace(target.name, target.version)
    for variant in VARIANTS:
        overrides = await source.get_studio_overrides(variant, target.version)
        await write_overrides(
            SettingsPlace(ours.addon_name, ours.addon_version, variant), overrides
        )
        overrides = await source.get_project_overrides(PROJECT, variant, target.version)
        place = SettingsPlace(ours.addon_name, ours.addon_version, variant, PROJECT)
        await write_overrides(place, overrides)
    in_project = SettingsPlace(
        ours.addon_name, ours.addon_version, project_name=PROJECT
    )
    for row in await Postgres.fetch(
        f"SELECT user_name, site_id FROM project_{PROJECT}.project_site_settings "
        "WHERE addon_name = $1 AND addon_version = $2",
        *(source.name, source.version),
    ):
        user, site_id = row["user_name"], row["site_id"]
        overrides = await source.get_project_site_overrides(
            PROJECT, user, site_id, target.version
        )
        await write_overrides(in_project.at_site(user, site_id), overrides)


async def copy_raw(host: Host) -> None:
    """What a script does by AYON's raw overrides: the same data under our version."""
    admin = await host.client("admin")
    source, target = f"/api/addons/sitesync/{EARLIER}", host.addon_path
    for variant in VARIANTS:
        for place in ("rawOverrides", f"rawOverrides/{PROJECT}"):
            params = {"variant": variant}
            data = (await admin.get(f"{source}/{place}", params=params)).json()
            answer = await admin.put(f"{target}/{place}", params=params, json=data)
            assert answer.is_success, answer.text
    for user, site_id in (("artist", SITE), ("manager", MANAGERS_SITE)):
        client = await host.client(user)
        place, params = f"rawOverrides/{PROJECT}", {"site_id": site_id}
        data = (await client.get(f"{source}/{place}", params=params)).json()
        answer = await client.put(f"{target}/{place}", params=params, json=data)
        assert answer.is_success, answer.text


@pytest.fixture
def addon_dirs(addon_dirs: list[Path], tmp_path: Path) -> list[Path]:
    """The existing addon beside ours, as far as AYON takes it for its settings."""
    folder = tmp_path / "earlier"
    (folder / "server").mkdir(parents=True)
    (folder / "package.py").write_text(f'name = "sitesync"\nversion = "{EARLIER}"\n')
    (folder / "server" / "__init__.py").write_text(
        "from ayon_server.addons import BaseServerAddon\n\n\n"
        "class SiteSync(BaseServerAddon):\n    pass\n"
    )
    return [*addon_dirs, folder]


@pytest.fixture
async def both(studio: Studio, addon_dirs: list[Path]) -> AsyncIterator[Host]:
    """A studio of the existing addon, into which ours was installed."""
    async with run_host(studio.dsn, studio.credentials, addon_dirs) as host:
        await host.addon.site_sync.keeper.wait()
        yield host


async def bring_over(host: Host, way: str) -> None:
    versions = host.app.state.library.addons["sitesync"].versions
    if way == "a bundle":
        await take_over(versions[EARLIER], host.addon)
    else:
        await copy_raw(host)


async def resolve(
    host: Host, user: str, site_id: str, variant: str = "production"
) -> ProjectSites:
    """The project as an agent of that user on that machine has it."""
    client = await host.client(user)
    answer = await client.get(
        f"{host.addon_path}/settings/{PROJECT}",
        params={"variant": variant, "site_id": site_id},
    )
    assert answer.is_success, answer.text
    return ProjectSites(PROJECT, answer.json(), site_id, {}, "linux")


async def read_faults(host: Host, user: str, site_id: str) -> set[tuple[Any, str]]:
    """Stored values that do not count, by their site."""
    client = await host.client(user, site_id)
    answer = await client.get(f"{host.addon_path}/{PROJECT}/problems")
    assert answer.is_success, answer.text
    return {
        (each["siteName"], each["text"].split(":")[0].removeprefix("Setting "))
        for each in answer.json()["problems"]
        if "does not count" in each["text"]
    }


@pytest.mark.parametrize("way", ["a bundle", "raw overrides"])
async def test_everybody_has_the_sites_and_roots_that_he_had(
    both: Host, way: str
) -> None:
    await store()
    before = await read_earlier_rows()
    await bring_over(both, way)

    artists = await resolve(both, "artist", SITE)
    assert artists.is_enabled
    assert (artists.active_site, artists.remote_site) == (SITE, "nearline")
    assert artists.find_roots(SITE) == {
        "work": "/home/artist/work",
        "render": "/scratch/render",
    }
    managers = await resolve(both, "manager", MANAGERS_SITE)
    assert (managers.active_site, managers.remote_site) == (MANAGERS_SITE, "cloud")
    assert managers.find_roots(MANAGERS_SITE) == {"work": "/home/manager"}
    # A machine of which nobody has said anything.
    others = await resolve(both, "artist", "new-machine")
    assert (others.active_site, others.remote_site) == ("studio", "nearline")

    assert artists.settings["config"]["retry_cnt"] == 5
    assert artists.settings["config"]["always_accessible_on"] == ["nearline"]
    assert artists.find_provider_code("nearline") == "sftp"
    stored = artists.find_provider_settings("nearline")
    assert {name: stored[name] for name in SFTP} == SFTP
    web = artists.find_provider_settings("cloud")["config_web"]
    assert web == CLOUD["config_web"]
    staged = await resolve(both, "artist", SITE, "staging")
    assert [site["name"] for site in staged.settings["sites"]] == ["cloud"]
    assert (staged.active_site, staged.remote_site) == (SITE, "studio")

    for user, site_id, pair in (
        ("artist", SITE, (SITE, "nearline")),
        ("manager", MANAGERS_SITE, (MANAGERS_SITE, "cloud")),
    ):
        client = await both.client(user, site_id)
        answer = await client.get(f"{both.addon_path}/{PROJECT}/get_user_sites")
        active, remote = pair
        assert answer.json() == {"active_site": [active], "remote_site": [remote]}
    assert await read_faults(both, "manager", MANAGERS_SITE) == set()
    assert await read_earlier_rows() == before


@pytest.mark.parametrize("way", ["a bundle", "raw overrides"])
async def test_what_was_broken_is_told_and_costs_nothing_else(
    both: Host, way: str
) -> None:
    await store(BROKEN_STUDIO, BROKEN_OWN)
    before = await read_earlier_rows()
    await bring_over(both, way)

    artists = await resolve(both, "artist", SITE)
    assert (artists.active_site, artists.remote_site) == (SITE, "nearline")
    assert artists.find_roots(SITE) == {
        "work": "/home/artist/work",
        "render": "/scratch/render",
    }
    assert artists.settings["config"]["loop_delay"] == 60
    assert artists.settings["config"]["always_accessible_on"] == ["nearline"]
    names = [site["name"] for site in artists.settings["sites"]]
    assert names == ["nearline", "cloud"]
    assert artists.find_provider_settings("nearline")["sftp_host"] == "vault"

    shared = {
        (None, "config.loop_delay"),
        ("nearline", "sites.sftp.sftp_port"),
        (None, "sites.name"),
        ("//", "sites.name"),
        ("cloud", "sites.alternative_sites"),
    }
    assert await read_faults(both, "manager", MANAGERS_SITE) == shared
    own = (None, "local_setting.local_roots.name")
    assert await read_faults(both, "artist", SITE) == {*shared, own}
    assert await read_earlier_rows() == before


async def test_changes_in_ours_leave_the_earlier_rows_for_going_back(
    both: Host,
) -> None:
    await store()
    before = await read_earlier_rows()
    await bring_over(both, "a bundle")
    admin = await both.client("admin")
    settings = (await admin.get(f"{both.addon_path}/settings")).json()
    settings["config"]["loop_delay"] = 10
    answer = await admin.post(f"{both.addon_path}/settings", json=settings)
    assert answer.is_success, answer.text
    artist = await both.client("artist", SITE)
    address = f"{both.addon_path}/settings/{PROJECT}"
    settings = (await artist.get(address, params={"site_id": SITE})).json()
    settings["local_setting"]["local_roots"] = [{"name": "work", "path": "/new"}]
    answer = await artist.post(address, params={"site_id": SITE}, json=settings)
    assert answer.is_success, answer.text

    changed = await resolve(both, "artist", SITE)
    assert changed.find_roots(SITE) == {"work": "/new"}
    assert changed.settings["config"]["loop_delay"] == 10
    assert changed.find_provider_settings("nearline")["sftp_host"] == "vault"
    assert await read_earlier_rows() == before
