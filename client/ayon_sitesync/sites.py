"""Rules about sites over a project's settings: which pair is used, and where roots are.

Pure: settings come in as AYON gives them (project settings with this machine's
overrides), so the same rules serve the agent and the addon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .errors import WRONG_SETTING, SiteUnhealthyError
from .paths import is_absolute
from .site_limits import SiteLimits, combine, read_limits

STUDIO_SITE = "studio"
LOCAL_SITE = "local"
LOCAL_DRIVE = "local_drive"
CUSTOM = "custom"
"""Codes of providers that are treated differently."""
MAIN_ROOT = "work"

DEFAULT_LOOP_DELAY_SECONDS = 60


def normalize_site(site_name: str, site_id: str) -> str:
    """A site's own name: `local` means the machine that says it."""
    return site_id if site_name == LOCAL_SITE else site_name


@dataclass(frozen=True)
class ProjectSites:
    """What one machine knows about the sites of one project.

    `studio_roots` are the project's roots as this machine sees them, AYON's overrides
    for it included.
    """

    project_name: str
    settings: Mapping[str, Any]
    site_id: str
    studio_roots: Mapping[str, str]
    platform: str

    @property
    def is_enabled(self) -> bool:
        return bool(self.settings.get("enabled"))

    @property
    def active_site(self) -> str:
        return self._resolve_pair_site("active_site")

    @property
    def remote_site(self) -> str:
        return self._resolve_pair_site("remote_site")

    @property
    def loop_delay_seconds(self) -> float:
        """The longest wait between two looks for work without the live channel."""
        value = self.settings.get("config", {}).get("loop_delay")
        return float(value or DEFAULT_LOOP_DELAY_SECONDS)

    def find_provider_code(self, site_name: str) -> str:
        """The provider of a site. Raises `SiteUnhealthyError` for an unknown one."""
        site = self._find_configured(site_name)
        if site is not None:
            code = site.get("provider")
            if not code:
                raise SiteUnhealthyError(
                    site_name,
                    "no provider is chosen in the settings of this site",
                    WRONG_SETTING,
                )
            return str(code)
        if site_name in (STUDIO_SITE, self.site_id):
            return LOCAL_DRIVE
        raise SiteUnhealthyError(
            site_name,
            f"it is not in the settings of project '{self.project_name}'",
            WRONG_SETTING,
        )

    def find_roots(self, site_name: str) -> dict[str, str]:
        """Folder of each root of a disk site on this machine.

        Raises `SiteUnhealthyError` when nothing usable is set for this platform.
        """
        where, roots = self._find_set_roots(site_name)
        usable = {
            name: path
            for name, path in roots.items()
            if path and is_absolute(path, self.platform)
        }
        if usable:
            return usable
        found = ", ".join(f"{name}={path!r}" for name, path in roots.items()) or "none"
        raise SiteUnhealthyError(
            site_name,
            code=WRONG_SETTING,
            reason=f"no root of project '{self.project_name}' is an absolute path on"
            f" {self.platform} (found: {found}); set {where}",
        )

    def find_provider_settings(self, site_name: str) -> Mapping[str, Any]:
        """The settings of a configured site's provider; none for other sites."""
        site = self._find_configured(site_name) or {}
        found: Mapping[str, Any] = site.get(site.get("provider") or "") or {}
        return found

    def find_limits(self, site_name: str) -> SiteLimits:
        """How much may be done at a site by this project's settings."""
        site = self._find_configured(site_name)
        if site is not None:
            return read_limits(site.get("limits"))
        shared = read_limits(self.settings.get("config", {}).get("limits"))
        if site_name != self.site_id:
            return shared
        own = read_limits((self.settings.get("local_setting") or {}).get("limits"))
        return combine([shared, own])

    def is_configured(self, site_name: str) -> bool:
        """Whether it is an entry of `sites`, and not the studio or a machine."""
        return self._find_configured(site_name) is not None

    def find_remote_roots(self, site_name: str) -> dict[str, str]:
        """Folder of each of the project's roots on a site that is no disk.

        The setting holds `{root}`, or it is the folder of the root `work`, where the
        existing addon has it, and other roots are folders in it.
        """
        settings = self.find_provider_settings(site_name)
        base = str(settings.get("roots") or settings.get("root") or "").rstrip("/")
        return {name: _find_remote_root(base, name) for name in self.studio_roots}

    def _find_set_roots(self, site_name: str) -> tuple[str, dict[str, str]]:
        site = self._find_configured(site_name)
        if site is not None:
            rows = site.get(LOCAL_DRIVE, {}).get("roots") or []
            where = (
                f"'sites > {site_name} > local_drive > roots' in the addon's settings"
            )
            return where, {
                str(row["name"]): str(row.get(self.platform) or "") for row in rows
            }
        if site_name == STUDIO_SITE:
            return "the roots in the project's anatomy", dict(self.studio_roots)
        rows = self.settings.get("local_setting", {}).get("local_roots") or []
        return (
            "'local roots' in the addon's site settings of this machine",
            {str(row["name"]): str(row.get("path") or "") for row in rows},
        )

    def _find_configured(self, site_name: str) -> Optional[Mapping[str, Any]]:
        for site in self.settings.get("sites") or []:
            if site.get("name") == site_name:
                found: Mapping[str, Any] = site
                return found
        return None

    def _resolve_pair_site(self, key: str) -> str:
        if not self.is_enabled:
            return STUDIO_SITE
        own = self.settings.get("local_setting", {}).get(key)
        name = own or self.settings.get("config", {}).get(key) or STUDIO_SITE
        return normalize_site(str(name), self.site_id)


def _find_remote_root(base: str, root_name: str) -> str:
    if "{root}" in base:
        return base.replace("{root}", root_name)
    if root_name == MAIN_ROOT:
        return base
    return f"{base}/{root_name}" if base else root_name
