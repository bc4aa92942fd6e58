"""Routes: bad input is told as our 400; what a deletion crosses begins anew; a
database that is full or away is told as such."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from ..checks import clean_message
from ..errors import DatabaseAwayError, DatabaseFullError, InvalidRequestError
from ..host import logging
from ..store.crossings import do_until_uncrossed
from ..store.interruptions import INTERRUPTIONS, is_interruption
from .bodies import read_within_bounds

Handler = Callable[[Request], Awaitable[Response]]

# FastAPI names where a value was; the field's own name follows.
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})
_BAD_REQUEST = 400


class SiteSyncRoute(APIRoute):
    """A route whose validation errors are sentences that name the field.

    A request that a deletion in AYON crosses, of entities or of a project, is handled
    again: all that requests do may be done twice.
    """

    def get_route_handler(self) -> Any:
        handle: Handler = super().get_route_handler()
        has_body = self.body_field is not None

        async def answer(request: Request) -> Response:
            if has_body:
                request = await read_within_bounds(request)
            return await do_until_uncrossed(lambda: _handle(handle, request))

        return answer


async def _handle(handle: Handler, request: Request) -> Response:
    try:
        return await handle(request)
    except RequestValidationError as error:
        raise describe_validation_error(error) from None
    except asyncpg.DiskFullError as error:
        raise DatabaseFullError from error
    except INTERRUPTIONS as error:
        if not is_interruption(error):
            raise
        logging.warning(f"Site Sync was broken off by the database: {error!r}")
        raise DatabaseAwayError from error
    except HTTPException as error:
        # FastAPI's own, of a body that is no text or nested beyond all bounds.
        if error.status_code != _BAD_REQUEST:
            raise
        if isinstance(error.__cause__, InvalidRequestError):
            raise error.__cause__ from None
        raise InvalidRequestError("body", "The body must be valid JSON") from None


def describe_validation_error(
    error: RequestValidationError | ValidationError,
) -> InvalidRequestError:
    """Make one sentence of the first thing that is wrong with a request.

    Pydantic's message says what is allowed.
    """
    first: Mapping[str, Any] = error.errors()[0]
    place, *path = [str(part) for part in first.get("loc", ())] or ["body"]
    if place not in _PLACES:
        path = [place, *path]
    if first.get("type") == "json_invalid":
        return InvalidRequestError("body", "The body must be valid JSON")
    # Names of the body's own keys are in the path: any text.
    field = clean_message(".".join(path)) or "body"
    message = str(first.get("msg", "is not valid"))
    return InvalidRequestError(field, f"{field}: {message}")
