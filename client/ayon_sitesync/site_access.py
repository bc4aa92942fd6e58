"""Opens the storage of a project's sites from the settings of this machine.

Settings are read on first use and again after a minute, so that a changed root or limit
is found without a restart; when they cannot be read, those known go on serving.
Providers live as long as what they are made from stays the same.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Callable, Optional, Protocol

from .agent_ids import find_state_folder
from .cached_values import RefreshingCache
from .errors import RequestRefusedError, ServerError, SiteUnhealthyError
from .providers.base import Provider, SiteConfig
from .providers.custom import make_custom_provider
from .providers.registry import make_provider
from .site_limits import NO_LIMITS, SiteLimits, combine
from .site_settings import SecretSource, SiteSettings, parse_custom
from .sites import CUSTOM, DEFAULT_LOOP_DELAY_SECONDS, LOCAL_DRIVE, ProjectSites

log = logging.getLogger(__name__)

SETTINGS_SECONDS = 60.0
RETRY_SECONDS = 5.0
MOST_PROJECTS = 1000
LIVE_POLL_SECONDS = 15.0
"""Shortest wait between two looks for work while the live channel is up."""


class SettingsSource(SecretSource, Protocol):
    """Where settings and roots come from; may raise `ServerError`."""

    def read_settings(self, project_name: str) -> dict[str, Any]: ...

    def read_studio_roots(self, project_name: str, platform: str) -> dict[str, str]: ...


@dataclass(frozen=True)
class _Recipe:
    """What a provider is made from; `folders` of the studio's own kinds only."""

    code: str
    config: SiteConfig
    folders: Optional[tuple[str, ...]]


class SiteAccess:
    """The sites of all projects, as one machine reaches them."""

    def __init__(
        self,
        source: SettingsSource,
        site_id: str,
        platform: str,
        machine_tag: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._site_id = site_id
        self._platform = platform
        self._machine_tag = machine_tag
        self._state_folder = str(find_state_folder(os.environ, platform) or "")
        self._lock = threading.Lock()
        self._projects: RefreshingCache[str, ProjectSites] = RefreshingCache(
            self._load_project,
            fresh_seconds=SETTINGS_SECONDS,
            retry_seconds=RETRY_SECONDS,
            most=MOST_PROJECTS,
            now=now,
        )
        self._settings = SiteSettings(source, platform, now)
        self._providers: dict[tuple[str, str], tuple[_Recipe, Provider]] = {}
        self.is_live: Callable[[], bool] = lambda: False
        """Whether the live channel is up; its owner sets it."""
        self.note_projects: Callable[[set[str]], None] = lambda names: None
        """Takes the projects of the work that was given; its owner sets it."""

    def read_project(self, project_name: str) -> ProjectSites:
        """What the settings say of a project's sites. May raise `ServerError`."""
        return self._projects.get_fresh(project_name)

    def open_site(self, project_name: str, site_name: str) -> Provider:
        """The site's storage. Raises `SiteUnhealthyError` when there is no way to it.

        May also raise `ServerError`: the settings are read on first use.
        """
        sites = self.read_project(project_name)
        code = sites.find_provider_code(site_name)
        if code == LOCAL_DRIVE:
            roots = sites.find_roots(site_name)
        else:
            roots = sites.find_remote_roots(site_name)
        settings = self._settings.resolve(
            project_name, site_name, sites.find_provider_settings(site_name)
        )
        folders: Optional[tuple[str, ...]] = None
        if code == CUSTOM:
            folders = self._settings.list_provider_folders()
            code, settings = parse_custom(site_name, settings)
        config = SiteConfig(
            *(site_name, roots, self._platform, self._machine_tag),
            settings=settings,
            state_folder=self._state_folder,
            project_name=project_name,
        )
        return self._make(_Recipe(code, config, folders))

    def _make(self, recipe: _Recipe) -> Provider:
        """The provider that is made so; one that was made before stays."""
        place = recipe.config.project_name, recipe.config.site_name
        with self._lock:
            known = self._providers.get(place)
            if known is not None and known[0] == recipe:
                return known[1]
            if recipe.folders is None:
                provider = make_provider(recipe.code, recipe.config)
            else:
                provider = make_custom_provider(
                    recipe.code, recipe.folders, recipe.config
                )
            self._providers[place] = (recipe, provider)
            return provider

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        try:
            project = self._projects.get(project_name)
        except ServerError as error:
            # Whoever opens the site meets the same error and tells it.
            log.debug("No limits of '%s': %s", site_name, error)
            return NO_LIMITS
        if project.is_configured(site_name):
            return project.find_limits(site_name)
        # The studio and machines are one place for all projects.
        known = self._projects.list_known().values()
        return combine(sites.find_limits(site_name) for sites in known)

    def find_idle_seconds(self) -> float:
        known = self._projects.list_known().values()
        delays = [sites.loop_delay_seconds for sites in known]
        longest = min(delays, default=float(DEFAULT_LOOP_DELAY_SECONDS))
        return max(longest, LIVE_POLL_SECONDS) if self.is_live() else longest

    def find_own_roots(self, project_names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Roots of the own site by project, to tell agents of one site apart.

        Settings that are not known are read.
        """
        for name in project_names:
            # One project without permission stops no other; what is wrong is told
            # when the first transfer needs it.
            with suppress(RequestRefusedError):
                self._projects.get(name)
        return self.find_known_roots()

    def find_known_roots(self) -> dict[str, dict[str, str]]:
        found = {}
        for name, sites in self._projects.list_known().items():
            with suppress(SiteUnhealthyError):
                found[name] = sites.find_roots(self._site_id)
        return found

    def _load_project(self, project_name: str) -> ProjectSites:
        return ProjectSites(
            project_name,
            self._source.read_settings(project_name),
            self._site_id,
            self._source.read_studio_roots(project_name, self._platform),
            self._platform,
        )
