"""Who asks: AYON's rules for API keys, tokens and `X-As-User`."""

import re
from typing import Any

from ayon_server.api.context import RequestContext, request_context
from ayon_server.auth.session import Session, SessionModel
from ayon_server.entities import UserEntity
from ayon_server.exceptions import UnauthorizedException
from ayon_server.lib.postgres import Postgres
from ayon_server.types import NAME_REGEX
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from devhost.accounts import hash_secret

_TOKEN_LENGTH = 64


class AuthMiddleware:
    """Sets `request.state.user` (or None with the reason) and the request context."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["user"], state["unauthorized_reason"] = None, None
        try:
            state["user"] = await find_user(request)
        except UnauthorizedException as error:
            state["unauthorized_reason"] = error.detail
        context = RequestContext(
            user=state["user"],
            sender=_valid_name(request.headers.get("x-sender")),
            sender_type=_valid_name(request.headers.get("x-sender-type")) or "api",
        )
        token = request_context.set(context)
        try:
            await self.app(scope, receive, send)
        finally:
            request_context.reset(token)


async def find_user(request: Request) -> UserEntity:
    """The user of a request.

    :raises UnauthorizedException: no or wrong credentials.
    """
    session = await _find_session(request)
    user = await _load_active_user(session.user_name)
    as_user = request.headers.get("x-as-user")
    if as_user and user.is_service:
        user = await UserEntity.load(as_user)
    user.add_session(session)
    return user


async def _find_session(request: Request) -> SessionModel:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    api_key = request.headers.get("x-api-key")
    if not api_key and scheme.lower() == "apikey":
        api_key = value
    if api_key:
        session = await Session.check(api_key, request)
        if session is None:
            session = await create_key_session(api_key)
        return session
    token = request.cookies.get("accessToken")
    if not token and scheme.lower() == "bearer" and len(value) == _TOKEN_LENGTH:
        token = value
    token = token or request.query_params.get("token")
    if not token:
        raise UnauthorizedException("Access token is missing")
    session = await Session.check(token, request)
    if session is None:
        raise UnauthorizedException("Invalid session")
    return session


async def create_key_session(api_key: str) -> SessionModel:
    """A session whose token is the API key itself.

    :raises UnauthorizedException: nobody has that key.
    """
    row = await Postgres.fetchrow(
        "SELECT * FROM public.users WHERE data->>'apiKey' = $1 AND active",
        hash_secret(api_key),
    )
    if row is None:
        raise UnauthorizedException("Invalid API key")
    return await Session.create(UserEntity.from_record(row), token=api_key)


async def _load_active_user(name: str) -> UserEntity:
    row = await Postgres.fetchrow("SELECT * FROM public.users WHERE name = $1", name)
    if row is None or not row["active"]:
        raise UnauthorizedException("Invalid session")
    return UserEntity.from_record(row)


def _valid_name(value: str | None) -> str | None:
    return value if value is not None and re.match(NAME_REGEX, value) else None
