"""Settings of one addon version: values, overrides, machine settings."""

from typing import Any

from ayon_server.addons import BaseServerAddon
from ayon_server.api.dependencies import CurrentUser, ProjectName, SiteID
from ayon_server.api.responses import EmptyResponse
from ayon_server.events import EventStream
from ayon_server.exceptions import (
    BadRequestException,
    ForbiddenException,
    NotFoundException,
)
from ayon_server.lib.postgres import Postgres
from ayon_server.settings import BaseSettingsModel, extract_overrides
from fastapi import APIRouter, Query, Request
from pydantic import ValidationError

from devhost.settings_store import SettingsPlace, read_overrides, write_overrides

router = APIRouter(prefix="/addons/{addon_name}/{version}")


def _find(request: Request, addon_name: str, version: str) -> BaseServerAddon:
    addon: BaseServerAddon | None = request.app.state.library.find(addon_name, version)
    if addon is None:
        raise NotFoundException(f"Addon {addon_name} version {version} does not exist")
    return addon


async def _load(
    addon: BaseServerAddon, place: SettingsPlace, as_version: str | None = None
) -> BaseSettingsModel:
    """The effective settings at a place.

    :raises NotFoundException: the addon has no settings.
    """
    if place.project_name is None:
        settings = await addon.get_studio_settings(place.variant, as_version)
    elif place.site_id is None or place.user_name is None:
        settings = await addon.get_project_settings(
            place.project_name, place.variant, as_version
        )
    else:
        settings = await addon.get_project_site_settings(
            place.project_name,
            place.user_name,
            place.site_id,
            place.variant,
            as_version,
        )
    if settings is None:
        raise NotFoundException(f"Settings for {addon.name} {addon.version} not found")
    return settings


async def _save(
    addon: BaseServerAddon, place: SettingsPlace, payload: dict[str, Any]
) -> None:
    """Store what differs from the effective settings, as AYON's editor does."""
    payload = {k: v for k, v in payload.items() if not k.startswith("__")}
    original = await _load(addon, place)
    try:
        changed = type(original)(**payload)
    except ValidationError as error:
        raise BadRequestException("Invalid settings", errors=error.errors()) from error
    existing = await read_overrides(place)
    await write_overrides(place, extract_overrides(original, changed, existing))
    await _announce(addon, place, original)


async def _announce(
    addon: BaseServerAddon, place: SettingsPlace, original: BaseSettingsModel
) -> None:
    summary: dict[str, Any] = {
        "addon_name": addon.name,
        "addon_version": addon.version,
        "variant": None if place.site_id else place.variant,
    }
    if place.site_id:
        summary["site_id"] = place.site_id
    await EventStream.dispatch(
        "settings.changed",
        project=place.project_name,
        description=f"{addon.name} {addon.version} overrides changed",
        summary=summary,
    )
    await addon.on_settings_changed(
        original,
        await _load(addon, place),
        variant=place.variant,
        project_name=place.project_name,
        site_id=place.site_id,
        user_name=place.user_name,
    )


@router.get("/settings")
async def get_studio_settings(
    request: Request,
    addon_name: str,
    version: str,
    _user: CurrentUser,
    variant: str = "production",
    as_version: str | None = Query(None, alias="as"),
) -> dict[str, Any]:
    addon = _find(request, addon_name, version)
    place = SettingsPlace(addon_name, version, variant)
    return (await _load(addon, place, as_version)).dict()


@router.post("/settings")
async def set_studio_settings(
    *,
    request: Request,
    payload: dict[str, Any],
    addon_name: str,
    version: str,
    user: CurrentUser,
    variant: str = "production",
) -> EmptyResponse:
    if not user.is_manager:
        raise ForbiddenException()
    addon = _find(request, addon_name, version)
    await _save(addon, SettingsPlace(addon_name, version, variant), payload)
    return EmptyResponse()


@router.get("/settings/{project_name}")
async def get_project_settings(  # noqa: PLR0913
    *,
    request: Request,
    addon_name: str,
    version: str,
    project_name: ProjectName,
    user: CurrentUser,
    site_id: SiteID,
    variant: str = "production",
    as_version: str | None = Query(None, alias="as"),
) -> dict[str, Any]:
    addon = _find(request, addon_name, version)
    place = SettingsPlace(addon_name, version, variant, project_name)
    if site_id:
        place = place.at_site(user.name, site_id)
    return (await _load(addon, place, as_version)).dict()


@router.post("/settings/{project_name}")
async def set_project_settings(  # noqa: PLR0913
    *,
    request: Request,
    payload: dict[str, Any],
    addon_name: str,
    version: str,
    project_name: ProjectName,
    user: CurrentUser,
    site_id: SiteID,
    variant: str = "production",
) -> EmptyResponse:
    """The project's overrides, or with a site the caller's own for that machine."""
    addon = _find(request, addon_name, version)
    place = SettingsPlace(addon_name, version, variant, project_name)
    if site_id:
        place = place.at_site(user.name, site_id)
    else:
        user.check_permissions("project.settings", project_name, write=True)
    await _save(addon, place, payload)
    return EmptyResponse()


@router.get("/rawOverrides")
async def get_raw_studio_overrides(
    addon_name: str, version: str, user: CurrentUser, variant: str = "production"
) -> dict[str, Any]:
    if not user.is_admin:
        raise ForbiddenException("Only admins can access raw overrides")
    return await read_overrides(SettingsPlace(addon_name, version, variant))


@router.put("/rawOverrides")
async def set_raw_studio_overrides(
    payload: dict[str, Any],
    addon_name: str,
    version: str,
    user: CurrentUser,
    variant: str = "production",
) -> EmptyResponse:
    """Store overrides as they are: no validation, no event."""
    if not user.is_admin:
        raise ForbiddenException("Only admins can set raw overrides")
    await write_overrides(SettingsPlace(addon_name, version, variant), payload)
    return EmptyResponse()


@router.get("/rawOverrides/{project_name}")
async def get_raw_project_overrides(
    addon_name: str,
    version: str,
    project_name: ProjectName,
    user: CurrentUser,
    site_id: SiteID,
    variant: str = "production",
) -> dict[str, Any]:
    place = SettingsPlace(addon_name, version, variant, project_name)
    if site_id:
        place = place.at_site(user.name, site_id)
    elif not user.is_admin:
        raise ForbiddenException("Only admins can access raw overrides")
    return await read_overrides(place)


@router.put("/rawOverrides/{project_name}")
async def set_raw_project_overrides(
    payload: dict[str, Any],
    addon_name: str,
    version: str,
    project_name: ProjectName,
    user: CurrentUser,
    site_id: SiteID,
    variant: str = "production",
) -> EmptyResponse:
    place = SettingsPlace(addon_name, version, variant, project_name)
    if site_id:
        place = place.at_site(user.name, site_id)
    elif not user.is_admin:
        raise ForbiddenException("Only admins can set raw overrides")
    await write_overrides(place, payload)
    return EmptyResponse()


@router.get("/siteSettings")
async def get_site_settings(
    request: Request, addon_name: str, version: str, user: CurrentUser, site_id: SiteID
) -> dict[str, Any]:
    addon = _find(request, addon_name, version)
    model = addon.get_site_settings_model()
    if model is None:
        return {}
    saved = await addon.get_site_settings(user.name, site_id) if site_id else None
    return saved if saved is not None else model().dict()


@router.put("/siteSettings")
async def set_site_settings(
    *,
    request: Request,
    payload: dict[str, Any],
    addon_name: str,
    version: str,
    user: CurrentUser,
    site_id: SiteID,
) -> EmptyResponse:
    """The caller's settings of a registered machine."""
    model = _find(request, addon_name, version).get_site_settings_model()
    if model is None:
        raise BadRequestException(f"Addon {addon_name} has no site settings")
    if not site_id:
        raise BadRequestException("site_id is required")
    try:
        data = model(**payload).dict()
    except ValidationError as error:
        raise BadRequestException("Invalid settings", errors=error.errors()) from error
    await Postgres.execute(
        "INSERT INTO public.site_settings "
        "(addon_name, addon_version, site_id, user_name, data) "
        "VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (addon_name, addon_version, site_id, user_name) "
        "DO UPDATE SET data = $5",
        addon_name,
        version,
        site_id,
        user.name,
        data,
    )
    return EmptyResponse()
