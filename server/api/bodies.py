"""Bodies of requests, read within bounds.

FastAPI reads and parses a body before it knows who is asking: without a bound anybody
who reaches the server could fill its memory.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from ..errors import BodyTooLargeError, InvalidRequestError

MAX_BODY_BYTES = 32 * 1024 * 1024
"""States of 100,000 files, the most that a request may have, take half of it."""
MAX_BODY_VALUES = 2_000_000
"""A value of JSON takes a hundred bytes of memory and may be two bytes long."""
_PLAIN = ("", "identity")


class _ReadRequest(Request):
    """A request whose JSON is read in half of the time: nobody is served meanwhile."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            # It refuses halves of characters, which names of files on disks can have:
            # fields that cannot hold them say so, messages are cleaned.
            content = json.loads(body)
        if content is not None and not isinstance(content, dict):
            # FastAPI takes it for an object without any key.
            msg = "body: must be a JSON object"
            raise InvalidRequestError("body", msg)
        return content


async def read_within_bounds(request: Request) -> Request:
    """Return the request with its body read.

    :raises BodyTooLargeError: it has more bytes or values than is allowed.
    :raises InvalidRequestError: it is compressed or no JSON by its kind, or the caller
        is gone.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _PLAIN:
        field = "Content-Encoding"
        msg = f"{field}: send the body as it is; compressed ones are not read"
        raise InvalidRequestError(field, msg)
    if not _is_json(request.headers.get("content-type", "")):
        field = "Content-Type"
        msg = f"{field}: must be application/json; other kinds are not read"
        raise InvalidRequestError(field, msg)
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > MAX_BODY_BYTES:
        raise BodyTooLargeError(_describe_bytes())
    body = await _read(request)
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_BODY_VALUES:
        msg = f"body: at most {MAX_BODY_VALUES} values are allowed in one request"
        raise BodyTooLargeError(msg)
    receive = request.receive
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return _ReadRequest(request.scope, replay)


def _is_json(kind: str) -> bool:
    """Tell whether FastAPI reads a body of this kind; one that is not told is JSON."""
    group, _, name = kind.partition(";")[0].strip().lower().partition("/")
    is_named = group == "application" and (name == "json" or name.endswith("+json"))
    return is_named or not kind


async def _read(request: Request) -> bytes:
    chunks = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise BodyTooLargeError(_describe_bytes())
            chunks.append(chunk)
    except ClientDisconnect:
        msg = "body: the caller was gone before its end"
        raise InvalidRequestError("body", msg) from None
    return b"".join(chunks)


def _describe_bytes() -> str:
    return (
        f"body: at most {MAX_BODY_BYTES // 1024**2} MiB are allowed: send it in "
        "several requests"
    )
