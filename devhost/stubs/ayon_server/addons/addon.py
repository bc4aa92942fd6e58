"""The base class of server addons."""

import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from ayon_server.exceptions import BadRequestException, NotFoundException
from ayon_server.lib.postgres import Postgres
from ayon_server.logging import log_traceback
from ayon_server.settings import (
    BaseSettingsModel,
    apply_overrides,
    migrate_settings_overrides,
)

if TYPE_CHECKING:
    from fastapi import APIRouter

METADATA_KEYS = (
    "name",
    "version",
    "title",
    "services",
    "app_host_name",
    "project_can_override_addon_version",
)


class AddonDefinition(Protocol):
    """All installed versions of an addon."""

    name: str
    versions: dict[str, "BaseServerAddon"]


class BaseServerAddon:
    """One installed version. Metadata come from `package.py`.

    Override `initialize` (sync, no database), `pre_setup` and `setup` (sync or async,
    inside the running loop).
    """

    name: str
    version: str
    title: str | None = None
    services: ClassVar[dict[str, Any]] = {}
    app_host_name: str | None = None
    project_can_override_addon_version: bool = False

    addon_type: Literal["server", "pipeline"] = "pipeline"
    system: bool = False
    settings_model: type[BaseSettingsModel] | None = None
    site_settings_model: type[BaseSettingsModel] | None = None
    frontend_scopes: dict[str, Any] = {}  # noqa: RUF012
    frontend_modules: dict[str, Any] = {}  # noqa: RUF012

    def __init__(
        self, definition: AddonDefinition, addon_dir: str, **kwargs: Any
    ) -> None:
        for key in METADATA_KEYS:
            if key in kwargs:
                setattr(self, key, kwargs[key])
        assert self.name and self.version, f"{addon_dir} has no name or version"
        self.compatibility = {k: v for k, v in kwargs.items() if k.startswith("ayon_")}
        self.definition = definition
        self.addon_dir = addon_dir
        self.endpoints: list[dict[str, Any]] = []
        self.routers: list[APIRouter] = []
        self.restart_requested = False
        self.initialize()

    def __repr__(self) -> str:
        return f"<Addon name='{self.name}' version='{self.version}'>"

    def initialize(self) -> None:
        """Called at the end of `__init__`: add endpoints and routers here."""

    # AYON declares these two sync, and awaits them when they are coroutines.
    def pre_setup(self) -> Any:
        """Called when all addons are initialised."""

    def setup(self) -> Any:
        """Called after all `pre_setup`; the database is there."""

    def request_server_restart(self) -> None:
        self.restart_requested = True

    async def is_production(self) -> bool:
        """Whether the production bundle names this addon and version."""
        row = await Postgres.fetchrow(
            "SELECT data FROM public.bundles WHERE is_production IS TRUE"
        )
        addons = row["data"].get("addons") or {} if row is not None else {}
        return bool(addons.get(self.name) == self.version)

    def add_router(self, router: "APIRouter") -> None:
        self.routers.append(router)

    def add_endpoint(
        self,
        path: str,
        handler: Callable[..., Any],
        *,
        method: str = "GET",
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        self.endpoints.append(
            {
                "name": name or handler.__name__,
                "path": path,
                "handler": handler,
                "method": method,
                "description": description or handler.__doc__ or "",
            }
        )

    # --- files -------------------------------------------------------------

    def _dir(self, name: str) -> str | None:
        path = Path(self.addon_dir, name)
        return str(path) if path.is_dir() else None

    def get_frontend_dir(self) -> str | None:
        return self._dir("frontend/dist")

    def get_private_dir(self) -> str | None:
        return self._dir("private")

    def get_public_dir(self) -> str | None:
        return self._dir("public")

    async def get_frontend_scopes(self) -> dict[str, Any]:
        return self.frontend_scopes

    async def get_client_source_info(
        self, base_url: str | None = None
    ) -> list[dict[str, Any]] | None:
        private_dir = self.get_private_dir()
        if private_dir is None or not Path(private_dir, "client.zip").is_file():
            return None
        return [{"type": "server", "filename": "client.zip"}]

    async def get_client_pyproject(self) -> dict[str, Any] | None:
        private_dir = self.get_private_dir()
        if private_dir is None:
            return None
        path = Path(private_dir, "pyproject.toml")
        return tomllib.loads(path.read_text()) if path.is_file() else None

    # --- settings ----------------------------------------------------------

    def get_settings_model(self) -> type[BaseSettingsModel] | None:
        return self.settings_model

    def get_site_settings_model(self) -> type[BaseSettingsModel] | None:
        return self.site_settings_model

    async def get_default_settings(self) -> BaseSettingsModel | None:
        model = self.get_settings_model()
        return None if model is None else model()

    async def convert_settings_overrides(
        self, source_version: str, overrides: dict[str, Any]
    ) -> dict[str, Any]:
        """Overrides of another version in this version's shape."""
        model = self.get_settings_model()
        if model is None:
            return {}
        return migrate_settings_overrides(overrides, model, {})

    async def _convert(
        self, data: dict[str, Any], as_version: str | None, project_name: str | None
    ) -> dict[str, Any]:
        if not as_version or as_version == self.version:
            return data
        target = self.definition.versions.get(as_version)
        if target is None:
            raise BadRequestException(
                f"Unable to parse {self} settings as {as_version}: no such version"
            )
        parameters = inspect.signature(target.convert_settings_overrides).parameters
        kwargs: dict[str, Any] = {}
        if project_name is not None and "project_name" in parameters:
            kwargs["project_name"] = project_name
        try:
            return await target.convert_settings_overrides(
                self.version, overrides=data, **kwargs
            )
        except Exception:
            log_traceback(f"Unable to migrate {self} settings to {as_version}")
            return {}

    async def _load_overrides(self, query: str, *args: Any) -> dict[str, Any]:
        try:
            row = await Postgres.fetchrow(query, self.name, self.version, *args)
        except Postgres.UndefinedTableError:
            raise NotFoundException("Project does not exist") from None
        return {} if row is None else dict(row["data"])

    async def get_studio_overrides(
        self,
        variant: str = "production",
        as_version: str | None = None,
        *,
        settings_cache: Any = None,
    ) -> dict[str, Any]:
        data = await self._load_overrides(
            "SELECT data FROM public.settings "
            "WHERE addon_name = $1 AND addon_version = $2 AND variant = $3",
            variant,
        )
        return await self._convert(data, as_version, None)

    async def get_project_overrides(
        self,
        project_name: str,
        variant: str = "production",
        as_version: str | None = None,
        *,
        settings_cache: Any = None,
    ) -> dict[str, Any]:
        """:raises NotFoundException: no such project."""
        data = await self._load_overrides(
            f"SELECT data FROM project_{project_name}.settings "
            "WHERE addon_name = $1 AND addon_version = $2 AND variant = $3",
            variant,
        )
        return await self._convert(data, as_version, project_name)

    async def get_project_site_overrides(
        self,
        project_name: str,
        user_name: str,
        site_id: str,
        as_version: str | None = None,
        settings_cache: Any = None,
    ) -> dict[str, Any]:
        """Per user and site; site overrides have no variant."""
        data = await self._load_overrides(
            f"SELECT data FROM project_{project_name}.project_site_settings "
            "WHERE addon_name = $1 AND addon_version = $2 "
            "AND user_name = $3 AND site_id = $4",
            user_name,
            site_id,
        )
        return await self._convert(data, as_version, None)

    async def get_studio_settings(
        self,
        variant: str = "production",
        as_version: str | None = None,
        *,
        settings_cache: Any = None,
    ) -> BaseSettingsModel | None:
        """Defaults with the studio's overrides."""
        source = self
        if as_version and as_version != self.version:
            if as_version not in self.definition.versions:
                raise NotFoundException(f"Version {as_version} does not exists")
            source = self.definition.versions[as_version]
        settings = await source.get_default_settings()
        if settings is None:
            return None
        overrides = await self.get_studio_overrides(variant, as_version)
        if overrides:
            settings = apply_overrides(settings, overrides)
            settings._has_studio_overrides = True
        return settings

    async def get_project_settings(
        self,
        project_name: str,
        variant: str = "production",
        as_version: str | None = None,
        *,
        settings_cache: Any = None,
    ) -> BaseSettingsModel | None:
        """The studio's settings with the project's overrides."""
        settings = await self.get_studio_settings(variant, as_version)
        if settings is None:
            return None
        has_studio = settings._has_studio_overrides
        overrides = await self.get_project_overrides(project_name, variant, as_version)
        if overrides:
            settings = apply_overrides(settings, overrides)
            settings._has_project_overrides = True
        settings._has_studio_overrides = has_studio
        return settings

    async def get_project_site_settings(
        self,
        project_name: str,
        user_name: str,
        site_id: str,
        variant: str = "production",
        as_version: str | None = None,
        *,
        settings_cache: Any = None,
    ) -> BaseSettingsModel | None:
        """The project's settings with a user's overrides for one site."""
        settings = await self.get_project_settings(project_name, variant, as_version)
        if settings is None:
            return None
        has_studio = settings._has_studio_overrides
        has_project = settings._has_project_overrides
        overrides = await self.get_project_site_overrides(
            project_name, user_name, site_id, as_version
        )
        if overrides:
            settings = apply_overrides(settings, overrides)
            settings._has_site_overrides = True
        settings._has_studio_overrides = has_studio
        settings._has_project_overrides = has_project
        return settings

    async def get_site_settings(
        self, user_name: str, site_id: str, *, settings_cache: Any = None
    ) -> dict[str, Any] | None:
        """A user's studio-wide settings of one site; None when never saved."""
        model = self.get_site_settings_model()
        if model is None:
            return None
        row = await Postgres.fetchrow(
            "SELECT data FROM public.site_settings WHERE addon_name = $1 "
            "AND addon_version = $2 AND user_name = $3 AND site_id = $4",
            self.name,
            self.version,
            user_name,
            site_id,
        )
        return None if row is None else model(**row["data"]).dict()

    async def on_settings_changed(
        self,
        old_settings: BaseSettingsModel,
        new_settings: BaseSettingsModel,
        variant: str = "production",
        project_name: str | None = None,
        site_id: str | None = None,
        user_name: str | None = None,
    ) -> None:
        """Called in the process that wrote settings."""
