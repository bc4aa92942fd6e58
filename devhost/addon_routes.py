"""Routes of the loaded addons: their endpoints, their files, their OpenAPI."""

import re
from pathlib import Path
from typing import Any

from ayon_server.addons import BaseServerAddon
from ayon_server.api.dependencies import CurrentUser
from ayon_server.exceptions import ForbiddenException, NotFoundException
from ayon_server.logging import logger
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute

from devhost.loader import AddonLibrary

_RESERVED = ("settings", "schema", "overrides")


def mount_addons(app: FastAPI, library: AddonLibrary) -> None:
    """Register every addon's routers, endpoints and websocket on the application."""
    for addon in library:
        _mount(app, addon)
    app.include_router(_static_router(library))


def _mount(app: FastAPI, addon: BaseServerAddon) -> None:
    prefix = f"/api/addons/{addon.name}/{addon.version}"
    label = f"{addon.name}_{addon.version}"
    websocket = getattr(addon, "ws", None)
    if websocket is not None:
        app.add_api_websocket_route(f"{prefix}/ws", websocket, name=f"{label}_ws")
    for router in addon.routers:
        app.include_router(
            router,
            prefix=prefix,
            generate_unique_id_function=lambda route: _slug(f"{label}_{route.name}"),
        )
    for endpoint in addon.endpoints:
        path = endpoint["path"].lstrip("/")
        if path.split("/")[0] in _RESERVED:
            logger.error(f"Unable to assign path to endpoint: {path}")
            continue
        app.add_api_route(
            f"{prefix}/{path}",
            endpoint["handler"],
            methods=[endpoint["method"]],
            name=endpoint["name"],
            operation_id=_slug(f"{label}_{endpoint['name']}"),
        )

    async def openapi(user: CurrentUser) -> dict[str, Any]:
        if not user.is_manager:
            raise ForbiddenException("Only managers may read the OpenAPI schema")
        return describe_addon(addon)

    app.add_api_route(f"{prefix}/openapi.json", openapi, include_in_schema=False)


def _slug(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "_", text)


def describe_addon(addon: BaseServerAddon, prefix: str | None = None) -> dict[str, Any]:
    """The OpenAPI description of an addon's routes.

    :param prefix: of all paths; where AYON mounts the addon when None.
    """
    if prefix is None:
        prefix = f"/api/addons/{addon.name}/{addon.version}"
    router = APIRouter()
    for endpoint in addon.endpoints:
        router.add_api_route(
            f"{prefix}/{endpoint['path'].lstrip('/')}",
            endpoint["handler"],
            methods=[endpoint["method"]],
            name=endpoint["name"],
            description=endpoint["description"],
            operation_id=endpoint["name"],
        )
    app = FastAPI()
    app.include_router(router)
    for addon_router in addon.routers:
        app.include_router(
            addon_router,
            prefix=prefix,
            generate_unique_id_function=lambda route: route.name,
        )
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    return get_openapi(
        title=addon.title or addon.name, version=addon.version, routes=routes
    )


def _static_router(library: AddonLibrary) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    def serve(addon_name: str, version: str, kind: str, path: str) -> FileResponse:
        addon = library.find(addon_name, version)
        if addon is None:
            raise NotFoundException(f"Addon {addon_name} {version} does not exist")
        folder: str | None = getattr(addon, f"get_{kind}_dir")()
        if folder is None:
            raise NotFoundException(f"Addon {addon_name} has no {kind} files")
        root = Path(folder).resolve()
        target = (root / path).resolve()
        if not target.is_relative_to(root) or not target.is_file():
            raise NotFoundException(f"File {path} not found")
        return FileResponse(target)

    @router.get("/addons/{addon_name}/{version}/frontend/{path:path}")
    async def serve_frontend(addon_name: str, version: str, path: str) -> FileResponse:
        return serve(addon_name, version, "frontend", path or "index.html")

    @router.get("/addons/{addon_name}/{version}/public/{path:path}")
    async def serve_public(addon_name: str, version: str, path: str) -> FileResponse:
        return serve(addon_name, version, "public", path)

    @router.get("/addons/{addon_name}/{version}/private/{path:path}")
    async def serve_private(
        addon_name: str, version: str, path: str, _user: CurrentUser
    ) -> FileResponse:
        return serve(addon_name, version, "private", path)

    return router
