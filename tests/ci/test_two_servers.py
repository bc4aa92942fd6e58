"""Two server processes on one database: agents, people and events go to either."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.loader import read_metadata
from devhost.studio import open_database, set_production_bundle
from tests.conftest import ROOT, Studio
from tests.integration.conftest import SITE
from tests.integration.pipeline import Pipeline, Published
from tests.integration.queue_agent import Agent, done, key
from tests.support.server_process import run_server

VERSION = str(read_metadata(ROOT)["version"])
BASE = f"/api/addons/sitesync/{VERSION}"
NEARLINE = "nearline"
REPRESENTATIONS = 60
SETTINGS = {
    "enabled": True,
    "config": {"active_site": "local", "remote_site": "studio"},
    "sites": [{"name": NEARLINE, "provider": "sftp"}],
}


class Servers:
    """Clients of both processes, and what they were answered."""

    def __init__(
        self, clients: list[httpx.AsyncClient], published: list[Published]
    ) -> None:
        self.clients = clients
        self.published = published
        self.broken: list[str] = []
        self.given: Counter[str] = Counter()

    async def ask(self, number: int, path: str, body: Any) -> Any:
        client = self.clients[number % len(self.clients)]
        answer = await client.post(f"{BASE}{path}", json=body)
        if not answer.is_success:
            self.broken.append(f"{path}: {answer.status_code} {answer.text[:300]}")
        return answer

    async def fill(self) -> None:
        states = [
            {"representationId": each.id, "siteName": site, "status": status}
            for each in self.published
            for site, status in (("studio", 4), (SITE, 1))
        ]
        await self.ask(0, "/demo/states", {"states": states})

    async def run_agent(self, number: int) -> None:
        """Claims of one process, reports to the other."""
        agent = Agent(self.clients[0], BASE)
        while True:
            body = agent.claim_body(maxTransfers=3)
            transfers = (await self.ask(number, "/-/claim", body)).json()["transfers"]
            if not transfers:
                return
            self.given.update(each["representationId"] for each in transfers)
            told = [
                {
                    **key(each),
                    "finished": True,
                    "files": [done(f) for f in each["files"]],
                }
                for each in transfers
            ]
            body = {"agentId": agent.id, "transfers": told}
            answer = (await self.ask(number + 1, "/-/report", body)).json()
            self.broken += [
                str(each) for each in answer["transfers"] if each["state"] != "finished"
            ]

    async def give_orders(self, number: int) -> None:
        """People queue, reset and prioritise on another site, and publish states."""
        selection = {"selection": {"all": True}, "siteNames": [NEARLINE]}
        for verb in ("queue", "pause", "resume", "reset", "cancel", "retry"):
            await self.ask(number, f"/demo/verbs/{verb}", selection)
            order = {**selection, "priority": 10 + number}
            await self.ask(number + 1, "/demo/verbs/priority", order)
            states = [
                {"representationId": each.id, "siteName": NEARLINE, "status": 1}
                for each in self.published[number::2]
            ]
            await self.ask(number, "/demo/states", {"states": states})

    async def touch(self, number: int) -> None:
        """AYON's own writes to the representations that agents are at."""
        for each in self.published[:10]:
            path = f"/api/projects/demo/representations/{each.id}"
            answer = await self.clients[number].patch(
                path, json={"tags": [str(number)]}
            )
            if not answer.is_success:
                self.broken.append(f"{path}: {answer.status_code} {answer.text[:300]}")


@pytest.fixture
async def servers(studio: Studio, addon_dirs: list[Path]) -> AsyncIterator[Servers]:
    async with open_database(studio.dsn):
        await set_production_bundle(addon_dirs)
        await Postgres.execute(
            "INSERT INTO public.settings (addon_name, addon_version, variant, data) "
            "VALUES ('sitesync', $1, 'production', $2)",
            *(VERSION, SETTINGS),
        )
        pipeline = Pipeline()
        published = [await pipeline.publish(files=3) for _ in range(REPRESENTATIONS)]
        headers = {
            "X-Api-Key": studio.credentials.api_keys["admin"],
            "x-ayon-site-id": SITE,
        }
        async with (
            run_server(studio.dsn, addon_dirs) as one,
            run_server(studio.dsn, addon_dirs) as other,
            httpx.AsyncClient(base_url=one, headers=headers, timeout=60) as first,
            httpx.AsyncClient(base_url=other, headers=headers, timeout=60) as second,
        ):
            yield Servers([first, second], published)


@pytest.mark.timeout(180)
async def test_nothing_is_given_twice_and_nobody_is_refused(servers: Servers) -> None:
    await servers.fill()
    await asyncio.gather(
        *(servers.run_agent(number) for number in range(4)),
        *(servers.give_orders(number) for number in range(2)),
        *(servers.touch(number) for number in range(2)),
    )
    await servers.run_agent(0)  # what an order held back for a moment
    assert servers.broken == []
    assert servers.given == {each.id: 1 for each in servers.published}
    rows = await Postgres.fetch(
        "SELECT status FROM project_demo.sitesync_files_status WHERE site_name = $1",
        SITE,
    )
    assert [row["status"] for row in rows] == [4] * REPRESENTATIONS
    leases = "SELECT count(*) AS count FROM project_demo.sitesync_leases"
    assert (await Postgres.fetchrow(leases))["count"] == 0


async def test_what_happens_in_one_process_is_heard_in_the_other(
    servers: Servers,
) -> None:
    second = servers.clients[1]
    wait = f"{BASE}/-/wait"
    answer = await second.get(wait, params={"timeoutSeconds": 0})
    cursor = answer.json()["cursor"]
    waiting = asyncio.create_task(
        second.get(wait, params={"after": cursor, "timeoutSeconds": 30})
    )
    await servers.fill()
    topics = {each["topic"] for each in (await waiting).json()["events"]}
    assert "sitesync.state" in topics
