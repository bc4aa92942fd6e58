"""The methods of the addon that ayon_core and publishing call.

Names, arguments and shapes of answers are those of the addon this one replaces. Reads
log what goes wrong and answer with a default: callers do not expect errors.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from . import host
from .errors import RequestRefusedError, ServerError
from .publish_sites import compute_publish_sites
from .sites import LOCAL_DRIVE, LOCAL_SITE, STUDIO_SITE
from .statuses import SiteSyncStatus

if TYPE_CHECKING:
    from .addon_services import AddonServices, SettingsByProject
    from .published_workfile import Helper, PublishedWorkfile, WorkfileDownload
    from .spool import Publish

log = logging.getLogger(__name__)

RESOURCES = Path(__file__).parent / "resources"
NO_RECORD = -1


class CoreApi:
    """Mixin of the addon. `enabled` and `version` come from it."""

    DEFAULT_SITE = STUDIO_SITE
    LOCAL_SITE = LOCAL_SITE

    enabled: bool
    version: str

    @property
    def _services(self) -> AddonServices:
        # Hosts import the addon at their start; what is behind it waits for its use.
        from .addon_services import share_services  # noqa: PLC0415

        return share_services(
            self.version,
            host.find_site_id,
            host.find_platform(),
            host.find_spool_folder,
        )

    # --- settings --------------------------------------------------------------------

    def is_project_enabled(self, project_name: str, single: bool = False) -> bool:
        """Whether Site Sync is on in the project, for this machine."""
        return (
            bool(self.enabled) and self._services.settings.find(project_name).is_enabled
        )

    def get_enabled_projects(self) -> list[str]:
        if not self.enabled:
            return []
        names = self._services.settings.list_projects()
        return [name for name in names if self.is_project_enabled(name)]

    def get_active_site_type(
        self, project_name: str, local_settings: Optional[Mapping[str, Any]] = None
    ) -> str:
        """Name of the artist's own site, `local` not translated. Anatomy asks here.

        `local_settings` count instead of those stored for this machine.
        """
        view = self._services.settings.find(project_name)
        if not (self.enabled and view.is_enabled):
            return STUDIO_SITE
        return view.replace_own(local_settings).find_choice("active_site")

    def get_active_site(self, project_name: str) -> str:
        return self._services.normalize(self.get_active_site_type(project_name))

    def get_remote_site(self, project_name: str) -> str:
        choice = self._services.settings.find(project_name).find_choice("remote_site")
        return self._services.normalize(choice)

    def get_local_normalized_site(self, site_name: str) -> str:
        """`local` for this machine's own site, else the name as it is."""
        return LOCAL_SITE if site_name == self._services.site_id else site_name

    def get_site_root_overrides(
        self,
        project_name: str,
        site_name: str,
        local_settings: Optional[Mapping[str, Any]] = None,
    ) -> dict[str, str]:
        """`{root name: folder}` of this machine's site; {} for any other.

        A disk site of the settings has its roots there; they count on this machine.
        `local_settings` count instead of those stored for this machine.
        """
        view = self._services.settings.find(project_name).replace_own(local_settings)
        if not view.is_enabled or site_name == STUDIO_SITE:
            return {}
        if site_name in (LOCAL_SITE, self._services.site_id):
            return view.find_local_roots()
        if self._services.find_provider(project_name, site_name) == LOCAL_DRIVE:
            return self._services.find_roots(project_name, site_name)
        return {}

    def get_sync_project_setting(
        self, project_name: str, exclude_locals: bool = False, cached: bool = True
    ) -> dict[str, Any]:
        """Settings of a project; `sites` is a dict by name, with `root` of each."""
        settings = self._services.settings
        if exclude_locals:
            return settings.read_shared(project_name).shape()
        view = settings.find(project_name)
        return (view if cached else settings.read_anew(project_name)).shape()

    @property
    def sync_project_settings(self) -> SettingsByProject:
        from .addon_services import SettingsByProject  # noqa: PLC0415 - as above

        return SettingsByProject(self._services.settings)

    @property
    def sync_studio_settings(self) -> dict[str, Any]:
        return self._services.settings.read_studio()

    def get_provider_for_site(
        self, project_name: Optional[str] = None, site: Optional[str] = None
    ) -> str:
        """Provider code of a site, a key of `get_site_icons`; `N/A` if unknown."""
        return self._services.find_provider(project_name, site)

    def get_site_icons(self) -> dict[str, dict[str, str]]:
        """Icon definitions by provider code, `studio` among them."""
        return {
            path.stem: {"type": "path", "path": str(path)}
            for path in sorted(RESOURCES.glob("*.png"))
        }

    def compute_resource_sync_sites(self, project_name: str) -> list[dict[str, Any]]:
        """`[{"name", "status"}]`: where a new publish is and where it has to go."""
        if not self.enabled:
            return compute_publish_sites({}, STUDIO_SITE, STUDIO_SITE)
        return self._services.find_publish_sites(project_name)

    # --- reads of states -------------------------------------------------------------

    def get_version_availability(
        self,
        project_name: str,
        version_ids: Iterable[str],
        local_site_name: Optional[str],
        remote_site_name: Optional[str],
        **kwargs: Any,
    ) -> dict[str, tuple[int, int]]:
        """`{version id: (complete on local, complete on remote)}`, counts."""
        ids = list(version_ids)
        sites = [name or "" for name in (local_site_name, remote_site_name)]
        found = self._services.states.read_versions(project_name, ids, sites)
        counts = {}
        for version_id in ids:
            by_site = found.get(version_id, {})
            local, remote = (int(by_site.get(name, 0)) for name in sites)
            counts[version_id] = (local, remote)
        return counts

    def get_representations_sync_state(
        self,
        project_name: str,
        representation_ids: Iterable[str],
        local_site_name: Optional[str],
        remote_site_name: Optional[str] = None,
        **kwargs: Any,
    ) -> dict[str, tuple[float, float]]:
        """`{representation id: (local, remote)}`, 0 to 1, 1 only when complete."""
        ids = list(representation_ids)
        sites = (local_site_name, remote_site_name)
        found = self._services.states.read(project_name, ids, sites)
        output = {}
        for representation_id in ids:
            states = found.get(representation_id, {})
            local, remote = (
                states[name].progress if name in states else 0.0 for name in sites
            )
            output[representation_id] = (local, remote)
        return output

    def get_progress_for_repre(self, *args: Any, **kwargs: Any) -> dict[Any, float]:
        """`{site: progress}` of both given sites; -1 without a record, else 0 to 1.

        Takes `(representation, local_site_name, remote_site_name=None)`, and the same
        after a `project_name`.
        """
        names = ["representation", "local_site_name", "remote_site_name"]
        if not (args and isinstance(args[0], Mapping)):
            names.insert(0, "project_name")
        given = {**dict(zip(names, args)), **kwargs}
        representation = given["representation"]
        project_name = (
            given.get("project_name") or (representation["context"]["project"]["name"])
        )
        sites = (given["local_site_name"], given.get("remote_site_name"))
        states = self._services.states.read_one(
            project_name, str(representation["id"]), sites
        )
        return {
            name: states[name].progress if name in states else NO_RECORD
            for name in sites
        }

    def get_representations_sites_sync_state(
        self,
        project_name: str,
        representation_ids: Iterable[str],
        site_names: Optional[Iterable[str]] = None,
    ) -> list[dict[str, Any]]:
        """`[{"representationId", "siteName", "status"}]` of every site."""
        names = None if site_names is None else list(site_names)
        return self._services.states.list_all(project_name, representation_ids, names)

    def is_representation_on_site(
        self,
        project_name: str,
        representation_id: str,
        site_name: str,
        max_retries: Optional[int] = None,
    ) -> bool:
        """Whether all files are there. With `max_retries`: `ValueError` when a file
        failed as often."""
        return self._services.states.is_present(
            *(project_name, representation_id, self._services.normalize(site_name)),
            max_retries,
        )

    # --- writes of states ------------------------------------------------------------

    def add_site(
        self,
        project_name: str,
        representation_id: str,
        site_name: Optional[str] = None,
        file_id: Optional[str] = None,
        force: bool = False,
        status: int = SiteSyncStatus.QUEUED,
    ) -> None:
        """Want a representation, or one file of it, on a site; transfers start at once.

        `force`: also when the site has a row, which begins anew. Raises
        `SiteAlreadyPresentError` without it, `ValueError` for an unknown site.
        """
        self._services.states.add(
            project_name,
            representation_id,
            self._services.normalize(site_name or STUDIO_SITE),
            status=status,
            file_id=file_id,
            force=force,
        )
        self._services.wake.send()

    def remove_site(
        self,
        project_name: str,
        representation_id: str,
        site_name: str,
        remove_local_files: bool = False,
    ) -> None:
        """Forget a representation on a site, with its files when they are this
        machine's. What must not be removed is told to the user, not raised."""
        services = self._services
        name = services.normalize(site_name)
        files = (
            services.open_local_files(project_name, name)
            if remove_local_files
            else None
        )
        try:
            paths = files.find_own_paths(representation_id) if files else []
            services.states.remove(project_name, representation_id, name)
        except RequestRefusedError as error:
            host.show_message("Site Sync", f"Nothing was removed. {error}")
            return
        if files:
            files.delete(paths)

    def reset_timer(self) -> None:
        """Let the agent of this machine look for work now."""
        self._services.wake.send()

    def write_publish(self, publish: Publish, user_name: str) -> bool:
        """Tell the server where a publish is and has to go; never raises.

        Returns whether it knows now. Else it is told later, or the log says so.
        """
        try:
            return self._services.publish.write(
                publish, user_name=user_name, on_render_node=host.is_render_node()
            )
        finally:
            self._services.wake.send()

    # --- workfiles -------------------------------------------------------------------

    def make_workfile_download(self, project_name: str) -> Optional[WorkfileDownload]:
        """What brings a published workfile to this user's own disk site; None when
        that site is not a disk of this machine."""
        from .published_workfile import WorkfileDownload  # noqa: PLC0415 - as above

        services = self._services
        site_name = self.get_active_site(project_name)
        if not services.find_roots(project_name, site_name):
            return None
        return WorkfileDownload(
            services,
            project_name,
            site_name,
            make_helper=self._make_helper,
        )

    def _make_helper(self, project_name: str) -> Helper:
        from .tray_agent import TrayAgent  # noqa: PLC0415 - seldom needed

        services = self._services
        return TrayAgent(services.client, services.site_id, projects=(project_name,))

    def find_published_workfile(
        self, project_name: str, folder_id: str, task_id: str, extensions: Iterable[str]
    ) -> Optional[PublishedWorkfile]:
        """The newest workfile published from a task; None when not to be had."""
        from .published_workfile import find_published_workfile  # noqa: PLC0415

        try:
            return find_published_workfile(
                *(self._services.client, project_name, folder_id, task_id, extensions)
            )
        except ServerError as error:
            log.warning("Published workfiles cannot be looked for: %s", error)
            return None

    def find_workfile_inputs(
        self, project_name: str, representation: Mapping[str, Any]
    ) -> list[str]:
        """Ids of representations that a workfile references, as deep as is set."""
        from .published_workfile import find_linked_representations  # noqa: PLC0415

        config = self._services.settings.find(project_name).settings.get("config") or {}
        depth = int(config.get("workfile_link_depth", 1))
        if depth <= 0:
            return []
        try:
            return find_linked_representations(
                self._services.client,
                project_name,
                str(representation["versionId"]),
                "reference",
                depth,
            )
        except ServerError as error:
            log.warning("Inputs of the workfile cannot be looked for: %s", error)
            return []
