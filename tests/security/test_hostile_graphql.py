"""Hostile texts in every argument of GraphQL, as variables and in the query itself, and
in the headers that we read. REST's parameters are in `tests/ci/test_injection.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.pipeline import Pipeline, Published
from tests.support.devhost_app import Host
from tests.support.openapi_requests import HOSTILE

# One of each kind is enough.
ALIKE = ("'", '"', "\\", "o'brien", "x' OR '1'='1", "{}", "$1", "NaN", "\ud800")
TEXTS = [text for text in HOSTILE if text not in ALIKE]
INTROSPECTION = """query($name: String!) { __type(name: $name) { fields { name
    type { ...Kind } args { name defaultValue type { ...Kind } } } inputFields { name
    type { ...Kind } } } }
fragment Kind on __Type { kind name ofType { kind name ofType { kind name
    ofType { kind name } } } }"""
CODES = {400, 403, 404, 409}


def strip(kind: dict[str, Any]) -> tuple[str, str, bool, bool]:
    """Kind and name of what a type holds, and whether it is a list, and needed."""
    is_needed, is_list = kind["kind"] == "NON_NULL", False
    while kind.get("ofType"):
        is_list |= kind["kind"] == "LIST"
        kind = kind["ofType"]
    return kind["kind"], kind["name"], is_list, is_needed


class Graph:
    """The schema, and requests with a text in one argument of one field."""

    def __init__(self, client: Any, url: str, known: dict[str, Any]) -> None:
        self._client = client
        self._url = url
        self._known = known

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = await self._client.post(
            self._url,
            content=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 200, (query, answer.text)
        content: dict[str, Any] = answer.json()
        return content

    async def describe(self, name: str) -> dict[str, Any]:
        content = await self.ask(INTROSPECTION, name=name)
        found: dict[str, Any] = content["data"]["__type"]
        return found

    async def list_calls(self) -> list[tuple[str, str, dict[str, str]]]:
        """Type, field and the arguments that take texts, with how they are written."""
        calls = []
        for owner in ("Query", "Project", "Mutation"):
            for field in (await self.describe(owner))["fields"]:
                texts = {}
                for arg in field["args"]:
                    kind, name, is_list, _ = strip(arg["type"])
                    if name in ("String", "ID"):
                        texts[arg["name"]] = "[%s]" if is_list else "%s"
                    elif kind == "INPUT_OBJECT" and not is_list:
                        for form in await self._list_forms(name):
                            texts[f"{arg['name']}.{len(texts)}"] = form
                calls.append((owner, field, texts))
        return calls

    async def _list_forms(self, name: str) -> list[str]:
        forms = []
        for field in (await self.describe(name))["inputFields"]:
            _, kind, is_list, _ = strip(field["type"])
            if kind in ("String", "ID"):
                value = "[%s]" if is_list else "%s"
                forms.append(f"{{{field['name']}: {value}}}")
        return forms

    def write(self, owner: str, field: dict[str, Any], name: str, value: str) -> str:
        """A query of the field with a value for one argument, and what it needs."""
        args = {}
        for arg in field["args"]:
            if strip(arg["type"])[3] and arg["defaultValue"] is None:
                args[arg["name"]] = self._known[arg["name"]]
        args[name.partition(".")[0]] = value
        written = ", ".join(f"{key}: {item}" for key, item in args.items())
        kind = strip(field["type"])[0]
        body = "{ __typename }" if kind in ("OBJECT", "INTERFACE", "UNION") else ""
        call = f"{field['name']}({written}) {body}"
        if owner == "Project":
            return f'{{ project(name: "demo") {{ {call} }} }}'
        return f"{'mutation ' if owner == 'Mutation' else ''}{{ {call} }}"


def list_errors(content: dict[str, Any]) -> Iterator[int]:
    for error in content.get("errors", []):
        yield error.get("extensions", {}).get("code", 400)


@pytest.fixture
async def published(pipeline: Pipeline) -> Published:
    return await pipeline.publish()


async def test_arguments_are_only_texts(host: Host, published: Published) -> None:
    known = {
        "name": '"demo"',
        "projectName": '"demo"',
        "siteName": '"studio"',
        "siteNames": '["studio"]',
        "representationId": f'"{published.id}"',
        "selection": "{all: true}",
        "verb": "QUEUE",
        "scope": "SITE",
        "paused": "false",
        "status": "1",
        "ids": "[]",
        "id": f'"{published.id}"',
    }
    client = await host.client("manager", "own-machine")
    graph = Graph(client, f"{host.addon_path}/-/graphql", known)
    users = await Postgres.fetch("SELECT name FROM public.users")
    sent, reached = set(), set()
    for owner, field, forms in await graph.list_calls():
        for name, form in forms.items():
            for text in TEXTS:
                query = graph.write(owner, field, name, form % json.dumps(text))
                content = await graph.ask(query)
                sent.add((owner, field["name"], form))
                errors = content.get("errors", [])
                if all("path" in error for error in errors):  # it was run
                    reached.add((owner, field["name"], form))
                assert CODES.issuperset(list_errors(content)), (query, content)
    assert reached == sent
    assert len(sent) > 20
    assert await Postgres.fetch("SELECT name FROM public.users") == users


async def test_variables_are_only_values(host: Host, published: Published) -> None:
    client = await host.client("manager", "own-machine")
    graph = Graph(client, f"{host.addon_path}/-/graphql", {})
    query = (
        "query($name: String!, $search: String, $sites: [String!])"
        " { project(name: $name) {"
        " representations(filter: {search: $search}, siteNames: $sites)"
        " { totalCount } } }"
    )
    odd: list[Any] = [*TEXTS, 2**70, 1e308, True, None, [], {}, [["x"]], {"$ne": 1}]
    for value in odd:
        for name in ("name", "search", "sites"):
            variables = {"name": "demo", "search": "", "sites": [], name: value}
            content = await graph.ask(query, **variables)
            assert CODES.issuperset(list_errors(content)), (variables, content)
    told = await graph.ask(query, name="demo", search="", sites=["studio"])
    assert "errors" not in told, told
    assert told["data"]["project"]["representations"]["totalCount"] == 1


@pytest.mark.parametrize("header", ["x-ayon-site-id", "x-sender", "x-sender-type"])
async def test_headers_are_only_texts(
    host: Host, published: Published, header: str
) -> None:
    artist = await host.client("artist")
    asked = (
        ("GET", "demo/get_user_sites", None),
        ("GET", "demo/sites", None),
        ("POST", "demo/credentials", {"siteNames": ["studio"]}),
        ("POST", f"demo/state/{published.id}/studio", {"files": published.posted(1)}),
        ("POST", "-/graphql", {"query": "{ agents { agentId } }"}),
    )
    values = [text.encode() for text in TEXTS if not {"\n", "\r", "\0"} & set(text)]
    for value in (*values, b"\xff\xfe", b"studio", b"a" * 5000):
        for method, path, body in asked:
            answer = await artist.request(
                method,
                f"{host.addon_path}/{path}",
                json=body,
                headers=[(header.encode(), value)],
            )
            assert answer.status_code < 500, (header, value, path, answer.text)
    rows = await Postgres.fetch("SELECT site_name FROM public.sitesync_machine_sites")
    assert "studio" not in {row["site_name"] for row in rows}
