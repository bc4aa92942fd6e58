"""AYON finds the addon in the package and gets what it asks for."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import ayon_sitesync
import pytest
from ayon_sitesync.statuses import SiteSyncStatus, SyncStatus

from .memory_host import MemoryHost

ROOT = Path(__file__).parents[3]
STANDIN = ROOT / "tests/support/ayon_core_standin"
CORE_MODULES = ("ayon_core", "pyblish", "ayon_applications")
OWN_MODULES = ("addon", "host", "core_api", "compat_api", "compat_names", "utils")


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The stand-in of ayon_core on the path, modules that use it loaded anew."""
    monkeypatch.syspath_prepend(str(STANDIN))
    monkeypatch.setenv("AYON_SITE_ID", "brisk-amber-fox")
    monkeypatch.setenv("AYON_SERVER_URL", f"http://{tmp_path.name}.invalid")
    monkeypatch.setenv("AYON_LAUNCHER_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("AYON_HEADLESS_MODE", "1")
    monkeypatch.delenv("AYON_WEBSERVER_URL", raising=False)
    monkeypatch.delenv("AYON_SITESYNC_ENABLED", raising=False)
    _forget_modules(monkeypatch)
    import ayon_core.addon  # noqa: PLC0415 - from the path above

    yield ayon_core.addon
    _forget_modules(monkeypatch)


def _forget_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in CORE_MODULES:
            monkeypatch.delitem(sys.modules, name)
    for name in OWN_MODULES:
        sys.modules.pop(f"ayon_sitesync.{name}", None)
        vars(ayon_sitesync).pop(name, None)


@pytest.fixture
def addon(core: Any) -> Any:
    return make_addon(core)


def make_addon(core: Any) -> Any:
    # As AYON's loader looks for it.
    found = [getattr(ayon_sitesync, name) for name in dir(ayon_sitesync)]
    (cls,) = [c for c in found if inspect.isclass(c) and issubclass(c, core.AYONAddon)]
    return cls(None, {})


@pytest.fixture
def host(addon: Any, monkeypatch: pytest.MonkeyPatch) -> MemoryHost:
    """The server behind the addon."""
    memory = MemoryHost()
    services = addon._services
    for part in (services, services.settings, services.states, services.publish):
        for name in ("client", "_client"):
            if hasattr(part, name):
                monkeypatch.setattr(part, name, memory)
    return memory


def test_addon_is_what_the_server_half_is_named(addon: Any) -> None:
    version = ayon_sitesync.__version__
    assert (addon.name, addon.version, addon.enabled) == ("sitesync", version, True)
    assert (addon.DEFAULT_SITE, addon.LOCAL_SITE) == ("studio", "local")
    assert addon.endpoint_prefix == f"addons/sitesync/{version}"


def test_environment_switches_it_off(
    core: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AYON_SITESYNC_ENABLED", "0")
    addon = make_addon(core)
    assert not addon.enabled
    assert not addon.is_project_enabled("demo", True)
    assert addon.get_active_site("demo") == "studio"
    assert addon.get_enabled_projects() == []


def test_making_it_asks_nobody(core: Any, host: MemoryHost) -> None:
    make_addon(core)
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


# --- settings ------------------------------------------------------------------------


SITES = [
    {
        "name": "nas",
        "provider": "local_drive",
        "alternative_sites": [],
        "local_drive": {
            "roots": [{"name": "work", "linux": "/mnt/nas", "windows": ""}]
        },
    },
    {"name": "cloud", "provider": "gdrive", "gdrive": {"roots": "/My Drive"}},
    {"name": "empty", "provider": ""},
]


@pytest.fixture
def project(host: MemoryHost) -> str:
    host.settings = {
        "enabled": True,
        "config": {"active_site": "studio", "remote_site": "cloud", "retry_cnt": 3},
        "local_setting": {
            "active_site": "local",
            "remote_site": "",
            "local_roots": [{"name": "work", "path": "/home/artist"}],
        },
        "sites": SITES,
    }
    return "demo"


def test_sites_of_the_artist_before_the_project(addon: Any, project: str) -> None:
    assert addon.get_active_site_type(project) == "local"
    assert addon.get_active_site(project) == "brisk-amber-fox"
    assert addon.get_remote_site(project) == "cloud"
    assert addon.get_local_normalized_site("brisk-amber-fox") == "local"
    assert addon.get_local_normalized_site("cloud") == "cloud"


def test_roots_are_of_this_machine_and_never_raise(addon: Any, project: str) -> None:
    for site in ("local", "brisk-amber-fox"):
        assert addon.get_site_root_overrides(project, site) == {"work": "/home/artist"}
    for site in ("studio", "cloud", "nowhere"):
        assert addon.get_site_root_overrides(project, site) == {}


def test_prepared_settings_of_a_machine_count_instead_of_the_stored(
    addon: Any, project: str
) -> None:
    own = {
        "active_site": "nas",
        "local_roots": [{"name": "work", "path": "/home/other"}],
    }
    for prepared in (own, {"local_setting": own}):
        assert addon.get_active_site_type(project, prepared) == "nas"
        roots = addon.get_site_root_overrides(project, "local", prepared)
        assert roots == {"work": "/home/other"}
    assert addon.get_active_site_type(project, {}) == "studio"


def test_site_id_is_read_once_and_follows_the_environment(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ayon_sitesync import host  # noqa: PLC0415 - needs ayon_core

    asked: list[str] = []

    def read() -> str:
        asked.append("site id")
        return os.environ.get("AYON_SITE_ID") or "id-of-the-file"

    monkeypatch.setattr(host, "get_local_site_id", read)
    monkeypatch.delenv("AYON_SITE_ID")
    for _ in range(3):
        assert addon.get_local_normalized_site("id-of-the-file") == "local"
    assert asked == ["site id"]
    monkeypatch.setenv("AYON_SITE_ID", "another-machine")
    assert addon.get_local_normalized_site("another-machine") == "local"


def test_d14_project_sites_have_their_provider(addon: Any, project: str) -> None:
    providers = {
        site: addon.get_provider_for_site(project, site)
        for site in ("nas", "cloud", "empty", "nowhere", "studio", "local")
    }
    assert providers == {
        "nas": "local_drive",
        "cloud": "gdrive",
        "empty": "N/A",
        "nowhere": "N/A",
        "studio": "local_drive",
        "local": "local_drive",
    }
    shaped = addon.get_sync_project_setting(project, cached=False)
    assert shaped["sites"]["empty"]["provider"] == ""
    assert addon.get_provider_for_site(site="brisk-amber-fox") == "local_drive"


def test_settings_have_roots_by_site_and_name(addon: Any, project: str) -> None:
    for shaped in (
        addon.get_sync_project_setting(project, exclude_locals=False, cached=False),
        addon.sync_project_settings[project],
    ):
        roots = {name: site["root"] for name, site in shaped["sites"].items()}
        assert roots["studio"] == {"work": "/mnt/studio"}
        assert roots["nas"]["work"]["linux"] == "/mnt/nas"
        assert roots["local"] == roots["brisk-amber-fox"] == {"work": "/home/artist"}
        assert roots["cloud"] == "/My Drive"
        assert shaped["config"]["retry_cnt"] == 3


def test_d15_a_project_may_be_on_in_a_studio_where_it_is_off(
    addon: Any, host: MemoryHost, project: str
) -> None:
    host.shared = {"enabled": False, "sites": []}
    found = addon.compute_resource_sync_sites(project_name=project)
    assert found == [
        {"name": "brisk-amber-fox", "status": SiteSyncStatus.OK},
        {"name": "cloud", "status": SiteSyncStatus.QUEUED},
    ]


def test_reads_never_raise_without_a_server(addon: Any, host: MemoryHost) -> None:
    host.is_down = True
    assert addon.is_project_enabled("demo", single=True) is False
    assert addon.get_active_site_type("demo") == "studio"
    assert addon.get_remote_site("demo") == "studio"
    assert addon.get_version_availability("demo", {"v"}, "a", "b") == {"v": (0, 0)}
    assert addon.get_representations_sync_state("demo", {"r"}, "a") == {"r": (0.0, 0.0)}
    entity = {"id": "r", "context": {"project": {"name": "demo"}}}
    assert addon.get_progress_for_repre(entity, "a", "b") == {"a": -1, "b": -1}
    assert addon.is_representation_on_site("demo", "r", "a") is False
    assert addon.get_representations_sites_sync_state("demo", ["r"]) == []


def test_progress_has_both_keys_in_both_forms(addon: Any, host: MemoryHost) -> None:
    host.rows[("r", "a")] = SiteSyncStatus.OK
    entity = {"id": "r", "context": {"project": {"name": "demo"}}}
    assert addon.get_progress_for_repre(entity, "a", "b") == {"a": 1, "b": -1}
    assert addon.get_progress_for_repre(entity, "a", "a") == {"a": 1}
    assert addon.get_progress_for_repre(entity, "a") == {"a": 1, None: -1}
    found = addon.get_progress_for_repre(
        "demo", representation=entity, local_site_name="a", remote_site_name="b"
    )
    assert found == {"a": 1, "b": -1}


# --- what others call ----------------------------------------------------------------


FILE = {
    "id": "f1",
    "fileHash": "x",
    "size": 1000,
    "localStatus": {"status": 0, "retries": 1},
    "remoteStatus": {"status": 4, "retries": 0},
}


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ({"new_file_id": "x"}, {"status": 4, "size": 1000}),
        ({"progress": 0.25}, {"status": 0, "size": 250}),
        ({"progress": 100}, {"status": 0, "size": 1000}),
        ({"error": "full"}, {"status": 2, "message": "full", "retries": 2}),
        ({"error": ""}, {"status": 2, "retries": 2}),
        ({"pause": True}, {"status": 3}),
        ({"pause": False}, {"status": 1}),
    ],
)
def test_d8_d10_d25_results_of_one_file(
    addon: Any, host: MemoryHost, said: dict[str, Any], posted: dict[str, Any]
) -> None:
    addon.update_db(
        "demo", {"representationId": "r"}, "local", file=FILE, side="local", **said
    )
    (state,) = host.written
    assert state["siteName"] == "brisk-amber-fox"
    (file,) = state["files"]
    assert file["id"] == "f1"
    assert {key: file[key] for key in posted} == posted
    assert file.get("message") != ""


def test_d31_aliases_are_left_to_the_server(addon: Any, host: MemoryHost) -> None:
    addon.handle_alternate_site("demo", "r", "sftp", "f1")
    assert host.requests == []


@pytest.mark.parametrize(
    ("local", "remote", "expected"),
    [
        (1, 4, SyncStatus.DO_DOWNLOAD),
        (4, 1, SyncStatus.DO_UPLOAD),
        (4, 4, SyncStatus.DO_NOTHING),
        (2, 2, SyncStatus.DO_NOTHING),
    ],
)
def test_direction_of_a_file(
    addon: Any, local: int, remote: int, expected: int
) -> None:
    state = {
        "localStatus": {"status": local, "retries": 0},
        "remoteStatus": {"status": remote, "retries": 0},
    }
    config = {"retry_cnt": 3}
    assert addon.check_status(state, "brisk-amber-fox", "studio", config) == expected
    assert addon.check_status(state, "cloud", "studio", config) == SyncStatus.DO_NOTHING


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
