"""Calls the addon as the Scene Inventory's model does: one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ayon_api

from ayon_core.addon import AddonsManager


class SiteSyncModel:
    def __init__(self, controller: Any) -> None:
        self._addon = AddonsManager().get("sitesync")

    def get_sites_information(self, project_name: str) -> dict[str, Any]:
        addon = self._addon
        found = {}
        for key in ("active_site", "remote_site"):
            site = getattr(addon, "get_" + key)(project_name)
            found[key] = site
            found[key + "_provider"] = (
                "studio"
                if site == "studio"
                else addon.get_provider_for_site(project_name, site)
            )
        return found

    def get_site_provider_icons(self) -> Any:
        return self._addon.get_site_icons()

    def get_representations_site_progress(
        self, project_name: str, representation_ids: Iterable[str]
    ) -> dict[str, dict[str, float]]:
        active = self._addon.get_active_site(project_name)
        remote = self._addon.get_remote_site(project_name)
        output = {}
        for entity in ayon_api.get_representations(
            project_name, set(representation_ids)
        ):
            found = self._addon.get_progress_for_repre(entity, active, remote)
            output[entity["id"]] = {
                "active_site": found[active],
                "remote_site": found[remote],
            }
        return output

    def resync_representations(
        self, project_name: str, representation_ids: Iterable[str], site_type: str
    ) -> None:
        progress = self.get_representations_site_progress(
            project_name, representation_ids
        )
        other = "remote_site" if site_type == "active_site" else "active_site"
        site = getattr(self._addon, "get_" + site_type)(project_name)
        for representation_id in representation_ids:
            if progress.get(representation_id, {}).get(other) == 1:
                self._addon.add_site(project_name, representation_id, site, force=True)
