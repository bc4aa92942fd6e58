"""Asks the addon for the site and its roots as core's Anatomy does."""

from __future__ import annotations

import platform
from typing import Any

import ayon_api

from ayon_core.addon import AddonsManager
from ayon_core.lib import get_local_site_id


class Anatomy:
    _addon: Any = None

    def __init__(self, project_name: str, site_name: str | None = None) -> None:
        addon = self.get_sitesync_addon()
        if addon is None or not addon.enabled:
            site_name = "studio"
        elif not site_name:
            site_name = addon.get_active_site_type(project_name)
        if site_name == "studio":
            overrides = ayon_api.get_project_root_overrides_by_site_id(
                project_name, get_local_site_id()
            )
        else:
            overrides = addon.get_site_root_overrides(project_name, site_name)
        project: Any = ayon_api.get_project(project_name)
        key = platform.system().lower()
        self._roots: dict[str, str] = {
            name: paths[key] for name, paths in project["config"]["roots"].items()
        }
        self._roots.update(overrides or {})

    @classmethod
    def get_sitesync_addon(cls) -> Any:
        if cls._addon is None:
            cls._addon = AddonsManager().get_enabled_addon("sitesync")
        return cls._addon

    def fill_root(self, path: str) -> str:
        for name, root in self._roots.items():
            path = path.replace(f"{{root[{name}]}}", root)
        return path
