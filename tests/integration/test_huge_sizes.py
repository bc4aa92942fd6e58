"""Sizes beyond all disks, as faulty or forged reports tell them: nothing overflows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from server.domain.files import MAX_BIGINT
from tests.integration.conftest import SITE
from tests.integration.pipeline import Clock, Pipeline, Published, make_files
from tests.integration.queue_agent import Agent, done, key
from tests.integration.test_default_rows import post, state
from tests.support.devhost_app import Host

GRAPH = """{ project(name: "demo") {
    representations(first: 5, siteNames: ["studio", "%s"]) { totalBytes edges { node {
        size files { size sites { bytesDone } } sites { bytesTotal bytesDone } } } }
    transfers(first: 5) { moving { bytesDone bytesPerSecond } }
    sites { totals { bytes bytesDone } }
    summary { folders { sites { totals { bytes } } } }
    history(representationId: "%s", first: 5) { attempts { bytesDone } }
} }"""


class Reader:
    """Everything that adds up sizes."""

    def __init__(self, host: Host, client: httpx.AsyncClient) -> None:
        self.base = host.addon_path
        self.client = client

    async def read_all(self, published: Published) -> None:
        for path in (
            f"/demo/state?localSite=studio&remoteSite={SITE}",
            *("/demo/transfers", "/demo/throughput", "/demo/sites", "/-/overview"),
            f"/demo/representations/{published.id}/history",
        ):
            answer = await self.client.get(f"{self.base}{path}")
            assert answer.status_code == 200, answer.text
        listed = {"siteNames": ["studio", SITE], "withFiles": True, "withTotal": True}
        dry = {"siteNames": ["nearline"], "selection": {"all": True}, "dryRun": True}
        for path, body in (
            ("/demo/representations/query", listed),
            ("/demo/summary", {}),
            ("/demo/verbs/queue", dry),
        ):
            answer = await self.client.post(f"{self.base}{path}", json=body)
            assert answer.status_code == 200, answer.text
        query = GRAPH % (SITE, published.id)
        path = f"{self.base}/-/graphql"
        answer = await self.client.post(path, json={"query": query})
        assert "errors" not in answer.json(), answer.text


def tell(file: dict[str, Any], status: int) -> dict[str, Any]:
    if status == 4:
        return done(file, bytesDone=MAX_BIGINT)
    return {"id": file["id"], "status": status, "bytesDone": MAX_BIGINT}


@pytest.mark.parametrize("size", [0, 2**53 + 1, 2**62, MAX_BIGINT])
async def test_sizes_are_added_up_to_the_largest_number(
    host: Host, pipeline: Pipeline, agent: Agent, clock: Clock, size: int
) -> None:
    manager = await host.client("manager", SITE)
    reader = Reader(host, manager)
    files = make_files(3)
    for file in files:
        file["size"] = size
    published = await pipeline.publish(files=files)
    await post(
        manager, host, [state(published, "studio", 4), state(published, SITE, 1)]
    )
    await reader.read_all(published)
    [transfer] = await agent.claim()
    await clock.advance(1.0)
    await agent.report(transfer, [tell(file, 0) for file in transfer["files"]])
    await reader.read_all(published)
    # All of it twice: what arrived is counted by attempt, site and minute.
    for finished in (False, True):
        body = {
            "agentId": agent.id,
            "transfers": [
                {
                    **key(transfer),
                    "finished": finished,
                    "files": [tell(file, 4) for file in transfer["files"]],
                }
            ],
        }
        answer = await agent.post("report", body)
        assert answer.status_code == 200, answer.text
        await reader.read_all(published)
