"""Publishes the `resources` folder beside a workfile along with it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pyblish.api

from ayon_sitesync.published_workfile import collect_resources


class CollectWorkfileResources(pyblish.api.InstancePlugin):
    """Files of `resources` become files of the published workfile.

    They go where it goes, and are re-created when it is downloaded.
    """

    # After core's "Collect Resources Path".
    order = pyblish.api.CollectorOrder + 0.4951
    label = "Collect resources of workfile"
    families = ("workfile",)

    def process(self, instance: Any) -> None:
        addons = instance.context.data["ayonAddonsManager"]
        project_name = instance.context.data["projectName"]
        addon = addons.get_enabled_addon("sitesync")
        if addon is None or not addon.is_project_enabled(project_name, single=True):
            return
        work_file = instance.context.data.get("currentFile")
        target = instance.data.get("resourcesDir")
        if not work_file or not target:
            return
        transfers = instance.data.setdefault("transfers", [])
        for source, relative in collect_resources(work_file):
            destination = str(PurePath(target, relative)).replace("\\", "/")
            transfers.append([source, destination])
            self.log.debug("Published along: %s", source)
