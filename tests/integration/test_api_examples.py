"""The examples of the API's pages, run as they stand."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import CONFIGURED, SITE
from tests.integration.pipeline import Pipeline
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(http|json|graphql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY = "…"


def read_blocks(name: str) -> list[tuple[str, str]]:
    """(kind, text) of the fenced blocks of a page."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return [(kind, content.strip()) for kind, content in BLOCK.findall(text)]


@pytest.fixture
async def ids(host: Host, pipeline: Pipeline) -> dict[str, str]:
    """Two representations on `studio`: what the pages call them, and their ids."""
    one = await pipeline.publish(product="compMain", version=21)
    other = await pipeline.publish(product="lgtMain", version=3, files=2)
    client = await host.client("manager", SITE)
    for published in (one, other):
        answer = await client.post(
            f"{host.addon_path}/demo/state/{published.id}/studio",
            json={"files": published.posted(4)},
        )
        assert answer.status_code == 204, answer.text
    return {
        "<representation>": one.id,
        "<version>": one.version_id,
        "<folder>": one.folder_id,
        "<file>": one.files[0]["id"],
        "<other>": other.id,
    }


def fill_in(text: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        text = text.replace(name, value)
    return text


async def test_the_guide_by_examples(host: Host, ids: dict[str, str]) -> None:
    client = await host.client("manager", SITE)
    answer: Any = None
    shown = 0
    refused = []
    for kind, text in read_blocks("api-guide.md"):
        if kind == "http":
            line, _, body = fill_in(text, ids).partition("\n")
            method, path = line.split(" ")
            headers = {"Content-Type": "application/json"}
            response = await client.request(
                method, host.addon_path + path, content=body, headers=headers
            )
            answer = response.json() if response.content else None
            if response.is_error:
                refused.append(answer["errorCode"])
            if lease := re.search(r'"lease":\{"token":"(\w+)"', response.text):
                ids["<lease>"] = lease[1]
        else:
            assert_shown(answer, json.loads(fill_in(text, ids)), text)
            shown += 1
    assert shown > 15
    assert refused == ["unknown_site", "invalid_request"]


def assert_shown(answer: Any, shown: Any, where: str) -> None:
    """What is shown is in the answer: all keys with their values, all rows."""
    if isinstance(shown, dict):
        assert isinstance(answer, dict), (where, answer)
        for key, value in shown.items():
            assert key in answer, (where, key, answer)
            assert_shown(answer[key], value, where)
            if value == {}:
                assert answer[key] == {}, (where, key)
    elif isinstance(shown, list):
        assert len(answer) == len(shown), (where, answer)
        for item, value in zip(answer, shown, strict=True):
            assert_shown(item, value, where)
    elif shown != ANY:
        assert answer == shown, where


async def test_graphql_of_the_reference(host: Host, ids: dict[str, str]) -> None:
    client = await host.client("manager", SITE)
    queries = [text for kind, text in read_blocks("api.md") if kind == "graphql"]
    assert len(queries) >= 4
    for query in queries:
        filled = query.replace('folderIds: ["…"]', f'folderIds: ["{ids["<folder>"]}"]')
        body = {
            "query": filled.replace("…", ids["<representation>"]),
            "variables": {
                "project": "demo",
                "versions": [ids["<version>"]],
                "sites": ["studio", CONFIGURED],
            },
        }
        if "Loader" not in query:
            del body["variables"]
        answer = await client.post(f"{host.addon_path}/-/graphql", json=body)
        told = answer.json()
        assert "errors" not in told, (query, told)
        assert told["data"]
