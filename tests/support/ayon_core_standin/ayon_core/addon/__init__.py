from __future__ import annotations

import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import Any

from . import click_wrap


class AYONAddon:
    name = ""
    version = "0.0.0"
    enabled = True

    def __init__(self, manager: Any, settings: dict[str, Any]) -> None:
        self.manager = manager
        self.initialize(settings)

    def initialize(self, settings: dict[str, Any]) -> None:
        pass

    def connect_with_addons(self, enabled_addons: list[AYONAddon]) -> None:
        pass


class IPluginPaths:
    pass


class ITrayAddon:
    tray_initialized = False
    _tray_manager: Any = None


class AddonsManager:
    """Finds addons in the folders of AYON_ADDONS_DIR, as the launcher unpacks them."""

    def __init__(self) -> None:
        self._addons: dict[str, AYONAddon] = {}
        for folder in sorted(Path(os.environ["AYON_ADDONS_DIR"]).iterdir()):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
            for package in folder.iterdir():
                self._load(importlib.import_module(package.name))
        for addon in self._addons.values():
            addon.connect_with_addons(list(self._addons.values()))

    def _load(self, module: Any) -> None:
        for name in dir(module):
            found = getattr(module, name)
            if inspect.isclass(found) and issubclass(found, AYONAddon):
                addon = found(self, {})
                self._addons[addon.name] = addon

    def get(self, name: str, default: Any = None) -> Any:
        return self._addons.get(name, default)

    def get_enabled_addon(self, name: str, default: Any = None) -> Any:
        addon = self.get(name)
        return addon if addon is not None and addon.enabled else default


__all__ = ("AYONAddon", "AddonsManager", "IPluginPaths", "ITrayAddon", "click_wrap")
