"""From the existing addon's table to ours, back, both at once, and to ours again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from devhost.studio import open_database
from server.domain.files import parse_entries
from server.domain.rollup import count_entries
from server.store.summary import SummaryStore
from server.store.totals import TotalsStore
from tests.conftest import Studio
from tests.integration.conftest import SITE
from tests.integration.pipeline import Pipeline, Published
from tests.integration.queue_agent import Agent, done, failed
from tests.support import earlier_rows as earlier
from tests.support.devhost_app import Host, run_host

SOURCE = "studio"
GONE_SITE = "site-of-last-year"
COUNTS = ("files_total", "files_due", "files_failed", "files_synced", "bytes_done")
# What the existing addon, its forerunners and people with an SQL prompt have left.
BROKEN: dict[str, Any] = {
    "nothing": {},
    "null": None,
    "a list": [],
    "a text": "files",
    "files are null": {"files": None},
    "files are a list": {"files": [{"status": 1}]},
    "entries of other types": {"files": {"a": None, "b": 3, "c": "x", "d": []}},
    "other keys": {"file": {"a": {"status": 1}}, "version": 1},
}
# What becomes of the first file's entry.
ODD: dict[str, dict[str, Any]] = {
    "a float of a time": {"timestamp": 1_700_000_000.75},
    "a time of the far future": {"timestamp": 99_999_999_999},
    "a text of a time": {"timestamp": "2023-11-14T22:13:20"},
    "a text of a size": {"size": "100"},
    "a negative size": {"size": -5},
    "a huge size": {"size": 10**30},
    "no size": {"size": None},
    "a text of a status": {"status": "1"},
    "a status nobody knows": {"status": 99},
    "a float of a status": {"status": 1.0},
    "no status": {"status": None},
    "tries and an error": {"tries": 3, "error": "no", "created_dt": "2020"},
    "a progress": {"progress": 0.5},
    "a message that is no text": {"message": {"text": "no"}},
    "retries that are no number": {"retries": "many"},
    "no hash": {"hash": None},
}
# A file in no status that there is counts as not there, and waits for an order.
UNKNOWN = {f"odd: {name}" for name in ODD if name.endswith(("status", "nobody knows"))}
UNKNOWN -= {"odd: a float of a status"}
PRIORITIES = [-(2**31), -1, 0, 1, 1000, 2**31 - 1]


class Leftovers:
    """Representations with rows as the existing addon left them, by what is odd."""

    def __init__(self) -> None:
        self.pipeline = Pipeline()
        self.published: dict[str, Published] = {}

    async def write(self) -> None:
        await Postgres.execute(earlier.TABLE)
        for status in (-1, 0, 1, 2, 3, 4):
            await self.add(f"status {status}", (status,))
            await self.add(f"status {status} and synced", (status, 4))
        for name, data in BROKEN.items():
            published = await self.publish(f"broken: {name}")
            await earlier.insert(published, SITE, 1, data)
        for name, change in ODD.items():
            published = await self.publish(f"odd: {name}")
            entries = earlier.make_entries(published, 1)
            entries[published.files[0]["id"]] |= change
            await earlier.insert(published, SITE, 1, {"files": entries})
        for priority in PRIORITIES:
            published = await self.publish(f"priority {priority}")
            data = {"files": earlier.make_entries(published, 1)}
            await earlier.insert(published, SITE, 1, data, priority)
        await self.add("a status that the files do not have", (4,), stored=1)
        await self.add("a removed site", (1,), site=GONE_SITE)
        published = await self.publish("other files")
        entries = {
            f"{number:032x}": entry
            for number, entry in enumerate(
                earlier.make_entries(published, 1).values(), 1
            )
        }
        await earlier.insert(published, SITE, 1, {"files": entries})
        for kind in ("versions", "products", "representations"):
            published = await self.add(f"inactive: {kind}", (1,))
            ids = {"versions": published.version_id, "products": published.product_id}
            await Postgres.execute(
                f"UPDATE project_demo.{kind} SET active = FALSE WHERE id = $1",
                ids.get(kind, published.id),
            )
        published = await self.add("deleted", (1,))
        await Postgres.execute(
            "DELETE FROM project_demo.versions WHERE id = $1", published.version_id
        )
        del self.published["deleted"]

    async def publish(self, name: str) -> Published:
        """A representation that is on the studio's site."""
        published = await self.pipeline.publish(files=2)
        data = {"files": earlier.make_entries(published, 4)}
        await earlier.insert(published, SOURCE, 4, data)
        self.published[name] = published
        return published

    async def add(
        self,
        name: str,
        statuses: tuple[int, ...],
        site: str = SITE,
        stored: int | None = None,
    ) -> Published:
        published = await self.publish(name)
        entries = earlier.make_entries(published, *statuses)
        status = earlier.aggregate(entries) if stored is None else stored
        await earlier.insert(published, site, status, {"files": entries})
        return published

    @property
    def active(self) -> dict[str, Published]:
        return {
            name: each
            for name, each in self.published.items()
            if not name.startswith("inactive")
        }


class Machine:
    """A disk, and agents of both kinds that bring files to it."""

    def __init__(self, client: httpx.AsyncClient, base: str) -> None:
        self.client = client
        self.base = base
        self.on_disk: set[tuple[str, str]] = set()
        self.passed = Counter(earlier=0, ours=0)

    def move(self, representation_id: str, file_id: str) -> bool:
        self.on_disk.add((representation_id, file_id))
        return True

    async def run_earlier(self) -> None:
        while count := await earlier.fetch_what_is_queued(SITE, SOURCE, self.move):
            self.passed["earlier"] += count

    async def run_agent(self) -> None:
        agent = Agent(self.client, self.base)
        while transfers := await agent.claim(maxTransfers=3):
            for transfer in transfers:
                started = [
                    {"id": file["id"], "status": 0} for file in transfer["files"]
                ]
                await agent.report(transfer, started)
                for file in transfer["files"]:
                    self.move(transfer["representationId"], file["id"])
                files = [done(file) for file in transfer["files"]]
                result = await agent.report(transfer, files, finished=True)
                assert (result["state"], result["rejected"]) == ("finished", [])
                self.passed["ours"] += len(files)


@pytest.fixture
async def leftovers(studio: Studio) -> Leftovers:
    leftovers = Leftovers()
    async with open_database(studio.dsn):
        await leftovers.write()
    return leftovers


@asynccontextmanager
async def run_ours(studio: Studio, addon_dirs: list[Path]) -> AsyncIterator[Host]:
    """Our addon on the table, prepared, with its settings."""
    async with run_host(studio.dsn, studio.credentials, addon_dirs) as host:
        await host.addon.site_sync.keeper.wait()
        data = {
            "enabled": True,
            "config": {"active_site": "local", "remote_site": SOURCE},
        }
        await Postgres.execute(
            "INSERT INTO public.settings (addon_name, addon_version, variant, data) "
            "VALUES ('sitesync', $1, 'production', $2) ON CONFLICT DO NOTHING",
            *(host.addon.version, data),
        )
        await EventStream.dispatch("settings.changed")
        yield host


async def read_rows() -> dict[tuple[str, str], Any]:
    rows = await Postgres.fetch("SELECT * FROM project_demo.sitesync_files_status")
    return {(row["representation_id"], row["site_name"]): row for row in rows}


async def check_counts(host: Host) -> None:
    """What is kept beside the rows is what counting them gives."""
    for key, row in (await read_rows()).items():
        counts = count_entries(parse_entries(row["data"]))
        for name in COUNTS:
            assert row[name] == getattr(counts, name), (key, name)
        assert (row["due_at"] is None) == (counts.files_due == 0), key
    totals: TotalsStore = host.addon.site_sync.totals
    await totals.look_after("demo", host.addon.version)
    summary = SummaryStore(TotalsStore())
    kept = await summary.site_totals("demo", None)
    counted = await summary.site_totals("demo", ["%"])
    assert kept.totals == counted.totals


async def explain(client: httpx.AsyncClient, host: Host, published: Published) -> Any:
    answer = await client.get(
        f"{host.addon_path}/demo/representations/{published.id}/explain",
        params={"siteName": SITE},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def bring_everything(agent: Agent) -> set[str]:
    """Claim and finish until nothing is given; return what was brought."""
    brought: set[str] = set()
    while transfers := await agent.claim(maxTransfers=100):
        for transfer in transfers:
            files = [done(file) for file in transfer["files"]]
            result = await agent.report(transfer, files, finished=True)
            assert (result["state"], result["rejected"]) == ("finished", [])
            brought.add(transfer["representationId"])
    return brought


async def test_rows_of_every_kind_are_kept_listed_and_brought_or_explained(
    studio: Studio, addon_dirs: list[Path], leftovers: Leftovers
) -> None:
    async with open_database(studio.dsn):
        before = await read_rows()
    async with run_ours(studio, addon_dirs) as host:
        after = await read_rows()
        assert before.keys() == after.keys()
        for key, row in before.items():
            for name in ("status", "priority", "data"):
                assert after[key][name] == row[name], key
        await check_counts(host)

        client = await host.client("artist", SITE)
        sites = [SITE, SOURCE, GONE_SITE]
        wanted = {each.id for each in leftovers.active.values()}
        answer = await client.post(
            f"{host.addon_path}/demo/representations/query",
            json={"siteNames": sites, "first": 1000, "withFiles": True},
        )
        assert answer.status_code == 200, answer.text
        listed = answer.json()["representations"]
        assert {each["representationId"] for each in listed} == wanted
        answer = await client.get(
            f"{host.addon_path}/demo/state",
            params={"localSite": SITE, "remoteSite": SOURCE, "pageLength": 1000},
        )
        assert answer.status_code == 200, answer.text
        states = answer.json()["representations"]
        assert {each["representationId"] for each in states} == wanted

        brought = await bring_everything(Agent(client, host.addon_path))
        for name, published in leftovers.active.items():
            told = await explain(client, host, published)
            if published.id in brought:
                assert told["status"] == (-1 if name in UNKNOWN else 4), name
            assert told["reasons"][0]["text"] and told["reasons"][0]["todo"], name
        for name in ("status 1", "status 1 and synced", "other files", "priority 0"):
            assert leftovers.published[name].id in brought, name
        for name in leftovers.published.keys() - leftovers.active.keys():
            assert leftovers.published[name].id not in brought, name
        await check_counts(host)


async def test_back_and_forth(
    studio: Studio, addon_dirs: list[Path], leftovers: Leftovers
) -> None:
    async with run_ours(studio, addon_dirs) as host:
        client = await host.client("admin", SITE)
        base = f"{host.addon_path}/demo"
        selection = {"selection": {"all": True}, "siteNames": [SITE, SOURCE]}
        # Rows of broken data are those of the existing addon, which it cannot read
        # itself; once we have written a row, it can.
        for verb in ("reset", "queue", "pause", "resume"):
            answer = await client.post(
                f"{base}/verbs/{verb}", json={**selection, "force": True}
            )
            assert answer.status_code == 200, answer.text
        agent = Agent(client, host.addon_path)
        transfers = await agent.claim(maxTransfers=6)
        for number, transfer in enumerate(transfers):
            files = [(failed if number % 2 else done)(f) for f in transfer["files"]]
            await agent.report(transfer, files[:1], finished=number < 4)
        written = {each.id for each in leftovers.active.values()}
        await Postgres.execute(
            "DELETE FROM project_demo.sitesync_files_status "
            "WHERE representation_id <> ALL ($1::uuid[])",
            list(written),
        )
    async with open_database(studio.dsn):  # the existing addon alone
        await Postgres.execute(earlier.TABLE)
        for each in await earlier.read(SITE, SOURCE):
            posted = [
                {"id": file["id"], "status": 1, "size": 0, "timestamp": 1_795_230_000}
                for file in each["files"]
            ]
            await earlier.post(each["id"], SITE, posted)
            await earlier.post(each["id"], "new-machine", posted[:1])
        listed = await earlier.read(SITE, "new-machine")
        assert {
            each["local"]["status"] for each in listed if each["id"] in written
        } == {earlier.QUEUED}
    async with run_ours(studio, addon_dirs) as host:
        await check_counts(host)
        client = await host.client("admin", SITE)
        # The leases of the agent that was at work end by themselves.
        await Postgres.execute(
            "UPDATE project_demo.sitesync_leases SET expires_at = now()"
        )
        await bring_everything(Agent(client, host.addon_path))
        for name, published in leftovers.active.items():
            told = await explain(client, host, published)
            if not name.startswith("broken"):
                assert told["status"] == 4, (name, told)
        await check_counts(host)


async def test_agents_of_both_kinds_bring_the_same_rows_at_once(
    studio: Studio, addon_dirs: list[Path]
) -> None:
    leftovers = Leftovers()
    async with open_database(studio.dsn):
        await Postgres.execute(earlier.TABLE)
        for number in range(40):
            await leftovers.add(f"{number}", (1,))
    async with run_ours(studio, addon_dirs) as host:
        machine = Machine(await host.client("artist", SITE), host.addon_path)
        await asyncio.gather(
            machine.run_earlier(), machine.run_agent(), machine.run_agent()
        )
        await machine.run_agent()  # what was taken while somebody had it
        for published in leftovers.published.values():
            assert await leftovers.pipeline.statuses(published, SITE) == [4, 4]
            row = await leftovers.pipeline.row(published, SITE)
            assert row["status"] == 4
            files = {(published.id, file["id"]) for file in published.files}
            assert files <= machine.on_disk
        assert all(machine.passed.values())
        await check_counts(host)
        leases = "SELECT count(*) AS count FROM project_demo.sitesync_leases"
        assert (await Postgres.fetchrow(leases))["count"] == 0
