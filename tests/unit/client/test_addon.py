"""AYON finds the addon in the package and gets what it asks for."""

from __future__ import annotations

import inspect
import os
import sys
from types import ModuleType
from typing import Any

import ayon_sitesync
import pytest


class Addon:
    """What ayon_core's base class gives that matters here."""

    enabled = False


class Command:
    """Takes part in ayon_core's way of declaring commands."""

    def __init__(self, function: Any = None, **described: Any) -> None:
        self.function = function
        self.described = described
        self.commands: list[Command] = []
        self.options: list[tuple[str, ...]] = []

    def command(self, function: Any, **described: Any) -> Command:
        self.commands.append(Command(function, **described))
        return self.commands[-1]

    def option(self, *names: str, **described: Any) -> Command:
        self.options.append(names)
        return self

    def to_click_obj(self) -> Command:
        return self

    def add_command(self, command: Command) -> None:
        self.commands.append(command)


@pytest.fixture
def addon(monkeypatch: pytest.MonkeyPatch) -> Any:
    core = ModuleType("ayon_core")
    module = ModuleType("ayon_core.addon")
    click_wrap = ModuleType("click_wrap")
    vars(click_wrap).update(group=Command)
    vars(module).update(AYONAddon=Addon, click_wrap=click_wrap)
    monkeypatch.setitem(sys.modules, "ayon_core", core)
    monkeypatch.setitem(sys.modules, "ayon_core.addon", module)
    monkeypatch.delitem(sys.modules, "ayon_sitesync.addon", raising=False)
    # As AYON's loader looks for it.
    found = [getattr(ayon_sitesync, name) for name in dir(ayon_sitesync)]
    (cls,) = [c for c in found if inspect.isclass(c) and issubclass(c, Addon)]
    yield cls()
    sys.modules.pop("ayon_sitesync.addon", None)
    vars(ayon_sitesync).pop("addon", None)


def test_addon_is_what_the_server_half_is_named(addon: Any) -> None:
    version = ayon_sitesync.__version__
    assert (addon.name, addon.version, addon.enabled) == ("sitesync", version, True)
    assert addon.DEFAULT_SITE == "studio"
    assert addon.endpoint_prefix == f"addons/sitesync/{version}"


def test_syncservice_runs_an_agent_of_the_site(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AYON_SITE_ID", "brisk-amber-fox")
    ran: list[list[str]] = []
    module = sys.modules["ayon_sitesync.addon"]
    monkeypatch.setattr(module, "main", lambda arguments: ran.append(arguments) or 1)
    root = Command()
    addon.cli(root)
    (group,) = root.commands
    (command,) = group.commands
    assert group.described["name"] == "sitesync"
    assert command.described["name"] == "syncservice"
    assert command.options == [("-a", "--active_site", "--active-site", "active_site")]
    with pytest.raises(SystemExit) as exit_info:
        command.function(active_site="studio")
    assert exit_info.value.code == 1
    assert ran == [["agent", "--addon-version", ayon_sitesync.__version__]]
    assert os.environ["AYON_SITE_ID"] == "studio"
