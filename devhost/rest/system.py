"""Server information, machines (AYON's sites), attributes and secrets."""

import time
from typing import Any

from ayon_server import __version__
from ayon_server.api.dependencies import CurrentUser
from ayon_server.api.responses import EmptyResponse
from ayon_server.entities import UserEntity
from ayon_server.exceptions import ForbiddenException, NotFoundException
from ayon_server.lib.postgres import Postgres
from ayon_server.secrets import Secrets
from ayon_server.types import OPModel
from fastapi import APIRouter, Request

from devhost.rest.login import describe_user

router = APIRouter()

_started_at = time.monotonic()

_REGISTER_SITE = """
INSERT INTO public.sites (id, data) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data || jsonb_build_object('users',
    CASE WHEN sites.data->'users' ? $3 THEN sites.data->'users'
    ELSE coalesce(sites.data->'users', '[]'::jsonb) || to_jsonb($3::text) END)
"""


class SecretRequest(OPModel):
    value: str


@router.get("/info")
async def get_info(request: Request) -> dict[str, Any]:
    """What a client asks first; registers the machine that the headers describe."""
    info: dict[str, Any] = {
        "version": __version__,
        "uptime": time.monotonic() - _started_at,
        "releaseInfo": {
            "version": __version__,
            "buildDate": "20260101",
            "buildTime": "0000",
            "frontendBranch": "devhost",
            "backendBranch": "devhost",
        },
    }
    user: UserEntity | None = request.state.user
    if user is not None:
        await _register_site(request, user)
        info["user"] = describe_user(user)
        info["attributes"] = await _list_attributes()
        info["sites"] = [s for s in await _list_sites() if user.name in s["users"]]
    return info


async def _register_site(request: Request, user: UserEntity) -> None:
    """Only with all four headers, as AYON does. Nothing proves whose machine it is."""
    names = ("site-id", "platform", "hostname", "version")
    values = [request.headers.get(f"x-ayon-{name}") for name in names]
    site_id, platform, hostname, version = values
    if not all(values):
        return
    data = {
        "platform": platform,
        "hostname": hostname,
        "version": version,
        "users": [user.name],
    }
    await Postgres.execute(_REGISTER_SITE, site_id, data, user.name)


async def _list_sites() -> list[dict[str, Any]]:
    rows = await Postgres.fetch("SELECT id, data FROM public.sites ORDER BY id")
    return [{"users": [], **row["data"], "id": row["id"]} for row in rows]


async def _list_attributes() -> list[dict[str, Any]]:
    rows = await Postgres.fetch("SELECT * FROM public.attributes ORDER BY position")
    return [{**dict(row), "data": {"default": None, **row["data"]}} for row in rows]


@router.get("/attributes")
async def get_attributes(_user: CurrentUser) -> dict[str, Any]:
    return {"attributes": await _list_attributes()}


@router.get("/system/sites")
async def get_sites(
    user: CurrentUser, platform: str | None = None, hostname: str | None = None
) -> list[dict[str, Any]]:
    """The caller's machines; all for managers."""
    return [
        site
        for site in await _list_sites()
        if (user.is_manager or user.name in site["users"])
        and platform in (None, site.get("platform"))
        and hostname in (None, site.get("hostname"))
    ]


@router.delete("/system/sites/{site_id}")
async def delete_site(site_id: str, user: CurrentUser) -> EmptyResponse:
    if not user.is_admin:
        raise ForbiddenException("Only administrators can delete sites")
    await Postgres.execute("DELETE FROM public.sites WHERE id = $1", site_id)
    return EmptyResponse()


@router.get("/secrets")
async def list_secrets(user: CurrentUser) -> list[dict[str, str]]:
    """Names for managers, values too for admins."""
    if not user.is_manager:
        raise ForbiddenException()
    return [
        {"name": name, "value": value if user.is_admin else ""}
        for name, value in sorted((await Secrets.all()).items())
    ]


@router.get("/secrets/{secret_name}")
async def get_secret(secret_name: str, user: CurrentUser) -> dict[str, str]:
    if not user.is_admin:
        raise ForbiddenException()
    value = await Secrets.get(secret_name)
    if value is None:
        raise NotFoundException(f"Secret {secret_name} not found")
    return {"name": secret_name, "value": value}


@router.put("/secrets/{secret_name}")
async def save_secret(
    secret_name: str, payload: SecretRequest, user: CurrentUser
) -> EmptyResponse:
    if not user.is_admin:
        raise ForbiddenException()
    await Secrets.set(secret_name, payload.value)
    return EmptyResponse()


@router.delete("/secrets/{secret_name}")
async def delete_secret(secret_name: str, user: CurrentUser) -> EmptyResponse:
    if not user.is_admin:
        raise ForbiddenException()
    await Secrets.delete(secret_name)
    return EmptyResponse()
