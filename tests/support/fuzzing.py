"""Made-up requests against a running addon: no fault of ours, no other shape."""

import json
import random
from collections import Counter
from typing import Any

import httpx
from ayon_server.lib.postgres import Postgres

from tests.support.devhost_app import Host
from tests.support.openapi_requests import (
    MadeRequest,
    RequestMaker,
    mismatches,
)

USERS = ("admin", "manager", "artist", "restricted", "service")
SITES = ("studio", "nearline", "brisk-amber-fox")
# How long a request waits for others: it would take the time of a thousand.
WAITING = "timeoutSeconds"
ALLOWED = frozenset({200, 204, 400, 403, 404, 405, 409})


async def fuzz(
    host: Host, known: dict[str, list[str]], count: int, seed: int
) -> Counter[str]:
    """Send `count` requests; answers how many had which status, by operation.

    :raises AssertionError: the first answer that is not allowed, with its request.
    """
    admin = await host.client("admin")
    document = (await admin.get(f"{host.addon_path}/openapi.json")).json()
    maker = RequestMaker(document, known, seed)
    operations = maker.operations
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    for number in range(count):
        made = maker.make(operations[number % len(operations)])
        client = await host.client(chance.choice(USERS), chance.choice(SITES[1:]))
        answer = await client.request(
            made.operation.method,
            made.url,
            params=httpx.QueryParams(_without_waiting(made.params)),
            content=_encode(made),
            headers={"Content-Type": "application/json"},
        )
        seen[f"{made.operation.name} {answer.status_code}"] += 1
        problem = _judge(document, made, answer)
        assert problem is None, f"{problem}\n{made}\n{answer.text[:2000]}"
    await _check_that_all_is_there(host)
    return seen


def _without_waiting(params: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    others = [(name, value) for name, value in params if name != WAITING]
    return [*others, (WAITING, "0")]


def _encode(made: MadeRequest) -> bytes | None:
    return json.dumps(made.body).encode() if made.has_body else None


def _judge(document: Any, made: MadeRequest, answer: Any) -> str | None:
    """What is wrong with an answer; None if nothing."""
    # An empty last segment makes another path; Starlette points to the one without
    # the slash where there is such a route.
    if answer.status_code == 307 and made.url.endswith("/"):
        return None
    if answer.status_code not in ALLOWED:
        return f"status {answer.status_code}"
    if answer.status_code == 204:
        return "204 with a body" if answer.content else None
    content = answer.json()
    if answer.status_code != 200:
        if not content.get("detail") or content.get("code") != answer.status_code:
            return "an error without words"
        return None
    described = made.operation.description["responses"].get("200", {})
    schema = described.get("content", {}).get("application/json", {}).get("schema", {})
    return next(mismatches(document, schema, content), None)


async def _check_that_all_is_there(host: Host) -> None:
    """No text was taken as SQL: the tables stand, the users are who they were."""
    rows = await Postgres.fetch("SELECT name FROM public.users ORDER BY name")
    assert [row["name"] for row in rows] == sorted(USERS)
    client = await host.client("manager")
    answer = await client.post(
        f"{host.addon_path}/demo/representations/query", json={"withTotal": True}
    )
    assert answer.status_code == 200
    assert answer.json()["total"] > 0
