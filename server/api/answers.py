"""Answers out of plain dicts: lists are long, and models cost more than the query."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice
from typing import Any

import orjson
from fastapi import Response

_SLICE = 200


def answer(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


async def answer_list(key: str, items: Iterable[Any]) -> Response:
    """Answer `{key: [items]}`, encoded in slices so that others get their turn."""
    iterator = iter(items)
    parts: list[bytes] = []
    while batch := list(islice(iterator, _SLICE)):
        parts.append(orjson.dumps(batch)[1:-1])
        await asyncio.sleep(0)
    body = b"{" + orjson.dumps(key) + b":[" + b",".join(parts) + b"]}"
    return Response(body, media_type="application/json")
