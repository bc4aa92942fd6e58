"""Opens the last published workfile when it is newer than what this machine has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Optional

from ayon_applications import LaunchTypes, PreLaunchHook
from ayon_core.lib import filter_profiles
from ayon_core.pipeline.template_data import get_template_data
from ayon_core.pipeline.workfile import get_workfile_template_key

from ayon_sitesync import host
from ayon_sitesync.errors import SiteSyncError
from ayon_sitesync.published_workfile import (
    PublishedWorkfile,
    WorkfileDownload,
    copy_whole,
    read_version,
)
from ayon_sitesync.wait_window import open_wait_window


class CopyLastPublishedWorkfile(PreLaunchHook):
    """Copies the last published workfile into the work folder as its next version.

    Brings linked inputs and the `resources` folder along. Waits a bounded time; a
    launch goes on whatever happens.
    """

    # Before `AddLastWorkfileToLaunchArgs`, after what collects the launch's data
    order = -1
    # Hosts that open the file of the launch's arguments, and those that find it in
    # the environment.
    app_groups: ClassVar[set[str]] = {
        *("blender", "photoshop", "tvpaint", "aftereffects", "nuke", "nukeassist"),
        *("nukex", "hiero", "nukestudio", "maya", "harmony", "celaction", "flame"),
        *("fusion", "houdini", "3dsmax", "adsk_3dsmax", "cinema4d", "gaffer", "loki"),
        *("marvelousdesigner", "openrv", "silhouette", "substancedesigner"),
        *("substancepainter", "wrap"),
    }
    launch_types: ClassVar[set[str]] = {LaunchTypes.local}

    def execute(self) -> None:
        try:
            self._execute()
        except (SiteSyncError, OSError) as error:
            self.log.warning("The last published workfile is not used: %s", error)
        except Exception:
            # AYON's templates and data raise what they like; the launch goes on.
            self.log.warning("The last published workfile is not used", exc_info=True)

    def _execute(self) -> None:
        addon = self._find_addon()
        if addon is None or not self._is_wanted():
            return
        project_name = self.data["project_name"]
        workfile = self._find_newer_workfile(addon)
        download = addon.make_workfile_download(project_name)
        if workfile is None or download is None:
            return
        self.log.info(
            "Downloading the published workfile, version %d", workfile.version
        )
        linked = addon.find_workfile_inputs(project_name, workfile.representation)
        host.prepare_windows()
        with open_wait_window("Published workfile", self.log) as watcher:
            source = download.bring(workfile, linked, watcher)
        if source is None or not source.is_file():
            self.log.warning(
                "The published workfile did not arrive; it goes on without it."
            )
            return
        self._use(source, workfile, download)

    def _find_addon(self) -> Optional[Any]:
        if self.data.get("workfile_path"):
            self.log.debug("Explicit workfile path to open is defined.")
            return None
        if self.data.get("start_last_workfile") is False:
            self.log.debug("The launch was asked to open no last workfile.")
            return None
        addon = self.addons_manager.get("sitesync")
        project_name = self.data["project_name"]
        if (
            addon is None
            or not addon.enabled
            or not addon.is_project_enabled(project_name, True)
        ):
            self.log.debug("Site Sync is not enabled")
            return None
        return addon

    def _is_wanted(self) -> bool:
        """What core's settings say about the first workfile of a launch."""
        tools = self.data["project_settings"]["core"]["tools"]
        profile = filter_profiles(
            tools["Workfiles"]["last_workfile_on_startup"],
            {
                "task_names": self.data["task_name"],
                "task_types": self.data["task_type"],
                "host_names": self.application.host_name,
            },
        )
        is_wanted = bool(
            profile
            and profile.get("enabled")
            and profile.get("use_last_published_workfile", True)
        )
        if not is_wanted:
            self.log.info("The project does not use published workfiles at launch")
        return is_wanted

    def _find_newer_workfile(self, addon: Any) -> Optional[PublishedWorkfile]:
        host_addon = self.addons_manager.get_host_addon(self.application.host_name)
        extensions = host_addon.get_workfile_extensions() if host_addon else []
        if not extensions:
            self.log.debug("The host has no workfile extensions")
            return None
        workfile: Optional[PublishedWorkfile] = addon.find_published_workfile(
            self.data["project_name"],
            self.data["folder_entity"]["id"],
            self.data["task_entity"]["id"],
            extensions,
        )
        if workfile is None:
            self.log.info("There is no published workfile")
            return None
        own = self.data.get("last_workfile_path")
        if own and Path(own).exists() and read_version(own) >= workfile.version:
            self.log.debug("The last workfile of this machine is not older")
            return None
        return workfile

    def _use(
        self, source: Path, workfile: PublishedWorkfile, download: WorkfileDownload
    ) -> None:
        target = self._make_target(source, workfile)
        if target.exists():
            self.log.warning("'%s' is there already and stays", target)
        else:
            copy_whole(source, target)
        count = download.copy_resources(workfile, target.parent)
        self.log.info("'%s' is used, with %d resources", target, count)
        self.data["last_workfile_path"] = str(target)
        # Some hosts do not get it as an argument: they look here.
        self.launch_context.env["AYON_LAST_WORKFILE"] = str(target)
        # Kept for conforming paths in the scene.
        self.data["source_filepath"] = str(source)

    def _make_target(self, source: Path, workfile: PublishedWorkfile) -> Path:
        host_name = self.application.host_name
        settings = self.data["project_settings"]
        data = get_template_data(
            self.data["project_entity"],
            self.data["folder_entity"],
            self.data["task_entity"],
            host_name,
            settings,
        )
        data["version"] = workfile.version + 1
        data["ext"] = source.suffix.lstrip(".")
        key = get_workfile_template_key(
            *(self.data["project_name"], self.data["task_type"], host_name, settings)
        )
        template = self.data["anatomy"].get_template_item("work", key, "path")
        return Path(str(template.format_strict(data)))
