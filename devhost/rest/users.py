"""Users and access groups, as far as a suite makes its own: managers only."""

from typing import Annotated, Any

from ayon_server.access.access_groups import AccessGroups
from ayon_server.access.permissions import Permissions
from ayon_server.api.dependencies import CurrentUser
from ayon_server.api.responses import EmptyResponse
from ayon_server.entities import UserEntity
from ayon_server.exceptions import (
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
)
from ayon_server.lib.postgres import Postgres
from ayon_server.types import NAME_REGEX, OPModel
from fastapi import APIRouter, Path

from devhost.accounts import hash_secret

router = APIRouter()

Name = Annotated[str, Path(pattern=NAME_REGEX)]


class NewUserRequest(OPModel):
    """A person with a password, or with `data.isService` a service with a key."""

    password: str | None = None
    api_key: str | None = None
    attrib: dict[str, Any] = {}  # noqa: RUF012
    data: dict[str, Any] = {}  # noqa: RUF012


class ProjectGroups(OPModel):
    project: str
    access_groups: list[str]


class AssignGroupsRequest(OPModel):
    access_groups: list[ProjectGroups]


def _ensure_manager(user: UserEntity) -> None:
    if not user.is_manager:
        raise ForbiddenException("Only managers can change users and access groups")


@router.put("/users/{user_name}")
async def create_user(
    user_name: Name, payload: NewUserRequest, user: CurrentUser
) -> EmptyResponse:
    _ensure_manager(user)
    data = dict(payload.data)
    is_service = bool(data.get("isService"))
    if payload.password:
        if is_service:
            raise BadRequestException("Service users cannot have passwords")
        data["password"] = hash_secret(payload.password)
    if payload.api_key:
        if not is_service:
            raise BadRequestException("Only service users can have API keys")
        data["apiKey"] = hash_secret(payload.api_key)
    try:
        await Postgres.execute(
            "INSERT INTO public.users (name, attrib, data) VALUES ($1, $2, $3)",
            user_name,
            payload.attrib,
            data,
        )
    except Postgres.UniqueViolationError:
        raise ConflictException("User already exists") from None
    return EmptyResponse()


@router.patch("/users/{user_name}/accessGroups")
async def assign_access_groups(
    user_name: Name, payload: AssignGroupsRequest, user: CurrentUser
) -> EmptyResponse:
    """Groups by project; an empty list takes the user out of it."""
    _ensure_manager(user)
    target = await UserEntity.load(user_name)
    groups = dict(target.data.get("accessGroups", {}))
    for each in payload.access_groups:
        groups.pop(each.project, None)
        if each.access_groups:
            groups[each.project] = each.access_groups
    await Postgres.execute(
        "UPDATE public.users SET data = data || $2 WHERE name = $1",
        user_name,
        {"accessGroups": groups},
    )
    return EmptyResponse()


@router.delete("/users/{user_name}")
async def delete_user(user_name: Name, user: CurrentUser) -> EmptyResponse:
    _ensure_manager(user)
    await UserEntity.load(user_name)
    await Postgres.execute("DELETE FROM public.users WHERE name = $1", user_name)
    return EmptyResponse()


@router.put("/accessGroups/{group_name}/_", status_code=204)
async def save_access_group(
    group_name: Name, payload: Permissions, user: CurrentUser
) -> EmptyResponse:
    """One of the studio's."""
    _ensure_manager(user)
    await Postgres.execute(
        "INSERT INTO public.access_groups (name, data) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET data = $2",
        group_name,
        payload.dict(),
    )
    await AccessGroups.load()
    return EmptyResponse()


@router.delete("/accessGroups/{group_name}/_", status_code=204)
async def delete_access_group(group_name: Name, user: CurrentUser) -> EmptyResponse:
    _ensure_manager(user)
    deleted = await Postgres.fetchrow(
        "DELETE FROM public.access_groups WHERE name = $1 RETURNING name", group_name
    )
    if deleted is None:
        raise NotFoundException(f"Access group {group_name} not found")
    await AccessGroups.load()
    return EmptyResponse()
