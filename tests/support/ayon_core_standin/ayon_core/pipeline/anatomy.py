"""Asks the addon for the site and its roots as core's Anatomy does."""

from __future__ import annotations

import platform
import re
from typing import Any

import ayon_api

from ayon_core.addon import AddonsManager
from ayon_core.lib import get_local_site_id


class StringTemplate:
    """A path with keys as `{folder[name]}`, `<optional parts>` and versions."""

    def __init__(self, text: str, padding: int) -> None:
        self._text = text
        self._padding = padding

    def format_strict(self, data: dict[str, Any]) -> str:
        text = re.sub("<[^>]*>", "", self._text)
        text = text.replace("{@version}", f"v{data['version']:0{self._padding}}")
        return re.sub(
            "/+", "/", re.sub(r"{[^{}]*}", lambda key: _fill(key, data), text)
        )


def _fill(match: re.Match[str], data: dict[str, Any]) -> str:
    value: Any = data
    for key in re.findall(r"\w+", match.group()):
        value = value[key]
    return str(value)


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
        self._templates: dict[str, Any] = project["config"]["templates"]

    def get_template_item(
        self, category: str, name: str, subkey: str
    ) -> StringTemplate:
        assert subkey == "path"
        item = self._templates[category][name]
        path = self.fill_root(f"{item['directory']}/{item['file']}")
        return StringTemplate(path, self._templates["common"]["version_padding"])

    @classmethod
    def get_sitesync_addon(cls) -> Any:
        if cls._addon is None:
            cls._addon = AddonsManager().get_enabled_addon("sitesync")
        return cls._addon

    def fill_root(self, path: str) -> str:
        for name, root in self._roots.items():
            path = path.replace(f"{{root[{name}]}}", root)
        return path
