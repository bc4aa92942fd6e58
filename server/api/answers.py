"""Answers out of plain dicts: lists are long, and models cost more than the query."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import orjson
from fastapi import Request, Response

# How long one slice of an answer may hold up other requests.
SLICE_SECONDS = 0.001
# Smaller ones are sent sooner than they are compressed.
COMPRESSED_BYTES = 16_000
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_FAST = 1


def answer(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


async def answer_list(
    request: Request,
    key: str,
    items: Iterable[Any],
    others: Mapping[str, Any] | None = None,
) -> Response:
    """Answer `{key: [items], **others}`.

    The items are taken, and encoded, in slices, so that others get their turn.
    """
    opening = b"{" + orjson.dumps(key) + b":["
    closing = b"]" + _members(others)
    return await _send(request, opening, _slices(items, b"[]"), closing)


async def answer_mapping(
    request: Request, key: str, members: Mapping[str, Any]
) -> Response:
    """Answer `{key: {members}}` as `answer_list` does."""
    opening = b"{" + orjson.dumps(key) + b":{"
    pairs = ({name: value} for name, value in members.items())
    return await _send(request, opening, _slices(pairs, b"{}"), b"}}")


async def answer_encoded(
    request: Request, key: str, parts: AsyncIterator[list[tuple[str, str]]]
) -> Response:
    """Answer `{key: {members}}`; values are JSON already, names are ids."""
    opening = b"{" + orjson.dumps(key) + b":{"
    slices = (
        ",".join([f'"{name}":{value}' for name, value in part]).encode()
        async for part in parts
        if part
    )
    return await _send(request, opening, slices, b"}}")


def _members(others: Mapping[str, Any] | None) -> bytes:
    """Return the end of an object with more members."""
    if not others:
        return b"}"
    return b"," + orjson.dumps(others)[1:]


async def _slices(items: Iterable[Any], brackets: bytes) -> AsyncIterator[bytes]:
    """Encode items, each without `brackets` if it is a mapping of one member."""
    is_mapping = brackets == b"{}"
    parts: list[bytes] = []
    started_at = time.perf_counter()
    for item in items:
        encoded = orjson.dumps(item)
        parts.append(encoded[1:-1] if is_mapping else encoded)
        if time.perf_counter() - started_at > SLICE_SECONDS:
            yield b",".join(parts)
            parts = []
            await asyncio.sleep(0)
            started_at = time.perf_counter()
    if parts:
        yield b",".join(parts)


async def _send(
    request: Request, opening: bytes, slices: AsyncIterator[bytes], closing: bytes
) -> Response:
    parts = [opening]
    async for part in slices:
        if len(parts) > 1:
            parts.append(b",")
        parts.append(part)
    parts.append(closing)
    body = b"".join(parts)  # once: copying megabytes holds others up
    headers = {"Vary": "Accept-Encoding"}
    if len(body) >= COMPRESSED_BYTES and accepts_gzip(request):
        # In a thread: zlib lets other threads run meanwhile.
        body = await asyncio.to_thread(zlib.compress, body, _FAST, _GZIP_WINDOW)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


def accepts_gzip(request: Request) -> bool:
    """Tell whether the client takes gzip; `gzip;q=0` says that it does not."""
    for coding in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, parameters = coding.partition(";")
        if name.strip() in ("gzip", "*"):
            quality = parameters.replace(" ", "").removeprefix("q=")
            return quality.strip("0.") != "" or not parameters
    return False
