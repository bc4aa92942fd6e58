"""Calls the addon as the Loader's model does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ayon_api

from ayon_core.addon import AddonsManager


class SiteSyncModel:
    def __init__(self, controller: Any) -> None:
        self._addon = AddonsManager().get("sitesync")

    def reset(self) -> None:
        pass

    def is_sitesync_enabled(self, project_name: str) -> bool:
        addon = self._addon
        return bool(
            addon.enabled and addon.is_project_enabled(project_name, single=True)
        )

    def get_active_site(self, project_name: str) -> Any:
        return self._addon.get_active_site(project_name)

    def get_remote_site(self, project_name: str) -> Any:
        return self._addon.get_remote_site(project_name)

    def get_active_site_icon_def(self, project_name: str) -> Any:
        return self._find_icon(project_name, self.get_active_site(project_name))

    def get_remote_site_icon_def(self, project_name: str) -> Any:
        return self._find_icon(project_name, self.get_remote_site(project_name))

    def _find_icon(self, project_name: str, site: str) -> Any:
        provider = "studio"
        if site != self._addon.DEFAULT_SITE:
            provider = self._addon.get_provider_for_site(project_name, site)
        return self._addon.get_site_icons().get(provider)

    def get_version_sync_availability(
        self, project_name: str, version_ids: Iterable[str]
    ) -> dict[str, tuple[int, int]]:
        sites = self.get_active_site(project_name), self.get_remote_site(project_name)
        ids = set(version_ids)
        found = self._addon.get_version_availability(project_name, ids, *sites)
        return {version_id: found.get(version_id, (0, 0)) for version_id in ids}

    def get_representations_sync_status(
        self, project_name: str, representation_ids: Iterable[str]
    ) -> dict[str, tuple[float, float]]:
        sites = self.get_active_site(project_name), self.get_remote_site(project_name)
        ids = set(representation_ids)
        found = self._addon.get_representations_sync_state(project_name, ids, *sites)
        return {one: found.get(one, (0.0, 0.0)) for one in ids}

    def trigger_action_item(self, project_name: str, data: dict[str, Any]) -> None:
        addon = self._addon
        ids = data["representation_ids"]
        entities = {
            entity["id"]: entity
            for entity in ayon_api.get_representations(
                project_name, representation_ids=ids
            )
        }
        active = self.get_active_site(project_name)
        for representation_id in ids:
            action = data["action_identifier"]
            if action == "sitesync.remove":
                addon.remove_site(
                    project_name, representation_id, active, remove_local_files=True
                )
                continue
            site = active
            if action == "sitesync.upload":
                site = self.get_remote_site(project_name)
            entity = entities[representation_id]
            addon.add_site(project_name, entity["id"], site, force=True)
            if entity["context"].get("product", {}).get("type") == "workfile":
                self._add_inputs(project_name, entity, site)

    def _add_inputs(self, project_name: str, entity: Any, site: str) -> None:
        links = ayon_api.get_versions_links(
            project_name,
            {entity["versionId"]},
            link_types=["reference"],
            link_direction="in",
        )
        versions = {
            link["entityId"]
            for found in links.values()
            for link in found
            if link["entityType"] == "version"
        }
        for linked in ayon_api.get_representations(
            project_name, version_ids=versions, fields=["id"]
        ):
            if not self._addon.is_representation_on_site(
                project_name, linked["id"], site
            ):
                self._addon.add_site(project_name, linked["id"], site, force=True)
