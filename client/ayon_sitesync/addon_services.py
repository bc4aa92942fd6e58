"""The parts behind the addon's methods, made on first use."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable, Optional

from .errors import SiteUnhealthyError
from .local_files import LocalFiles
from .paths import resolve_path
from .project_settings import ProjectSettings, ProjectView, find_provider
from .publish_sites import compute_publish_sites
from .publish_states import PublishStates
from .server_api.host_client import HostClient
from .site_states import SiteStates
from .sites import LOCAL_DRIVE, LOCAL_SITE, STUDIO_SITE
from .spool import Spool, has_waiting
from .wake import Wake

log = logging.getLogger(__name__)

UNKNOWN_PROVIDER = "N/A"

_shared: dict[tuple[str, str, str], AddonServices] = {}
_shared_lock = threading.Lock()


def share_services(
    addon_version: str,
    find_site_id: Callable[[], str],
    platform: str,
    find_spool_folder: Callable[[], Path],
) -> AddonServices:
    """The services of this process: each tool of AYON makes addons of its own, and one
    has to see what the other changed."""
    key = (addon_version, find_site_id(), os.environ.get("AYON_SERVER_URL", ""))
    with _shared_lock:
        if key not in _shared:
            _shared[key] = AddonServices(
                addon_version, find_site_id, platform, find_spool_folder
            )
        return _shared[key]


class AddonServices:
    """One set per process, server and site; safe to use from any thread."""

    def __init__(
        self,
        addon_version: str,
        find_site_id: Callable[[], str],
        platform: str,
        find_spool_folder: Callable[[], Path],
    ) -> None:
        self._find_site_id = find_site_id
        self._find_spool_folder = find_spool_folder
        self.platform = platform
        self.client = HostClient(find_site_id(), addon_version)
        self.settings = ProjectSettings(self.client, find_site_id, platform)
        self.states = SiteStates(self.client)
        self.publish = PublishStates(
            self.client, self.states, self._open_spool, self.require_publish_sites
        )
        self.wake = Wake()

    @property
    def site_id(self) -> str:
        return self._find_site_id()

    def normalize(self, site_name: str) -> str:
        return self.site_id if site_name == LOCAL_SITE else site_name

    def find_provider(
        self, project_name: Optional[str], site_name: Optional[str]
    ) -> str:
        """Provider code of a site, `N/A` for an unknown one."""
        view = self.settings.find(project_name) if project_name else None
        configured = find_provider(view, site_name or "")
        if configured:
            return configured
        if site_name in (STUDIO_SITE, LOCAL_SITE, self.site_id):
            return LOCAL_DRIVE
        if project_name is None:
            for site in self.settings.read_studio().get("sites") or []:
                if site.get("name") == site_name and site.get("provider"):
                    return str(site["provider"])
        return UNKNOWN_PROVIDER

    def find_roots(self, project_name: str, site_name: str) -> dict[str, str]:
        """Roots of a disk site; none when the settings give none."""
        view = self.settings.find(project_name)
        try:
            return view.sites.find_roots(self.normalize(site_name))
        except SiteUnhealthyError:
            return {}

    def resolve(self, project_name: str, site_name: str, path: str) -> str:
        """Where a rootless path is on a disk site. `PathError` when nowhere."""
        return resolve_path(
            path, self.find_roots(project_name, site_name), self.platform
        )

    def open_local_files(
        self, project_name: str, site_name: str
    ) -> Optional[LocalFiles]:
        """The files of a site of this machine; None for others' and for remotes."""
        name = self.normalize(site_name)
        is_own = name == self.site_id
        if not is_own or self.find_provider(project_name, name) != LOCAL_DRIVE:
            return None
        roots = self.find_roots(project_name, name)
        if not roots:
            return None
        return LocalFiles(self.client, project_name, name, roots, self.platform)

    def find_publish_sites(self, project_name: str) -> list[dict[str, Any]]:
        """`[{"name", "status"}]`: where a new publish is and has to go.

        A project whose settings cannot be read counts as switched off.
        """
        return self._compute_publish_sites(self.settings.find(project_name))

    def require_publish_sites(self, project_name: str) -> list[dict[str, Any]]:
        """As `find_publish_sites`, but raises `ServerError` instead of guessing."""
        return self._compute_publish_sites(self.settings.require(project_name))

    def _compute_publish_sites(self, view: ProjectView) -> list[dict[str, Any]]:
        return compute_publish_sites(
            view.settings,
            self.normalize(view.find_choice("active_site")),
            self.normalize(view.find_choice("remote_site")),
        )

    def replay_later(self) -> None:
        """Tell the server in the background what earlier processes could not."""
        threading.Thread(
            target=self.replay, name="sitesync-replay", daemon=True
        ).start()

    def replay(self) -> None:
        """Tell the server what earlier processes could not; nothing without notes."""
        try:
            has_notes = has_waiting(self._find_spool_folder())
        except OSError as error:
            log.warning("Earlier publishes cannot be looked for: %s", error)
            return
        if has_notes and self.publish.replay():
            self.wake.send()

    def _open_spool(self, user_name: str) -> Spool:
        server = os.environ.get("AYON_SERVER_URL", "")
        return Spool(self._find_spool_folder(), user_name, server)


class SettingsByProject(Mapping[str, "dict[str, Any]"]):
    """`sync_project_settings` of the addon: settings by project, always current."""

    def __init__(self, settings: ProjectSettings) -> None:
        self._settings = settings

    def __getitem__(self, project_name: str) -> dict[str, Any]:
        view: ProjectView = self._settings.find(project_name)
        return view.shape()

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings.list_projects())

    def __len__(self) -> int:
        return len(self._settings.list_projects())
