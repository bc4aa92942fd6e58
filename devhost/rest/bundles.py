"""Installed addons, bundles, and the settings of a whole bundle."""

from typing import Any

from ayon_server.addons import BaseServerAddon
from ayon_server.api.dependencies import CurrentUser, SiteID
from ayon_server.api.responses import EmptyResponse
from ayon_server.entities import UserEntity
from ayon_server.exceptions import (
    ConflictException,
    ForbiddenException,
    NotFoundException,
)
from ayon_server.lib.postgres import Postgres
from ayon_server.types import OPModel
from fastapi import APIRouter, Request

from devhost.loader import AddonLibrary

router = APIRouter()


class BundleRequest(OPModel):
    name: str
    addons: dict[str, str | None] = {}  # noqa: RUF012
    installer_version: str | None = None
    dependency_packages: dict[str, str | None] = {}  # noqa: RUF012
    is_production: bool = False
    is_staging: bool = False
    is_dev: bool = False
    active_user: str | None = None


async def _load_bundles() -> list[dict[str, Any]]:
    rows = await Postgres.fetch(
        "SELECT * FROM public.bundles ORDER BY created_at DESC, name"
    )
    return [
        {
            "name": row["name"],
            "addons": row["data"].get("addons", {}),
            "installerVersion": row["data"].get("installer_version"),
            "dependencyPackages": row["data"].get("dependency_packages", {}),
            "addonDevelopment": row["data"].get("addon_development", {}),
            "isProduction": row["is_production"],
            "isStaging": row["is_staging"],
            "isDev": row["is_dev"],
            "isArchived": row["is_archived"],
            "isProject": False,
            "activeUser": row["active_user"],
            "createdAt": row["created_at"],
        }
        for row in rows
    ]


@router.get("/bundles")
async def list_bundles(_user: CurrentUser) -> dict[str, Any]:
    bundles = await _load_bundles()
    result: dict[str, Any] = {
        "bundles": bundles,
        "devBundles": [bundle["name"] for bundle in bundles if bundle["isDev"]],
    }
    for key, flag in (
        ("productionBundle", "isProduction"),
        ("stagingBundle", "isStaging"),
    ):
        names = [bundle["name"] for bundle in bundles if bundle[flag]]
        if names:
            result[key] = names[0]
    return result


@router.post("/bundles", status_code=201)
async def create_bundle(payload: BundleRequest, user: CurrentUser) -> EmptyResponse:
    """Create a bundle; a production or staging one takes the flag from the old one."""
    if not user.is_admin:
        raise ForbiddenException("Only admins can create bundles")
    data = {
        "addons": payload.addons,
        "installer_version": payload.installer_version,
        "dependency_packages": payload.dependency_packages,
    }
    async with Postgres.transaction():
        for flag in ("is_production", "is_staging"):
            if getattr(payload, flag):
                await Postgres.execute(f"UPDATE public.bundles SET {flag} = FALSE")
        try:
            await Postgres.execute(
                "INSERT INTO public.bundles (name, is_production, is_staging, is_dev, "
                "active_user, data) VALUES ($1, $2, $3, $4, $5, $6)",
                payload.name,
                payload.is_production,
                payload.is_staging,
                payload.is_dev,
                payload.active_user,
                data,
            )
        except Postgres.UniqueViolationError:
            raise ConflictException(f"Bundle {payload.name} already exists") from None
    return EmptyResponse(status_code=201)


@router.get("/addons")
async def list_addons(
    request: Request, _user: CurrentUser, details: bool = False
) -> dict[str, Any]:
    library: AddonLibrary = request.app.state.library
    bundles = await _load_bundles()
    addons = []
    for definition in library.addons.values():
        item: dict[str, Any] = {
            "name": definition.name,
            "title": definition.latest.title or definition.name,
            "description": "",
            "versions": {
                version: await _describe(addon, details)
                for version, addon in definition.versions.items()
            },
            "addonType": definition.latest.addon_type,
            "system": definition.latest.system,
        }
        for key, flag in (
            ("productionVersion", "isProduction"),
            ("stagingVersion", "isStaging"),
        ):
            versions = [b["addons"].get(definition.name) for b in bundles if b[flag]]
            if versions and versions[0]:
                item[key] = versions[0]
        addons.append(item)
    return {"addons": addons}


async def _describe(addon: BaseServerAddon, details: bool) -> dict[str, Any]:
    info: dict[str, Any] = {
        "hasSettings": addon.get_settings_model() is not None,
        "hasSiteSettings": addon.get_site_settings_model() is not None,
        "frontendScopes": await addon.get_frontend_scopes(),
    }
    if details:
        info["clientPyproject"] = await addon.get_client_pyproject()
        info["clientSourceInfo"] = await addon.get_client_source_info()
        info["services"] = addon.services
    return {key: value for key, value in info.items() if value is not None}


@router.get("/settings")
async def get_all_settings(
    request: Request,
    user: CurrentUser,
    site_id: SiteID,
    variant: str = "production",
    project_name: str | None = None,
    bundle_name: str | None = None,
    summary: bool = False,
) -> dict[str, Any]:
    """Settings of all addons of a bundle: what AYON's clients read."""
    if project_name is not None:
        await user.ensure_project_access(project_name)
    bundle = await _find_bundle(bundle_name, variant)
    library: AddonLibrary = request.app.state.library
    addons = []
    for name, version in sorted(bundle["addons"].items()):
        if not version:
            continue
        addon = library.find(name, version)
        if addon is None:
            broken = library.broken.get((name, version))
            addons.append(
                {
                    "name": name,
                    "title": name,
                    "version": version,
                    "settings": {},
                    "isBroken": broken is not None,
                }
            )
            continue
        item = await _settings_item(addon, user, project_name, site_id, variant)
        if summary:
            item["settings"] = {}
        addons.append(item)
    result = {"bundleName": bundle["name"], "addons": addons, "inheritedAddons": []}
    if project_name is not None:
        result["projectName"] = project_name
    return result


async def _find_bundle(bundle_name: str | None, variant: str) -> dict[str, Any]:
    flags = {"production": "isProduction", "staging": "isStaging"}
    for bundle in await _load_bundles():
        if bundle_name is not None:
            found = bundle["name"] == bundle_name
        elif variant in flags:
            found = bundle[flags[variant]]
        else:  # a dev bundle's name is its variant
            found = bundle["name"] == variant
        if found:
            return bundle
    raise NotFoundException(f"Bundle {bundle_name or variant} not found")


async def _settings_item(
    addon: BaseServerAddon,
    user: UserEntity,
    project_name: str | None,
    site_id: str | None,
    variant: str,
) -> dict[str, Any]:
    if project_name is None:
        settings = await addon.get_studio_settings(variant)
    elif site_id is None:
        settings = await addon.get_project_settings(project_name, variant)
    else:
        settings = await addon.get_project_site_settings(
            project_name, user.name, site_id, variant
        )
    scopes: set[str] = set()
    model = addon.get_settings_model()
    for field in model.__fields__.values() if model is not None else ():
        scopes.update(field.field_info.extra.get("scope", ["studio", "project"]))
    item: dict[str, Any] = {
        "name": addon.name,
        "title": addon.title or addon.name,
        "version": addon.version,
        "hasSettings": "studio" in scopes,
        "hasProjectSettings": "project" in scopes,
        "hasProjectSiteSettings": "site" in scopes,
        "hasSiteSettings": addon.get_site_settings_model() is not None,
        "isBroken": False,
        "isProjectBundle": False,
        "settings": settings.dict() if settings is not None else {},
    }
    if site_id is not None:
        site_settings = await addon.get_site_settings(user.name, site_id)
        if site_settings is not None:
            item["siteSettings"] = site_settings
    return item
