"""AYON finds the addon in the package and gets what it asks for."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import ayon_sitesync
import pytest

from .memory_host import MemoryHost

ROOT = Path(__file__).parents[3]
STANDIN = ROOT / "tests/support/ayon_core_standin"


def test_addon_is_what_the_server_half_is_named(addon: Any) -> None:
    version = ayon_sitesync.__version__
    assert (addon.name, addon.version, addon.enabled) == ("sitesync", version, True)
    assert (addon.DEFAULT_SITE, addon.LOCAL_SITE) == ("studio", "local")
    assert addon.endpoint_prefix == f"addons/sitesync/{version}"


def test_environment_switches_it_off(
    make_addon: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AYON_SITESYNC_ENABLED", "0")
    addon = make_addon()
    assert not addon.enabled
    assert not addon.is_project_enabled("demo", True)
    assert addon.get_active_site("demo") == "studio"
    assert addon.get_enabled_projects() == []


def test_making_it_asks_nobody(make_addon: Callable[[], Any], host: MemoryHost) -> None:
    make_addon()
    assert host.requests == []


def test_paths_of_plugins_and_hooks_are_there(addon: Any) -> None:
    (publish,) = addon.get_publish_plugin_paths("maya")
    assert addon.get_plugin_paths() == {"publish": [publish]}
    assert (Path(publish) / "integrate_site_sync.py").is_file()
    (hooks,) = addon.get_launch_hook_paths()
    assert addon.get_launch_hook_paths(object()) == [hooks]
    assert (Path(hooks) / "pre_copy_last_published_workfile.py").is_file()


def test_every_provider_has_an_icon(addon: Any) -> None:
    icons = addon.get_site_icons()
    assert {"studio", "local_drive", "gdrive", "dropbox", "sftp", "rclone"} <= set(
        icons
    )
    for icon in icons.values():
        assert icon["type"] == "path"
        assert Path(icon["path"]).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_frozen_import_paths(core: Any) -> None:
    from ayon_sitesync import sitesync, utils  # noqa: PLC0415 - need ayon_core

    assert utils.SiteSyncStatus.OK == 4
    assert utils.SyncStatus.DO_DOWNLOAD == 2
    assert issubclass(utils.SiteAlreadyPresentError, Exception)
    assert issubclass(utils.ResumableError, Exception)
    assert utils.get_linked_representation_id("demo", None, "reference") == []
    assert callable(sitesync.download_last_published_workfile)
    took: dict[str, int] = {}
    assert utils.time_function(lambda **kwargs: 5)(log_time=took, log_name="X") == 5
    assert list(took) == ["X"]


def run_in_host(script: str, folder: Path) -> str:
    """What a script prints in a new process that has AYON's core and our client."""
    environment = {
        **os.environ,
        "AYON_SITE_ID": "brisk-amber-fox",
        "AYON_SERVER_URL": "http://nobody.invalid",
        "AYON_LAUNCHER_LOCAL_DIR": str(folder),
        "PYTHONPATH": os.pathsep.join([str(STANDIN), str(ROOT / "client")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


IMPORTS = {
    "the package": "import ayon_sitesync; ayon_sitesync.SiteSyncAddon(None, {})",
    "its methods": (
        "import ayon_sitesync; addon = ayon_sitesync.SiteSyncAddon(None, {})\n"
        "addon._services; addon.get_site_icons(); addon.get_publish_plugin_paths('x')"
    ),
    "its publish plugins": (
        "import ayon_sitesync.plugins.publish.integrate_site_sync\n"
        "import ayon_sitesync.plugins.publish.collect_workfile_resources"
    ),
    "its launch hook": (
        "import ayon_sitesync.launch_hooks.pre_copy_last_published_workfile"
    ),
    "known names": "import ayon_sitesync.utils, ayon_sitesync.sitesync",
}


@pytest.mark.parametrize("what", IMPORTS)
def test_host_imports_no_third_party_but_ayon_api(what: str, tmp_path: Path) -> None:
    script = f"""
import sys
import ayon_api, requests, ayon_core.addon, ayon_core.lib
before = set(sys.modules)
{IMPORTS[what]}
print(*sorted(
    name for name in set(sys.modules) - before
    if "site-packages" in (getattr(sys.modules[name], "__file__", None) or "")
))
"""
    assert run_in_host(script, tmp_path) == ""


def test_host_loads_what_is_behind_the_addon_on_first_use(tmp_path: Path) -> None:
    script = """
import sys
import ayon_sitesync
ayon_sitesync.SiteSyncAddon(None, {})
print(*sorted(name for name in sys.modules if name.startswith("ayon_sitesync.")))
"""
    loaded = run_in_host(script, tmp_path).split()
    assert "ayon_sitesync.addon" in loaded
    heavy = ("transfer", "providers", "cli", "tray", "server_api", "published")
    assert [one for one in loaded if one.split(".")[1].startswith(heavy)] == []


@pytest.mark.parametrize(
    ("environment", "is_made"),
    [
        ({"AYON_HEADLESS_MODE": "0", "DISPLAY": ":0"}, True),
        ({"AYON_HEADLESS_MODE": "0", "WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"AYON_HEADLESS_MODE": "0"}, False),
        ({"AYON_HEADLESS_MODE": "1", "DISPLAY": ":0"}, False),
    ],
)
def test_windows_of_a_launch_need_a_display(
    addon: Any,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    is_made: bool,
) -> None:
    from ayon_core.tools import utils  # noqa: PLC0415 - from the stand-in
    from ayon_sitesync import host  # noqa: PLC0415 - needs ayon_core

    made: list[str] = []
    monkeypatch.setattr(utils, "get_ayon_qt_app", lambda: made.append("application"))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    host.prepare_windows()
    assert bool(made) == is_made


def test_qt_that_fails_lets_a_launch_go_on(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ayon_sitesync import host  # noqa: PLC0415 - needs ayon_core

    monkeypatch.setenv("AYON_HEADLESS_MODE", "0")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setitem(sys.modules, "qtpy", None)
    host.prepare_windows()
    monkeypatch.setitem(sys.modules, "ayon_core.tools.utils", None)
    host.prepare_windows()


# --- tray and command line -----------------------------------------------------------


class Tray:
    """The tray's side of what the addon uses."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], Any] = {}
        self.messages: list[str] = []
        self.waiting: list[Any] = []

    def execute_in_main_thread(self, callback: Any) -> None:
        self.waiting.append(callback)

    def run_main_thread(self) -> None:
        for callback in self.waiting:
            callback()

    def add_route(self, method: str, path: str, handler: Any) -> None:
        self.routes[method, path] = handler

    def show_tray_message(self, title: str, text: str, *more: Any) -> None:
        self.messages.append(text)


def test_d12_d49_other_processes_wake_the_agent_by_a_request(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = ModuleType("aiohttp.web")
    vars(web).update(Response=lambda status: status)
    aiohttp = ModuleType("aiohttp")
    vars(aiohttp).update(web=web)
    monkeypatch.setitem(sys.modules, "aiohttp", aiohttp)
    monkeypatch.setitem(sys.modules, "aiohttp.web", web)
    tray = Tray()
    addon.webserver_initialization(tray)
    woken = threading.Event()
    monkeypatch.setattr(addon._services.wake, "wake_here", woken.set)
    handler = tray.routes["POST", "/sitesync/reset_timer"]
    assert asyncio.run(handler(None)) == 204
    assert woken.is_set()


def test_a_tray_that_is_asked_to_wake_asks_nobody(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own web server is the tray that a call would go to: without end."""
    sent: list[str] = []
    monkeypatch.setattr(addon._services.wake, "send", lambda: sent.append("sent"))
    addon._services.wake.receive()
    assert sent == []


def test_d12_wake_without_a_tray_is_silent(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    addon.reset_timer()
    monkeypatch.setenv("AYON_WEBSERVER_URL", "http://127.0.0.1:1")
    addon.reset_timer()
    for thread in threading.enumerate():
        if thread.name == "sitesync-wake":
            thread.join()


def test_failures_become_notifications(addon: Any) -> None:
    addon._show_notification("there is no tray: nothing happens")
    addon._tray_manager = tray = Tray()
    addon._show_notification("/shots/sh010 plate: disk full")
    assert tray.messages == []
    tray.run_main_thread()
    assert tray.messages == ["/shots/sh010 plate: disk full"]


@pytest.mark.parametrize("command_name", ["syncservice", "syncserver"])
def test_service_runs_an_agent_of_the_site(
    addon: Any, core: Any, monkeypatch: pytest.MonkeyPatch, command_name: str
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(
        "ayon_sitesync.cli.main", lambda arguments: ran.append(arguments) or 1
    )
    root = Group()
    addon.cli(root)
    (group,) = root.commands
    commands = {command.described["name"]: command for command in group.commands}
    assert group.described["name"] == "sitesync"
    command = commands[command_name]
    assert command.options == [("-a", "--active_site", "--active-site", "active_site")]
    with pytest.raises(SystemExit) as exit_info:
        command.function(active_site="studio")
    assert exit_info.value.code == 1
    assert ran == [["agent", "--addon-version", ayon_sitesync.__version__]]
    assert os.environ["AYON_SITE_ID"] == "studio"


class Group:
    """click's root group."""

    def __init__(self) -> None:
        self.commands: list[Any] = []

    def add_command(self, command: Any) -> None:
        self.commands.append(command)
