"""Site Sync inside AYON server: where files of representations are, and the queue."""

from __future__ import annotations

from typing import Any

from . import api as _api
from .api.upkeep import Upkeep as _Upkeep
from .host import BaseServerAddon as _BaseServerAddon
from .settings import SiteSyncSettings as _SiteSyncSettings
from .settings import convert_overrides as _convert_overrides
from .settings import leave_out_wrong_groups as _leave_out_wrong_groups
from .settings import leaving_out as _leaving_out

__all__ = ["SiteSync"]


class SiteSync(_BaseServerAddon):
    """One installed version of the addon in one worker process."""

    settings_model: type[_SiteSyncSettings] = _SiteSyncSettings
    frontend_scopes: dict[str, Any] = {  # noqa: RUF012
        "project": {"sidebar": "hierarchy"},
        "settings": {},
    }

    def initialize(self) -> None:
        """Add the routes; AYON mounts them when all addons are set up."""
        self.site_sync = _api.build_services(self)
        self.upkeep = _Upkeep(self, self.site_sync)
        for router in _api.build_routers(self.site_sync):
            self.add_router(router)

    async def setup(self) -> None:
        """Bring the tables of the studio and of all projects up to date."""
        self.site_sync.configuration.kept.follow()
        await self.site_sync.keeper.setup()
        self.upkeep.follow()

    # A wrong value in what is stored is left out of what these three return, and told
    # as a problem; see `settings.leniency`.

    async def get_studio_settings(self, *args: Any, **options: Any) -> Any:
        with _leaving_out() as left_out:
            settings: Any = await super().get_studio_settings(*args, **options)
            settings._left_out = tuple(left_out)
            return settings

    async def get_project_settings(self, *args: Any, **options: Any) -> Any:
        with _leaving_out() as left_out:
            settings: Any = await super().get_project_settings(*args, **options)
            settings._left_out = tuple(left_out)
            return settings

    async def get_project_site_settings(self, *args: Any, **options: Any) -> Any:
        with _leaving_out() as left_out:
            settings: Any = await super().get_project_site_settings(*args, **options)
            settings._left_out = tuple(left_out)
            return settings

    # What is stored for these, by script or by hand, may be no group of settings.

    async def get_studio_overrides(self, *args: Any, **options: Any) -> dict[str, Any]:
        stored = await super().get_studio_overrides(*args, **options)
        return _leave_out_wrong_groups(self.settings_model, stored)

    async def get_project_overrides(self, *args: Any, **options: Any) -> dict[str, Any]:
        stored = await super().get_project_overrides(*args, **options)
        return _leave_out_wrong_groups(self.settings_model, stored)

    async def get_project_site_overrides(
        self, *args: Any, **options: Any
    ) -> dict[str, Any]:
        stored = await super().get_project_site_overrides(*args, **options)
        return _leave_out_wrong_groups(self.settings_model, stored)

    async def convert_settings_overrides(
        self, source_version: str, overrides: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the overrides of an earlier version as this one stores them.

        A wrong value stays, to be told as a problem: AYON's own conversion drops it
        without a word, the name of a root without its path, and for one odd entry of a
        list all that is stored.
        """
        return _convert_overrides(overrides)
