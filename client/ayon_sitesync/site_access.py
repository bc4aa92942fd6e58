"""Opens the storage of a project's sites from the settings of this machine.

Settings are read again after a minute, so that a changed root is found without a
restart. Providers live as long as what they are made from stays the same.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import Any, Callable, Optional, Protocol

from .agent_ids import find_state_folder
from .errors import RequestRefusedError, SiteUnhealthyError
from .providers.base import Provider, SiteConfig
from .providers.registry import make_provider
from .sites import DEFAULT_LOOP_DELAY_SECONDS, LOCAL_DRIVE, ProjectSites

SETTINGS_SECONDS = 60.0
LIVE_POLL_SECONDS = 15.0
"""Shortest wait between two looks for work while the live channel is up."""


class SettingsSource(Protocol):
    """Where settings and roots come from; may raise `ServerError`."""

    def read_settings(self, project_name: str) -> dict[str, Any]: ...

    def read_studio_roots(self, project_name: str, platform: str) -> dict[str, str]: ...


class SiteAccess:
    """The sites of all projects, as one machine reaches them."""

    def __init__(
        self, source: SettingsSource, site_id: str, platform: str, machine_tag: str
    ) -> None:
        self._source = source
        self._site_id = site_id
        self._platform = platform
        self._machine_tag = machine_tag
        self._state_folder = str(find_state_folder(os.environ, platform) or "")
        self._lock = threading.Lock()
        self._projects: dict[str, tuple[float, ProjectSites]] = {}
        self._providers: dict[tuple[str, str], tuple[SiteConfig, Provider]] = {}
        self.is_live: Callable[[], bool] = lambda: False
        """Whether the live channel is up; its owner sets it."""
        self.note_projects: Callable[[set[str]], None] = lambda names: None
        """Takes the projects of the work that was given; its owner sets it."""

    def open_site(self, project_name: str, site_name: str) -> Provider:
        """The site's storage. Raises `SiteUnhealthyError` when there is no way to it.

        May also raise `ServerError`: the settings are read on first use.
        """
        with self._lock:
            sites = self._read_project(project_name)
            code = sites.find_provider_code(site_name)
            if code == LOCAL_DRIVE:
                roots = sites.find_roots(site_name)
            else:
                roots = sites.find_remote_roots(site_name)
            config = SiteConfig(
                *(site_name, roots, self._platform, self._machine_tag),
                settings=sites.find_provider_settings(site_name),
                state_folder=self._state_folder,
            )
            known = self._providers.get((project_name, site_name))
            if known is not None and known[0] == config:
                return known[1]
            provider = make_provider(code, config)
            self._providers[project_name, site_name] = (config, provider)
            return provider

    def find_idle_seconds(self) -> float:
        # A copy: workers add projects meanwhile.
        known = list(self._projects.values())
        delays = [sites.loop_delay_seconds for _, sites in known]
        longest = min(delays, default=float(DEFAULT_LOOP_DELAY_SECONDS))
        return max(longest, LIVE_POLL_SECONDS) if self.is_live() else longest

    def find_own_roots(self, project_names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Roots of the own site by project, to tell agents of one site apart."""
        found = {name: self._find_project_roots(name) for name in project_names}
        return {name: roots for name, roots in found.items() if roots}

    def _find_project_roots(self, project_name: str) -> dict[str, str]:
        try:
            with self._lock:
                sites = self._read_project(project_name)
            return sites.find_roots(self._site_id)
        except (SiteUnhealthyError, RequestRefusedError):
            # One project without roots or permission stops no other; what is wrong
            # is told when the first transfer needs them.
            return {}

    def _read_project(self, project_name: str) -> ProjectSites:
        known: Optional[tuple[float, ProjectSites]] = self._projects.get(project_name)
        now = time.monotonic()
        if known is not None and now - known[0] < SETTINGS_SECONDS:
            return known[1]
        sites = ProjectSites(
            project_name,
            self._source.read_settings(project_name),
            self._site_id,
            self._source.read_studio_roots(project_name, self._platform),
            self._platform,
        )
        self._projects[project_name] = (now, sites)
        return sites
