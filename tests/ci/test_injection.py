"""Hostile text in every text parameter of every endpoint, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import pipeline, set_settings
from tests.integration.test_access_matrix import ENDPOINTS, fill_in, hidden, job
from tests.support.devhost_app import Host
from tests.support.openapi_requests import HOSTILE, resolve

__all__ = ["hidden", "job", "pipeline", "set_settings"]

# One of each kind is enough where thousands of requests are made.
TEXTS = [text for text in HOSTILE if text not in ("", "local", "null")]
ALLOWED = {200, 204, 307, 400, 403, 404, 405, 409}


def replaced(value: Any, text: str) -> Iterator[Any]:
    """The value with each of its texts, keys included, replaced in turn."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, dict):
        for key, item in value.items():
            yield {**value, text: item}
            for other in replaced(item, text):
                yield {**value, key: other}
    elif isinstance(value, list):
        for place, item in enumerate(value):
            for other in replaced(item, text):
                yield [*value[:place], other, *value[place + 1 :]]


def optional_texts(document: Any, operation: Any) -> Iterator[tuple[str, str]]:
    """Place and name of each text that a request may have: query or body."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query" and may_be_text(document, parameter["schema"]):
            yield "query", parameter["name"]
    content = operation.get("requestBody", {}).get("content", {})
    for body in content.values():
        schema = resolve(document, body["schema"])
        for name, each in schema.get("properties", {}).items():
            if may_be_text(document, each):
                yield "body", name


def may_be_text(document: Any, schema: Any) -> bool:
    found = resolve(document, schema)
    choices = [found, *found.get("anyOf", []), found.get("items", {})]
    return any(resolve(document, choice).get("type") == "string" for choice in choices)


def mutations(
    document: Any, operation: Any, path: str, body: Any, text: str
) -> Iterator[tuple[str, Any]]:
    """Each request with the text in one place."""
    place, _, query = path.partition("?")
    parts = place.split("/")
    for number in range(len(parts)):
        segment = quote(text.encode("utf-8", "replace"), safe="")
        yield "/".join([*parts[:number], segment, *parts[number + 1 :]]), body
    for kind, name in optional_texts(document, operation):
        if kind == "query":
            pair = urlencode({name: text.encode("utf-8", "replace")})
            yield f"{place}?{query}&{pair}", body
        else:
            yield path, {**(body or {}), name: text}
            yield path, {**(body or {}), name: [text]}
    for changed in replaced(body, text):
        yield path, changed


@pytest.mark.timeout(900)
async def test_hostile_text_does_no_harm_anywhere(
    host: Host, hidden: Any, job: str
) -> None:
    client = await host.client("manager", "own-machine")
    document = (await client.get(f"{host.addon_path}/openapi.json")).json()
    operations = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    users = await Postgres.fetch("SELECT name FROM public.users")
    sent = 0
    for name, (method, path, body, _) in ENDPOINTS.items():
        url, plain = fill_in(path, hidden, job), fill_in(body, hidden, job)
        for text in TEXTS:
            requests = mutations(document, operations[name], url, plain, text)
            for changed_url, changed_body in requests:
                answer = await client.request(
                    method,
                    f"{host.addon_path}/{changed_url}",
                    content=json.dumps(changed_body).encode(),
                    headers={"Content-Type": "application/json"},
                )
                sent += 1
                assert answer.status_code in ALLOWED, (
                    f"{method} {changed_url} {changed_body!r}: {answer.text[:1000]}"
                )
    assert sent > 2000
    assert await Postgres.fetch("SELECT name FROM public.users") == users
    answer = await client.get(f"{host.addon_path}/demo/params")
    assert answer.json()["count"] == 1
