"""The addon's settings, resolved for a caller into the rules of a project."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from ..domain.setting_faults import SettingFault, unreadable_value
from ..domain.site import LOCAL_SITE, STUDIO_SITE, ConfiguredSite, ProjectSites
from ..host import AyonException, BaseServerAddon, get_project_list
from ..store.access import Caller, find_machines
from .kept_rules import KeptRules

PRODUCTION = "production"


class Configuration:
    """Reads settings through AYON, which merges studio, project and site overrides."""

    def __init__(self, addon: BaseServerAddon) -> None:
        self._addon = addon
        self.kept = KeptRules()

    @property
    def addon_name(self) -> str:
        return str(self._addon.name)

    @property
    def addon_version(self) -> str:
        return str(self._addon.version)

    async def for_caller(
        self, project_name: str, caller: Caller, variant: str = PRODUCTION
    ) -> ProjectSites:
        """Return the rules as the caller on his machine sees them.

        AYON stores any key for a machine, whatever its scope: only what is an
        artist's to choose is taken from there.
        """
        site_id = caller.site_id
        if site_id is None:
            return await self.for_project(project_name, variant)

        async def load() -> ProjectSites:
            shared = await self.for_project(project_name, variant)
            settings: Any = await self._addon.get_project_site_settings(
                project_name, caller.name, site_id, variant=variant
            )
            return add_own_choice(
                shared,
                settings,
                site_id,
                await find_machines({site.name for site in settings.sites}),
            )

        key = (project_name, variant, caller.name, site_id)
        return await self.kept.get(key, load)

    async def for_project(
        self, project_name: str, variant: str = PRODUCTION
    ) -> ProjectSites:
        """Return the rules of a project, without anybody's own choice."""

        async def load() -> ProjectSites:
            settings = await self._addon.get_project_settings(
                project_name, variant=variant
            )
            return resolve_sites(settings)

        return await self.kept.get((project_name, variant, None, None), load)

    async def is_shared_anywhere(self, site_name: str) -> bool:
        """Tell whether a site is shared in any project, so nobody's machine."""
        if site_name == STUDIO_SITE:
            return True
        for project in await get_project_list():
            try:
                sites = await self.for_project(project.name)
            except AyonException as error:
                if not is_gone(error):
                    raise
                continue
            if sites.is_shared(site_name):
                return True
        return False

    async def load(
        self, project_name: str, caller: Caller, variant: str = PRODUCTION
    ) -> dict[str, Any]:
        """Return the settings that the caller on his machine has, as they are now."""
        content: dict[str, Any] = (
            await self._load(project_name, caller, variant)
        ).dict()
        return content

    async def load_with_faults(
        self, project_name: str, caller: Caller
    ) -> tuple[dict[str, Any], list[SettingFault]]:
        """Return the settings, and what was left out because it cannot be read."""
        settings = await self._load(project_name, caller, PRODUCTION)
        return settings.dict(), [
            unreadable_value(each.site_name, each.field, each.text)
            for each in settings._left_out
        ]

    async def _load(self, project_name: str, caller: Caller, variant: str) -> Any:
        if caller.site_id is None:
            return await self._addon.get_project_settings(project_name, variant=variant)
        return await self._addon.get_project_site_settings(
            project_name, caller.name, caller.site_id, variant=variant
        )

    async def load_studio(self, variant: str = PRODUCTION) -> dict[str, Any]:
        settings: Any = await self._addon.get_studio_settings(variant=variant)
        content: dict[str, Any] = settings.dict()
        return content


def is_gone(error: AyonException) -> bool:
    """Tell whether settings were asked of a project that is deleted: lists are old."""
    return bool(error.status == HTTPStatus.NOT_FOUND)


def resolve_sites(settings: Any) -> ProjectSites:
    """Make the rules out of a project's settings model."""
    config, own = settings.config, settings.local_setting
    sites = [
        ConfiguredSite(site.name, site.provider, frozenset(site.alternative_sites))
        for site in settings.sites
    ]
    return ProjectSites(
        enabled=settings.enabled,
        active_site=own.active_site or config.active_site or STUDIO_SITE,
        remote_site=own.remote_site or config.remote_site or STUDIO_SITE,
        default_active_site=config.active_site or STUDIO_SITE,
        default_remote_site=config.remote_site or STUDIO_SITE,
        default_rows=config.default_rows,
        history_days=config.history_days,
        tombstone_days=config.tombstone_days,
        retry_count=max(config.retry_cnt, 0),
        accept_unleased_results=config.accept_unleased_results,
        always_accessible_on=tuple(filter(None, config.always_accessible_on)),
        configured={
            site.name: site
            for site in sites
            if site.name not in (LOCAL_SITE, STUDIO_SITE)
        },
    )


def add_own_choice(
    shared: ProjectSites, settings: Any, site_id: str, machines: Collection[str]
) -> ProjectSites:
    """Return a project's rules with what an artist chose on his machine.

    That is his active and remote site, where `local` becomes the machine's id, and
    sites of his own. A name among `machines` is none of these: it has users.
    """
    own = settings.local_setting

    def resolve(name: str) -> str:
        return site_id if name == LOCAL_SITE else name

    added = {
        site.name: ConfiguredSite(site.name, site.provider)
        for site in settings.sites
        if site.name not in (LOCAL_SITE, STUDIO_SITE, *machines)
    }
    return replace(
        shared,
        active_site=resolve(own.active_site or shared.active_site),
        remote_site=resolve(own.remote_site or shared.remote_site),
        configured={**added, **shared.configured},
    )
