"""Request dependencies, with AYON's names and rules."""

import re
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request
from fastapi.routing import APIRoute

from ayon_server.entities import UserEntity
from ayon_server.exceptions import (
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    UnauthorizedException,
)
from ayon_server.helpers.project_list import get_project_info
from ayon_server.types import PROJECT_NAME_REGEX
from ayon_server.utils import ENTITY_ID_REGEX

# A marker in a route's `dependencies`.
AllowGuests = Depends(lambda: None)

_SITE_ID_REGEX = r"^[a-z0-9-]+$"


async def dep_current_user(request: Request) -> UserEntity:
    user: UserEntity | None = getattr(request.state, "user", None)
    if user is None:
        reason = getattr(request.state, "unauthorized_reason", None)
        raise UnauthorizedException(reason or "You are not logged in")
    route = request.scope.get("route")
    if user.is_guest and (
        not isinstance(route, APIRoute) or AllowGuests not in route.dependencies
    ):
        raise ForbiddenException("Guests are not allowed to access this endpoint.")
    return user


CurrentUser = Annotated[UserEntity, Depends(dep_current_user)]


async def dep_project_name(
    current_user: CurrentUser,
    project_name: Annotated[
        str, Path(title="Project name", pattern=PROJECT_NAME_REGEX)
    ],
) -> str:
    """Access first (403), existence then (404), the name in its real letter case."""
    await current_user.ensure_project_access(project_name)
    project = await get_project_info(project_name, with_skeleton=True)
    if project.skeleton:
        raise NotFoundException(
            f"Project {project_name} is a skeleton and cannot be used in this endpoint"
        )
    return project.name


ProjectName = Annotated[str, Depends(dep_project_name)]


async def dep_representation_id(
    representation_id: Annotated[
        str,
        Path(title="Version ID", min_length=32, max_length=32, pattern=ENTITY_ID_REGEX),
    ],
) -> str:
    return representation_id


RepresentationID = Annotated[str, Depends(dep_representation_id)]


def _validate_site_id(site_id: str | None) -> str | None:
    if site_id is None:
        return None
    if not site_id:
        raise BadRequestException("Site id cannot be empty")
    if not re.match(_SITE_ID_REGEX, site_id):
        raise BadRequestException(f"Invalid site id: {site_id}")
    return site_id


async def dep_client_site_id(
    param1: Annotated[
        str | None, Query(alias="site_id", include_in_schema=False)
    ] = None,
    param2: Annotated[str | None, Query(alias="site", include_in_schema=False)] = None,
    x_ayon_site_id: Annotated[str | None, Header(title="Site ID")] = None,
) -> str | None:
    return _validate_site_id(param1 or param2 or x_ayon_site_id)


ClientSiteID = Annotated[str | None, Depends(dep_client_site_id)]


async def dep_site_id(
    param1: Annotated[str | None, Query(alias="site_id", title="Site ID")] = None,
    param2: Annotated[str | None, Query(alias="site", include_in_schema=False)] = None,
) -> str | None:
    return _validate_site_id(param1 or param2)


SiteID = Annotated[str | None, Depends(dep_site_id)]
