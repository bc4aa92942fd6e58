"""Routes that answer bad input with our 400, and refuse projects that are not ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError

from ..checks import clean_message
from ..errors import InvalidRequestError

Handler = Callable[[Request], Awaitable[Response]]

# FastAPI names where a value was; the field's own name follows.
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})


class SiteSyncRoute(APIRoute):
    """A route whose validation errors are sentences that name the field."""

    def get_route_handler(self) -> Any:
        handle: Handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise describe_validation_error(error) from None

        return answer


def describe_validation_error(
    error: RequestValidationError | ValidationError,
) -> InvalidRequestError:
    """Make one sentence of the first thing that is wrong with a request.

    Pydantic's message says what is allowed.
    """
    first: Mapping[str, Any] = error.errors()[0]
    path = [str(part) for part in first.get("loc", ()) if part not in _PLACES]
    if first.get("type") == "value_error.jsondecode":
        return InvalidRequestError("body", "The body must be valid JSON")
    # Names of the body's own keys are in the path: any text.
    field = clean_message(".".join(path)) or "body"
    message = str(first.get("msg", "is not valid"))
    return InvalidRequestError(field, f"{field}: {message}")
