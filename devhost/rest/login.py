"""Password login and the current user."""

import re
from typing import Any

from ayon_server.api.dependencies import AllowGuests, CurrentUser
from ayon_server.auth.session import Session
from ayon_server.entities import UserEntity
from ayon_server.exceptions import ForbiddenException
from ayon_server.lib.postgres import Postgres
from ayon_server.types import OPModel
from fastapi import APIRouter, Request

from devhost.accounts import hash_secret

router = APIRouter()

_HIDDEN = ("password", "apiKey")


class LoginRequest(OPModel):
    name: str
    password: str


def describe_user(user: UserEntity) -> dict[str, Any]:
    """The user as AYON's REST shows it, without password and key."""
    attrib = {k: v for k, v in vars(user.attrib).items() if v is not None}
    return {
        "name": user.name,
        "attrib": attrib,
        "data": {k: v for k, v in user.data.items() if k not in _HIDDEN},
        "active": user.active,
        "ownAttrib": sorted(attrib),
        "uiExposureLevel": 500 if user.is_manager else 100,
    }


@router.post("/auth/login")
async def login(payload: LoginRequest) -> dict[str, Any]:
    """A session token of 64 characters; any failure is 403."""
    row = await Postgres.fetchrow(
        "SELECT * FROM public.users WHERE lower(name) = lower($1) AND active",
        payload.name,
    )
    if row is None or row["data"].get("password") != hash_secret(payload.password):
        raise ForbiddenException("Invalid login/password combination")
    user = UserEntity.from_record(row)
    session = await Session.create(user)
    return {
        "detail": f"Logged in as {user.name}",
        "token": session.token,
        "user": describe_user(user),
    }


@router.post("/auth/logout")
async def logout(request: Request) -> dict[str, str]:
    header = request.headers.get("authorization", "")
    token = re.sub(r"^bearer ", "", header, flags=re.IGNORECASE)
    await Session.delete(token)
    return {"detail": "Logged out"}


@router.get("/users/me", dependencies=[AllowGuests])
async def get_current_user(user: CurrentUser) -> dict[str, Any]:
    return describe_user(user)
