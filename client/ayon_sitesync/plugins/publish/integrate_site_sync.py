"""Tells Site Sync where a publish is and where it has to go."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

import pyblish.api

from ayon_sitesync.spool import Publish


class IntegrateSiteSync(pyblish.api.InstancePlugin):
    """One request for all representations of an instance; a publish never fails here.

    Representations that existed before are wanted again on every site that had them.
    """

    order = pyblish.api.IntegratorOrder + 0.2
    label = "Integrate Site Sync state"

    def process(self, instance: Any) -> None:
        try:
            self._process(instance)
        except Exception:
            # The files are integrated: whatever is wrong here, the publish stands.
            self.log.warning("Site Sync could not be told", exc_info=True)

    def _process(self, instance: Any) -> None:
        addon = instance.context.data["ayonAddonsManager"].get_enabled_addon("sitesync")
        if addon is None:
            return
        publish = _describe_publish(instance)
        if not publish.ids:
            self.log.debug("Instance does not have published representations")
            return
        is_told = addon.write_publish(publish, _find_user(instance.context.data))
        if not is_told:
            self.log.warning("Site Sync could not be told all of it; see the log")


def _describe_publish(instance: Any) -> Publish:
    """What the integrators left in the instance.

    Of traits and of a hero version they tell the version only.
    """
    data = instance.data
    version_ids = []
    if data.get("publishedRepresentationsWithTraits"):
        version_ids.append(str(data["versionEntity"]["id"]))
    if data.get("heroVersionEntity"):
        version_ids.append(str(data["heroVersionEntity"]["id"]))
    new_ids, replaced_ids = _split_published(data)
    return Publish(
        _find_project_name(instance.context.data),
        *(tuple(new_ids), tuple(replaced_ids), tuple(version_ids)),
    )


def _find_project_name(context_data: Mapping[str, Any]) -> str:
    entity = context_data.get("projectEntity") or {}
    return str(entity.get("name") or context_data["projectName"])


def _find_user(context_data: Mapping[str, Any]) -> str:
    return str(context_data.get("user") or getpass.getuser())


def _split_published(data: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Ids of representations that this publish made, and of those that it replaced."""
    new_ids: list[str] = []
    replaced_ids: list[str] = []
    for representation_id, info in (
        data.get("published_representations") or {}
    ).items():
        # The integrator gives None for what did not exist before.
        is_new = "repre_update_data" in info and info["repre_update_data"] is None
        (new_ids if is_new else replaced_ids).append(representation_id)
    return new_ids, replaced_ids
