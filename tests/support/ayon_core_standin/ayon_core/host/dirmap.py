"""Maps roots of the remote site to this machine's as core's HostDirmap does."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any


class HostDirmap:
    def __init__(
        self,
        host_name: str,
        project_name: str,
        project_settings: Any = None,
        sitesync_addon: Any = None,
    ) -> None:
        self.project_name = project_name
        self.sitesync_addon = sitesync_addon

    def _get_local_sync_dirmap(self) -> dict[str, list[str]]:
        addon, project_name = self.sitesync_addon, self.project_name
        if not addon.enabled or not addon.is_project_enabled(project_name, True):
            return {}
        active, remote = (
            addon.get_local_normalized_site(find(project_name))
            for find in (addon.get_active_site, addon.get_remote_site)
        )
        if active != "local" or active == remote:
            return {}
        settings = addon.get_sync_project_setting(
            project_name, exclude_locals=False, cached=False
        )
        own = addon.get_site_root_overrides(project_name, active)
        theirs = addon.get_site_root_overrides(project_name, remote)
        if addon.get_provider_for_site(project_name, remote) != "local_drive":
            remote = "studio"
        mapping: dict[str, list[str]] = {}
        for name, folder in own.items():
            source = theirs.get(name) or settings["sites"][remote]["root"][name]
            if isinstance(source, dict):
                source = source.get(platform.system().lower())
            if source and Path(folder).is_dir():
                mapping.setdefault("destination_path", []).append(folder)
                mapping.setdefault("source_path", []).append(source)
        return mapping
