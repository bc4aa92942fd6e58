"""Anatomy and directory mapping of core, over the addon's settings."""

import importlib
import threading
import time
from typing import Any

import pytest

from tests.support.host_studio import MACHINE, HostStudio, Requests


@pytest.fixture
def anatomy(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Core's Anatomy, which has asked nobody yet."""
    cls = importlib.import_module("ayon_core.pipeline.anatomy").Anatomy
    monkeypatch.setattr(cls, "get_sitesync_addon", classmethod(lambda _: addon))
    return cls


def test_roots_are_those_of_the_artists_own_site(
    anatomy: Any, studio: HostStudio
) -> None:
    path = anatomy(studio.project).fill_root("{root[work]}/a.exr")
    assert path == f"{studio.machine_root}/a.exr"
    path = anatomy(studio.project, site_name="studio").fill_root("{root[work]}/a.exr")
    assert path == f"{studio.studio_root}/a.exr"


def test_d42_settings_are_read_once(
    anatomy: Any, addon: Any, studio: HostStudio, sent: Requests
) -> None:
    anatomy(studio.project)
    settings = [one for one in sent.own if "/settings" in one]
    assert len(settings) == 1
    sent.clear()
    for _ in range(3):
        anatomy(studio.project)
        addon.get_active_site_type(studio.project)
        addon.get_site_root_overrides(studio.project, MACHINE)
    assert sent.own == []


def test_d42_older_settings_serve_while_others_are_read(
    anatomy: Any,
    addon: Any,
    studio: HostStudio,
    sent: Requests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No caller waits for settings that were read before."""
    anatomy(studio.project)
    now = time.monotonic()
    monkeypatch.setattr(addon._services.settings._views, "_now", lambda: now)
    studio.configure(config={"active_site": "studio"})
    studio.configure_machine(local_setting={"active_site": "studio"})
    now += 59
    sent.clear()
    assert addon.get_active_site_type(studio.project) == "local"
    assert sent.own == []
    now += 2
    sent.clear()
    assert addon.get_active_site_type(studio.project) == "local"
    pause = threading.Event()
    for _ in range(200):
        if addon.get_active_site_type(studio.project) == "studio":
            break
        pause.wait(0.05)
    assert addon.get_active_site_type(studio.project) == "studio"
    assert len([one for one in sent.own if "/settings" in one]) == 1
    assert "MainThread" not in sent.threads


def test_named_sites_do_not_break_anatomy(
    anatomy: Any, addon: Any, studio: HostStudio
) -> None:
    assert addon.get_site_root_overrides(studio.project, "nearline") == {}
    anatomy(studio.project, site_name="nearline")


def test_dirmap_is_from_studio_to_the_machine(addon: Any, studio: HostStudio) -> None:
    base = importlib.import_module("ayon_core.host.dirmap").HostDirmap

    class Dirmap(base):
        def on_enable_dirmap(self) -> None: ...

        def dirmap_routine(self, source_path: str, destination_path: str) -> None: ...

    dirmap = Dirmap("maya", studio.project, {}, addon)
    assert dirmap._get_local_sync_dirmap() == {
        "source_path": [str(studio.studio_root)],
        "destination_path": [str(studio.machine_root)],
    }


def test_project_that_is_off_uses_studio(
    anatomy: Any, addon: Any, studio: HostStudio
) -> None:
    endpoint = f"{studio.prefix}/settings/{studio.project}"
    settings = studio.admin.raw_get(endpoint).data
    studio.admin.raw_post(endpoint, json={**settings, "enabled": False})
    assert not addon.is_project_enabled(studio.project, True)
    assert addon.get_active_site(studio.project) == "studio"
    path = anatomy(studio.project).fill_root("{root[work]}/a.exr")
    assert path == f"{studio.studio_root}/a.exr"


def test_d58_machine_switch_that_no_page_shows_is_ignored(
    addon: Any, studio: HostStudio
) -> None:
    studio.configure_machine(enabled=False)
    connection = studio.connect("artist")
    endpoint = f"{studio.prefix}/settings/{studio.project}?site={MACHINE}"
    assert connection.raw_get(endpoint).data["enabled"] is False
    assert addon.is_project_enabled(studio.project, single=True)


def test_project_that_may_not_be_read_is_off(addon: Any, studio: HostStudio) -> None:
    assert addon.is_project_enabled("no_such_project", single=True) is False
    assert addon.get_active_site("no_such_project") == "studio"
