"""How errors become responses: as AYON's logging middleware does it."""

import traceback
import uuid
from typing import Any

import asyncpg
from ayon_server.exceptions import AyonException
from ayon_server.logging import log_traceback
from fastapi import Request
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.responses import ORJSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WITHOUT_DETAILS = (401, 403, 503)
_CONSTRAINTS: dict[type[Exception], tuple[int, str]] = {
    asyncpg.UniqueViolationError: (409, "unique-violation"),
    asyncpg.ForeignKeyViolationError: (400, "foreign-key-violation"),
    asyncpg.NotNullViolationError: (400, "not-null-violation"),
}


class ErrorMiddleware:
    """Maps what an endpoint raises, and gives every response an `X-Request-ID`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        request_id = uuid.uuid4().hex[:16]

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            if started:
                raise
            response = make_error_response(Request(scope), error)
            await response(scope, receive, send_with_id)


def make_error_response(request: Request, error: Exception) -> ORJSONResponse:
    """The response to an exception that left an endpoint."""
    if isinstance(error, AyonException):
        content: dict[str, Any] = {"code": error.status, "detail": error.detail}
        if error.status not in _WITHOUT_DETAILS:
            content.update(error.extra)
        return ORJSONResponse(content, status_code=error.status)
    if isinstance(error, HTTPException):
        content = {
            "code": error.status_code,
            "detail": error.detail,
            "path": request.url.path,
        }
        return ORJSONResponse(content, status_code=error.status_code)
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return ORJSONResponse(_constraint_content(request, error), status_code=500)
    if isinstance(error, AssertionError):
        content = {**_place(request, error), "status": 500, "detail": str(error)}
        return ORJSONResponse(content, status_code=500)
    log_traceback(f"Unhandled {type(error).__name__} in {request.url.path}")
    content = {
        "code": 500,
        "status": 500,
        "detail": f"{type(error).__name__}: {error}",
        "traceback": traceback.format_exc(),
        **_place(request, error),
    }
    return ORJSONResponse(content, status_code=500)


def _constraint_content(request: Request, error: Exception) -> dict[str, Any]:
    """AYON answers HTTP 500 with the fitting code in the body only."""
    code, name = _CONSTRAINTS.get(type(error), (409, "integrity-constraint-violation"))
    return {
        **_place(request, error),
        "code": code,
        "error": name,
        "detail": str(error),
    }


def _place(request: Request, error: Exception) -> dict[str, Any]:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    path = request.url.path.removeprefix("/api")
    return {
        "path": f"[{request.method.upper()}] {path}",
        "file": frame.filename,
        "function": frame.name,
        "line": frame.lineno,
    }


async def handle_validation_error(request: Request, error: Exception) -> ORJSONResponse:
    """A request that FastAPI cannot read: 400, not 422."""
    assert isinstance(error, RequestValidationError)
    lines = []
    for item in error.errors():
        location = item["loc"][1:] if len(item["loc"]) > 1 else item["loc"]
        lines.append(f"{'.'.join(str(part) for part in location)}: {item['msg']}")
    content = {
        "code": 400,
        "detail": "Request validation error in "
        f"[{request.method.upper()}] {request.url.path}",
        "path": request.url.path,
        "traceback": "\n".join(lines),
        "errors": error.errors(),
    }
    return ORJSONResponse(content, status_code=400)


async def handle_not_found(request: Request, _error: Exception) -> ORJSONResponse:
    """Any 404 that is not AYON's own: an unknown route, or `HTTPException(404)`."""
    path = request.url.path
    kind = "File"
    if path.startswith("/api"):
        kind = "API endpoint"
    elif path.startswith("/addons"):
        kind = "Addon endpoint"
    return ORJSONResponse(
        {"code": 404, "detail": f"{kind} {path} not found", "path": path},
        status_code=404,
    )
