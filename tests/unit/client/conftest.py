"""The addon over a stand-in of ayon_core, and a server in memory behind it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ayon_sitesync
import pytest

from .memory_host import MemoryHost

STANDIN = Path(__file__).parents[2] / "support/ayon_core_standin"
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
def make_addon(core: Any) -> Callable[[], Any]:
    """Makes an addon of the class that AYON's loader finds in the package."""
    found = [getattr(ayon_sitesync, name) for name in dir(ayon_sitesync)]
    (cls,) = [c for c in found if inspect.isclass(c) and issubclass(c, core.AYONAddon)]
    return lambda: cls(None, {})


@pytest.fixture
def addon(make_addon: Callable[[], Any]) -> Any:
    return make_addon()


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
