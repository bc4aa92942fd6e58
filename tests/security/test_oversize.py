"""Requests that are too large: refused in words, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from server.api.bodies import MAX_BODY_BYTES, MAX_BODY_VALUES
from server.gql.documents import MAX_FRAGMENTS
from tests.integration.pipeline import Pipeline
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

MIB = 1024 * 1024
STATES = "demo/states"
LIST = "demo/representations/query"
GRAPH = "-/graphql"


@pytest.fixture
async def client(host: Host) -> httpx.AsyncClient:
    return await host.client("artist", "own-machine")


async def post(client: httpx.AsyncClient, host: Host, path: str, **request: Any) -> Any:
    return await client.post(f"{host.addon_path}/{path}", **request)


def expect_refusal(answer: httpx.Response, status: int, field: str) -> None:
    assert answer.status_code == status, answer.text[:300]
    content = answer.json()
    assert content["field"] == field
    assert field in content["detail"]
    assert len(answer.text) < 1000


class Flood:
    """A body without a told length that goes on as long as somebody reads it."""

    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.sent < 50 * MAX_BODY_BYTES:
            self.sent += MIB
            yield b" " * MIB


async def test_a_body_of_100_mb_is_refused_by_its_told_length(
    host: Host, client: httpx.AsyncClient
) -> None:
    answer = await post(client, host, STATES, content=b" " * 100_000_000)
    expect_refusal(answer, 413, "body")
    assert answer.json()["errorCode"] == "body_too_large"


async def test_a_body_without_length_is_read_no_further_than_allowed(
    host: Host,
) -> None:
    anonymous = await host.anonymous()
    flood = Flood()
    answer = await post(anonymous, host, STATES, content=flood)
    expect_refusal(answer, 413, "body")
    # httpx's transport keeps what was sent before the application reads.
    assert flood.sent <= MAX_BODY_BYTES + 2 * MIB


async def test_a_small_body_of_too_many_values_is_refused(
    host: Host, client: httpx.AsyncClient
) -> None:
    content = b"[" + b"[]," * MAX_BODY_VALUES + b"[]]"
    assert len(content) < MAX_BODY_BYTES
    expect_refusal(await post(client, host, STATES, content=content), 413, "body")


async def test_compressed_bodies_are_not_unpacked(
    host: Host, client: httpx.AsyncClient
) -> None:
    bomb = gzip.compress(b" " * 50 * MIB)
    for encoding in ("gzip", "deflate", "br", "gzip, gzip"):
        answer = await post(
            client, host, STATES, content=bomb, headers={"Content-Encoding": encoding}
        )
        expect_refusal(answer, 400, "Content-Encoding")


UNREADABLE = {
    "lists": b"[" * 200_000,
    "objects": b'{"a":' * 200_000,
    "a deep field": b'{"states": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "levels of files": b'{"states": [' + b'{"files":[' * 900 + b"]}" * 900 + b"]}",
    "binary": b"\x1f\x8b\x08 no text",
    "utf-16": b"\xff\xfe{\x00}\x00",
    "a number": b'{"states": 1' + b"0" * 1_000_000 + b"}",
}


async def test_bodies_that_cannot_be_read_are_bad_requests(
    host: Host, client: httpx.AsyncClient
) -> None:
    for name, content in UNREADABLE.items():
        answer = await post(
            client,
            host,
            STATES,
            content=content,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400, (name, answer.text[:300])
        assert answer.json().get("errorCode") == "invalid_request", (name, answer.text)
        assert len(answer.text) < 1000, name


@pytest.mark.parametrize("content", [b'{"states": [}', b'"open', b"no JSON"])
async def test_bodies_that_are_no_json_are_told_as_that(
    host: Host, client: httpx.AsyncClient, content: bytes
) -> None:
    answer = await post(
        client,
        host,
        STATES,
        content=content,
        headers={"Content-Type": "application/json"},
    )
    expect_refusal(answer, 400, "body")


@pytest.mark.parametrize(
    "content", [b'"first"', b"[]", b'[["first", 1]]', b"5", b"true"]
)
async def test_bodies_that_are_no_objects_are_not_taken_for_empty_ones(
    host: Host, client: httpx.AsyncClient, content: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await post(client, host, LIST, content=content, headers=headers)
    expect_refusal(answer, 400, "body")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
async def test_bodies_of_another_kind_are_not_taken_for_empty_ones(
    host: Host, client: httpx.AsyncClient, kind: str
) -> None:
    """`curl -d` sends the first of them."""
    headers = {"Content-Type": kind}
    answer = await post(client, host, LIST, content=b'{"first": 1}', headers=headers)
    expect_refusal(answer, 400, "Content-Type")


BEYOND = (
    (LIST, {"representationIds": ["0" * 32] * 100_001}, "representationIds"),
    (LIST, {"siteNames": ["studio"] * 101}, "siteNames"),
    (LIST, {"search": "a" * 5_000_000}, "search"),
    (LIST, {"folderIds": ["x" * 5_000_000]}, "folderIds.0"),
    (STATES, {"states": [{}] * 10_001}, "states"),
    ("demo/presence", {"siteName": "studio", "files": [{}] * 10_001}, "files"),
    ("demo/credentials", {"siteNames": ["a"] * 101}, "siteNames"),
    ("demo/credentials", {"siteNames": ["a" * 5_000_000]}, "siteNames"),
    ("-/renew", {"agentId": "a" * 32, "leases": [{}] * 1001}, "leases"),
    (GRAPH, {"query": "{" + " " * 100_000 + "agents { agentId } }"}, "query"),
    (GRAPH, [{"query": "{ __typename }"}] * 1000, "body"),
)


async def test_more_than_is_allowed_is_a_bad_request_that_names_the_field(
    host: Host, client: httpx.AsyncClient
) -> None:
    for path, body, field in BEYOND:
        expect_refusal(await post(client, host, path, json=body), 400, field)


SEARCHES = ("(a+)+$", "%", "_", "%a", "\\", ".*[", "\u202e\u0301")


async def test_long_search_texts_are_text(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    await pipeline.publish()
    for text in SEARCHES:
        long = text * (1000 // len(text))
        body = {"siteNames": ["studio"], "search": long}
        answer = await post(client, host, LIST, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["representations"] == [], text


# --- GraphQL -------------------------------------------------------------------------


def spread(times: int, steps: int) -> str:
    """Fragments that spread the next one several times: `times` ** `steps` fields."""
    names = [f"f{number}" for number in range(steps + 1)]
    parts = [
        f"fragment {name} on Project {{ {f'...{following} ' * times}}}"
        for name, following in pairwise(names)
    ]
    parts.append(f"fragment {names[-1]} on Project {{ name }}")
    return '{ project(name: "demo") { ...f0 } } ' + " ".join(parts)


BOMBS = {
    "doubling": spread(2, 60),
    "many times": spread(90, 3),
    "a chain": spread(1, MAX_FRAGMENTS),
    "a circle": "{ ...a } fragment a on Query { ...b ...b } "
    "fragment b on Query { ...a ...a }",
    "fields": '{ project(name: "demo") { ' + "name " * 9000 + "} }",
    "levels": '{ project(name: "demo") { ' + "... on Project { " * 500 + "name"
    " }" * 500 + " } }",
    "aliases": "{" + " ".join(f"a{n}: agents {{ agentId }}" for n in range(31)) + "}",
    "hidden aliases": "{ ...a ...b } "
    "fragment a on Query {"
    + " ".join(f"a{n}: agents {{ agentId }}" for n in range(20))
    + "} fragment b on Query {"
    + " ".join(f"b{n}: agents {{ agentId }}" for n in range(20))
    + "}",
    "directives": "{ agents { agentId " + "@skip(if: false) " * 3300 + "} }",
    "unknown fields": "{ " + " ".join(f"a{n}" for n in range(15_000)) + " }",
    "lists": '{ project(name: "demo") { versions(ids: '
    + "[" * 3000
    + "]" * 3000
    + ", siteNames: []) { id } } }",
}


async def test_queries_that_blow_up_are_refused_before_they_are_run(
    host: Host, client: httpx.AsyncClient
) -> None:
    for name, bomb in BOMBS.items():
        answer = await post(client, host, GRAPH, json={"query": bomb})
        assert answer.status_code == 200, name
        content = answer.json()
        assert content["data"] is None, name
        assert content["errors"], name
        assert "internal_error" not in answer.text, name


async def test_variables_of_a_wrong_kind_are_the_callers_mistake(
    host: Host, client: httpx.AsyncClient
) -> None:
    nested: Any = "x"
    for _ in range(900):
        nested = [nested]
    query = 'query($ids: [String!]!) { project(name: "demo") { '
    query += "versions(ids: $ids, siteNames: []) { id } } }"
    answer = await post(
        client, host, GRAPH, json={"query": query, "variables": {"ids": nested}}
    )
    assert answer.json()["errors"]
    assert "internal_error" not in answer.text


async def test_fragments_as_people_write_them_are_answered(
    host: Host, client: httpx.AsyncClient
) -> None:
    answer = await post(client, host, GRAPH, json={"query": spread(2, 8)})
    assert answer.json() == {"data": {"project": {"name": "demo"}}}


async def test_others_are_answered_while_many_send_too_much(
    host: Host, client: httpx.AsyncClient
) -> None:
    body = json.dumps({"query": BOMBS["doubling"]}).encode()
    floods = [
        asyncio.create_task(post(client, host, path, content=content))
        for path, content in [(GRAPH, body), (STATES, b" " * 40 * MIB)] * 10
    ]
    artist = await host.client("restricted")
    answer = await artist.get(f"{host.addon_path}/demo/sites")
    assert answer.status_code == 200
    refused = [each.status_code for each in await asyncio.gather(*floods)]
    assert set(refused) <= {200, 413}
