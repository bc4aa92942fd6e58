"""The addon in this process, against a devhost, driven as ayon_core drives it."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ayon_api
import pytest

from devhost.process import DevhostProcess
from tests.support.ayon_core_path import is_real_core, put_core_on_path
from tests.support.devhost_process import run_devhost
from tests.support.host_studio import MACHINE, HostStudio, Requests, count_requests

put_core_on_path()
CLIENT = Path(__file__).parents[3] / "client"
VERSION = "2.0.0"


@pytest.fixture(scope="session")
def devhost_process() -> Iterator[DevhostProcess]:
    """One devhost for all tests here; each has a project of its own."""
    with run_devhost() as process:
        yield process


@pytest.fixture
def studio(
    devhost_process: DevhostProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HostStudio]:
    """A configured project; this process is logged in as the artist on his machine."""
    version = devhost_process.addon_url.rstrip("/").rsplit("/", 1)[-1]
    made = HostStudio(devhost_process, tmp_path, version)
    made.configure()
    monkeypatch.setenv("AYON_SERVER_URL", devhost_process.url)
    monkeypatch.setenv("AYON_API_KEY", devhost_process.users["artist"])
    monkeypatch.setenv("AYON_SITE_ID", MACHINE)
    monkeypatch.setenv("AYON_HEADLESS_MODE", "1")
    monkeypatch.setenv("AYON_LAUNCHER_LOCAL_DIR", str(tmp_path / "launcher"))
    monkeypatch.setenv("AYON_LAUNCHER_STORAGE_DIR", str(tmp_path / "launcher"))
    monkeypatch.setenv("HOME", str(tmp_path))
    addons = tmp_path / "addons"
    (addons / f"sitesync_{version}").mkdir(parents=True)
    package = addons / f"sitesync_{version}" / "ayon_sitesync"
    package.symlink_to(CLIENT / "ayon_sitesync", target_is_directory=True)
    monkeypatch.setenv("AYON_ADDONS_DIR", str(addons))
    bundles = ayon_api.ServerAPI(devhost_process.url, devhost_process.admin_key)
    bundle = next(
        one["name"] for one in bundles.get_bundles()["bundles"] if one["isProduction"]
    )
    bundles.close_session()
    monkeypatch.setenv("AYON_BUNDLE_NAME", bundle)
    monkeypatch.setenv("AYON_STUDIO_BUNDLE_NAME", bundle)
    monkeypatch.delenv("AYON_WEBSERVER_URL", raising=False)
    ayon_api.close_connection()
    ayon_api.create_connection(MACHINE, "1.0.0")
    path = list(sys.path)
    yield made
    ayon_api.close_connection()
    made.close()
    sys.path[:] = path


@pytest.fixture
def manager(studio: HostStudio) -> Any:
    """AYON's manager of addons with what the launcher unpacked."""
    if is_real_core():
        base = importlib.import_module("ayon_core.addon.base")
        base._LoadCache.addons_loaded = False
    return importlib.import_module("ayon_core.addon").AddonsManager()


@pytest.fixture
def addon(manager: Any) -> Any:
    found = manager.get_enabled_addon("sitesync")
    assert found is not None
    return found


@pytest.fixture
def sent(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Requests]:
    """Requests since the test began; settings are known already."""
    with count_requests(monkeypatch) as noted:
        yield noted
