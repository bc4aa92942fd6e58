"""Settings of projects as this machine sees them, kept for a minute.

A host application asks for them all the time, from any thread: only the first answer
is waited for. What cannot be read counts as switched off.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

from .bounded_calls import READ_SECONDS, call_bounded
from .cached_values import RefreshingCache
from .errors import ServerError
from .server_api.host_client import HostClient
from .sites import LOCAL_DRIVE, LOCAL_SITE, STUDIO_SITE, ProjectSites

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
RETRY_SECONDS = 10.0
MOST_PROJECTS = 200
OFF_SETTINGS: Mapping[str, Any] = {
    "enabled": False,
    "config": {
        "retry_cnt": 3,
        "loop_delay": 60,
        "always_accessible_on": [],
        "active_site": STUDIO_SITE,
        "remote_site": STUDIO_SITE,
    },
    "local_setting": {"active_site": "", "remote_site": "", "local_roots": []},
    "sites": [],
}
"""What a project has whose settings cannot be read."""


@dataclass(frozen=True)
class ProjectView:
    """A project's settings and the roots of its studio storage on this machine."""

    sites: ProjectSites

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.sites.settings

    @property
    def is_enabled(self) -> bool:
        return self.sites.is_enabled

    def find_choice(self, key: str) -> str:
        """`active_site` or `remote_site` as set: the artist's own, else the project's.

        `local` is not translated. Switched off or not, as callers expect.
        """
        own = (self.settings.get("local_setting") or {}).get(key)
        shared = (self.settings.get("config") or {}).get(key)
        return str(own or shared or STUDIO_SITE)

    def replace_own(self, own: Optional[Mapping[str, Any]]) -> ProjectView:
        """With other settings of the machine: those of the addon, or `local_setting`
        alone. None = as it is."""
        if own is None:
            return self
        local = own.get("local_setting", own)
        settings = {**self.settings, "local_setting": local}
        return replace(self, sites=replace(self.sites, settings=settings))

    def find_local_roots(self) -> dict[str, str]:
        rows = (self.settings.get("local_setting") or {}).get("local_roots") or []
        return {str(row["name"]): str(row.get("path") or "") for row in rows}

    def shape(self) -> dict[str, Any]:
        """The settings as other addons read them: `sites` by name, with their roots.

        `root` of a site is `{root name: path}` or `{root name: {platform: path}}`,
        for remotes a text. `studio`, `local` and this machine's id are always there.
        """
        shaped = copy.deepcopy(dict(self.settings))
        sites: dict[str, Any] = {
            STUDIO_SITE: {
                "enabled": True,
                "provider": LOCAL_DRIVE,
                "root": dict(self.sites.studio_roots),
            }
        }
        for site in self.settings.get("sites") or []:
            sites[str(site["name"])] = _shape_site(site)
        if self.is_enabled:
            own = {
                "enabled": True,
                "provider": LOCAL_DRIVE,
                "root": self.find_local_roots(),
            }
            sites.setdefault(self.sites.site_id, own)
            sites[LOCAL_SITE] = own
        shaped["sites"] = sites
        return shaped


def _shape_site(site: Mapping[str, Any]) -> dict[str, Any]:
    provider = str(site.get("provider") or "")
    own = copy.deepcopy(dict(site.get(provider) or {}))
    root = own.pop("roots", None)
    if root is None:
        root = own.get("root")
    if provider == LOCAL_DRIVE:
        root = {
            str(row["name"]): {
                key: value for key, value in row.items() if key != "name"
            }
            for row in root or []
        }
    return {
        "enabled": True,
        "provider": provider,
        "alternative_sites": list(site.get("alternative_sites") or []),
        **own,
        "root": root,
    }


class ProjectSettings:
    """Where the addon gets settings from. Reads give a default instead of an error."""

    def __init__(
        self, client: HostClient, find_site_id: Callable[[], str], platform: str
    ) -> None:
        self._client = client
        self._find_site_id = find_site_id
        self._platform = platform
        self._views: RefreshingCache[str, ProjectView] = RefreshingCache(
            self._load,
            fresh_seconds=FRESH_SECONDS,
            retry_seconds=RETRY_SECONDS,
            most=MOST_PROJECTS,
            what="settings of project",
            patience_seconds=READ_SECONDS,
        )
        self._studio: RefreshingCache[str, dict[str, Any]] = RefreshingCache(
            lambda _: client.read_studio_settings(),
            fresh_seconds=FRESH_SECONDS,
            retry_seconds=RETRY_SECONDS,
            most=1,
            what="the studio's settings",
            patience_seconds=READ_SECONDS,
        )
        self._names: RefreshingCache[str, list[str]] = RefreshingCache(
            lambda _: client.list_projects(),
            fresh_seconds=FRESH_SECONDS,
            retry_seconds=RETRY_SECONDS,
            most=1,
            what="the projects",
            patience_seconds=READ_SECONDS,
        )

    @property
    def site_id(self) -> str:
        return self._find_site_id()

    def find(self, project_name: str) -> ProjectView:
        """The project's settings; those of a switched off one when not to be had."""
        try:
            return self._views.get(project_name)
        except ServerError:
            return self._make_off(project_name)

    def require(self, project_name: str) -> ProjectView:
        """As `find`, but raises `ServerError` when nothing is known, having tried."""
        if project_name in self._views.list_known():
            return self._views.get(project_name)
        return self._views.reload(project_name)

    def read_anew(self, project_name: str) -> ProjectView:
        """As `find`, but as of now. The last value serves when it cannot be read."""
        try:
            return self._views.reload(project_name)
        except ServerError:
            return self.find(project_name)

    def read_shared(self, project_name: str) -> ProjectView:
        """The project's settings as of now, without this machine's overrides."""
        known = self.find(project_name)
        try:
            settings = call_bounded(
                lambda: self._client.read_shared_settings(project_name), READ_SECONDS
            )
        except ServerError as error:
            log.warning("Settings of '%s' are those known: %s", project_name, error)
            return known
        return ProjectView(replace(known.sites, settings=settings))

    def read_studio(self) -> dict[str, Any]:
        try:
            return copy.deepcopy(self._studio.get(""))
        except ServerError:
            return copy.deepcopy(dict(OFF_SETTINGS))

    def list_projects(self) -> list[str]:
        try:
            return list(self._names.get(""))
        except ServerError:
            return []

    def _make_off(self, project_name: str) -> ProjectView:
        return ProjectView(
            ProjectSites(project_name, OFF_SETTINGS, self.site_id, {}, self._platform)
        )

    def _load(self, project_name: str) -> ProjectView:
        settings = self._client.read_settings(project_name)
        if not settings.get("enabled"):
            settings = self._ignore_hidden_switch(project_name, settings)
        roots = self._client.read_studio_roots(project_name, self._platform)
        return ProjectView(
            ProjectSites(project_name, settings, self.site_id, roots, self._platform)
        )

    def _ignore_hidden_switch(
        self, project_name: str, settings: dict[str, Any]
    ) -> dict[str, Any]:
        """`enabled` is no setting of a machine, though one may be stored there.

        The page of a machine's settings does not show it, so nobody could undo it.
        """
        shared = self._client.read_shared_settings(project_name)
        if not shared.get("enabled"):
            return settings
        log.warning(
            "Site Sync was switched off for this machine only, in project '%s', by a"
            " value that no page shows; it is ignored.",
            project_name,
        )
        return {**settings, "enabled": True}


def find_provider(view: Optional[ProjectView], site_name: str) -> Optional[str]:
    """Provider code of a site that the settings name."""
    if view is None:
        return None
    for site in view.settings.get("sites") or []:
        if site.get("name") == site_name:
            return str(site.get("provider") or "") or None
    return None
