"""Everything that writes states, at the same time, over the same few representations.

Nobody may be refused with a server error (a deadlock, a lost race), and what is left
must be whole: counts as the JSON says, totals as counting says.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from server.domain.files import parse_entries
from server.domain.rollup import count_entries
from server.store.reconciliation import ReconciliationStore
from server.store.summary import SummaryStore
from server.store.totals import TotalsStore
from tests.integration.conftest import CONFIGURED, SITE, SetSettings, set_settings
from tests.integration.pipeline import Pipeline, Published, make_files
from tests.integration.queue_agent import Agent, done, failed, key
from tests.support.devhost_app import Host
from tests.support.server_log import read_server_log

__all__ = ["set_settings"]

SECONDS = 20.0
# On a busy machine they go on until each was served, but no longer.
MOST_SECONDS = 120.0
ALIAS = "vault"
SITES = ["studio", SITE, CONFIGURED, ALIAS]
VERBS = ["queue", "retry", "reset", "verify", "pause", "resume", "cancel", "remove"]
SERVED = [("post", 204), ("delete", 204)] + [
    (what, 200) for what in (*VERBS, "post many", "presence", "release")
]
TABLE = "project_demo.sitesync_files_status"


class Crowd:
    """Clients that do at random what there is to do, and note what was answered."""

    def __init__(
        self, host: Host, published: list[Published], client: httpx.AsyncClient
    ) -> None:
        self.base = host.addon_path
        self.published = published
        self.client = client
        self.upkeep: Any = host.addon.__dict__["upkeep"]
        self.answers: Counter[tuple[str, int]] = Counter()
        self.broken: list[str] = []

    @property
    def unserved(self) -> list[str]:
        """What was not answered yet as it should be, three times."""
        return [what for what, code in SERVED if self.answers[what, code] < 3]

    async def run(self, seconds: float) -> None:
        """Work for a while, and until everything was served."""
        works: list[Callable[[random.Random], Awaitable[None]]] = [
            *(self.post, self.post, self.post_many, self.post_many, self.remove_row),
            *(self.order, self.order, self.prioritise, self.look, self.move),
            *(self.move, self.move, self.write_as_others, self.republish),
            *(self.do_upkeep, self.read),
        ]
        started_at = time.monotonic()

        def is_over() -> bool:
            passed = time.monotonic() - started_at
            return passed > (MOST_SECONDS if self.unserved else seconds)

        async def loop(number: int, work: Callable[..., Awaitable[None]]) -> None:
            chance = random.Random(number)
            while not is_over():
                await work(chance)

        await asyncio.gather(*(loop(*each) for each in enumerate(works)))

    async def ask(self, what: str, method: str, path: str, body: Any) -> Any:
        answer = await self.client.request(method, f"{self.base}{path}", json=body)
        self.note(what, answer)
        return answer

    def note(self, what: str, answer: httpx.Response) -> None:
        self.answers[what, answer.status_code] += 1
        if answer.status_code >= 500:
            self.broken.append(f"{what}: {answer.status_code} {answer.text[:500]}")

    def some(self, chance: random.Random) -> list[Published]:
        return chance.sample(self.published, chance.randint(1, len(self.published)))

    async def post(self, chance: random.Random) -> None:
        published, site = chance.choice(self.published), chance.choice(SITES)
        body = {
            "files": published.posted(chance.choice([-1, 1, 2, 4])),
            "reset": chance.random() < 0.3,
        }
        path = f"/demo/state/{published.id}/{site}"
        await self.ask("post", "POST", path, body)

    async def post_many(self, chance: random.Random) -> None:
        states = [
            {"representationId": each.id, "siteName": site, "status": status}
            for each in self.some(chance)
            for site in chance.sample(SITES, 2)
            for status in [chance.choice([-1, 1, 4])]
        ]
        await self.ask("post many", "POST", "/demo/states", {"states": states})

    async def remove_row(self, chance: random.Random) -> None:
        published, site = chance.choice(self.published), chance.choice(SITES)
        path = f"/demo/state/{published.id}/{site}?force=true"
        await self.ask("delete", "DELETE", path, None)

    async def order(self, chance: random.Random) -> None:
        body = {
            "siteNames": chance.sample(SITES, chance.randint(1, 3)),
            "selection": {"representationIds": [p.id for p in self.some(chance)]},
        }
        verb = chance.choice(VERBS)
        await self.ask(verb, "POST", f"/demo/verbs/{verb}", body)

    async def prioritise(self, chance: random.Random) -> None:
        body = {
            "siteNames": SITES,
            "selection": {"all": True},
            "priority": chance.randint(1, 1000),
        }
        await self.ask("priority", "POST", "/demo/verbs/priority", body)

    async def look(self, chance: random.Random) -> None:
        files = [
            {
                "representationId": each.id,
                "fileId": file["id"],
                "state": chance.choice(["present", "missing", "different"]),
                "size": file["size"],
            }
            for each in self.some(chance)
            for file in each.files
        ]
        body = {"siteName": chance.choice(SITES), "files": files, "requeue": True}
        await self.ask("presence", "POST", "/demo/presence", body)

    async def move(self, chance: random.Random) -> None:
        """An agent's life: it takes, tells, gives back or forgets."""
        agent = Agent(self.client, self.base)
        for _ in range(10):
            body = agent.claim_body(maxTransfers=5, maxRemovals=5)
            answer = await agent.post("claim", body)
            self.note("claim", answer)
            if answer.status_code != 200:
                return
            work = answer.json()
            transfers = [
                {
                    **key(each),
                    "finished": chance.random() < 0.7,
                    "files": [
                        chance.choice([done, failed])(file) for file in each["files"]
                    ],
                }
                for each in work["transfers"]
            ]
            removals = [
                {
                    **key(each),
                    "deleted": [file["id"] for file in each["files"]],
                    "finished": True,
                }
                for each in work["removals"]
            ]
            chance.shuffle(transfers)
            told = {"agentId": agent.id, "transfers": transfers, "removals": removals}
            self.note("report", await agent.post("report", told))
        held = await agent.claim(maxTransfers=5)
        leases = [key(each) for each in held]
        body = {"agentId": agent.id, "leases": leases}
        self.note("release", await agent.post("release", body))

    async def write_as_others(self, chance: random.Random) -> None:
        """As the existing addon does: one row, locked, then written."""
        published, site = chance.choice(self.published), chance.choice(SITES)
        files = {
            file["id"]: {"status": chance.choice([1, 4]), "size": file["size"]}
            for file in published.files
        }
        async with Postgres.transaction():
            await Postgres.fetch(
                f"SELECT data FROM {TABLE} "
                "WHERE representation_id = $1 AND site_name = $2 FOR UPDATE",
                *(published.id, site),
            )
            await Postgres.execute(
                f"INSERT INTO {TABLE} (representation_id, site_name, status, data) "
                "VALUES ($1, $2, 1, $3) ON CONFLICT (representation_id, site_name) "
                "DO UPDATE SET status = 1, data = EXCLUDED.data",
                *(published.id, site, {"files": files}),
            )
        await asyncio.sleep(0)

    async def republish(self, chance: random.Random) -> None:
        published = chance.choice(self.published)
        published.files[:] = make_files(len(published.files), chance.randint(1, 999))
        await Postgres.execute(
            "UPDATE project_demo.representations SET files = $2, updated_at = now() "
            "WHERE id = $1",
            *(published.id, published.files),
        )
        await ReconciliationStore().bring_in_line("demo", [published.id])

    async def do_upkeep(self, chance: random.Random) -> None:
        await self.upkeep.look()

    async def read(self, chance: random.Random) -> None:
        body = {"siteNames": SITES, "withFiles": True, "withTotal": True}
        await self.ask("list", "POST", "/demo/representations/query", body)
        await self.ask("summary", "POST", "/demo/summary", {})


@pytest.fixture
async def crowd(host: Host, set_settings: SetSettings) -> Crowd:
    await set_settings(
        config={"active_site": "local", "remote_site": "studio"},
        sites=[
            {"name": CONFIGURED, "provider": "sftp", "alternative_sites": [ALIAS]},
            {"name": ALIAS, "provider": "local_drive"},
        ],
    )
    pipeline = Pipeline()
    published = [await pipeline.publish(files=3) for _ in range(12)]
    client = await host.client("admin", SITE)
    return Crowd(host, published, client)


@pytest.mark.timeout(240)
async def test_whoever_writes_at_once_is_served_and_nothing_is_torn(
    crowd: Crowd,
) -> None:
    with read_server_log() as log:
        await crowd.run(SECONDS)
    assert crowd.broken == []
    # The background work tells of trouble here only.
    assert [each for each in log if "will try again" in each] == []
    # All were at it, and served.
    assert crowd.unserved == []
    rows = await Postgres.fetch(f"SELECT * FROM {TABLE}")
    for row in rows:
        counts = count_entries(parse_entries(row["data"]))
        assert row["files_total"] == counts.files_total
        assert row["files_due"] == counts.files_due
        assert row["files_failed"] == counts.files_failed
        assert row["files_synced"] == counts.files_synced
        assert row["bytes_done"] == counts.bytes_done
    summary = SummaryStore(TotalsStore())
    kept = await summary.site_totals("demo", None)
    counted = await summary.site_totals("demo", ["%"])
    assert kept.totals == counted.totals
