"""Kept totals equal counting, whoever writes the rows and however."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres
from hypothesis import given, settings
from hypothesis import strategies as st

from server.store.rows import Row, write_rows
from server.store.summary import SummaryStore
from server.store.totals import HIDDEN_AGE_SECONDS, MOST_CHANGES, TotalsStore
from tests.integration.pipeline import Clock, Pipeline, Published
from tests.support.devhost_app import Host

SITES = ["studio", "brisk-amber-fox", "nearline"]
VERSION = "2.0.0"
TABLE = "project_demo.sitesync_files_status"


class Studio:
    """A project whose rows are written in every way that there is."""

    def __init__(
        self, published: list[Published], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.published = published
        self.totals = TotalsStore(clock)
        self.summary = SummaryStore(self.totals)

    async def check(self) -> None:
        """Every path is named, so that everything is counted and nothing is kept."""
        kept = await self.summary.site_totals("demo", None)
        counted = await self.summary.site_totals("demo", ["%"])
        assert kept.totals == counted.totals

    def entries(self, number: int, status: int) -> dict[str, Any]:
        files = self.published[number].files
        return {
            file["id"]: {"status": status, "size": file["size"], "timestamp": 5}
            for file in files
        }

    async def write(self, number: int, site: str, status: int) -> None:
        """As our own statements do."""
        row = Row(self.published[number].id, site, -1, 50, {})
        await write_rows("demo", [row.with_entries(self.entries(number, status))])

    async def upsert(self, number: int, site: str, status: int) -> None:
        """As the existing addon does."""
        await Postgres.execute(
            f"INSERT INTO {TABLE} (representation_id, site_name, status, data) "
            "VALUES ($1, $2, $3, $4) ON CONFLICT (representation_id, site_name) "
            "DO UPDATE SET status = EXCLUDED.status, data = EXCLUDED.data",
            self.published[number].id,
            site,
            status,
            {"files": self.entries(number, status)},
        )

    async def update_all(self, number: int, site: str, status: int) -> None:
        # Rows in an order: two that take them as they lie may wait for each other.
        await Postgres.execute(
            f"UPDATE {TABLE} AS s SET status = $1 FROM (SELECT representation_id,"
            f" site_name FROM {TABLE} ORDER BY 1, 2 FOR UPDATE) AS held"
            " WHERE (s.representation_id, s.site_name)"
            " = (held.representation_id, held.site_name)",
            status,
        )

    async def delete(self, number: int, site: str, status: int) -> None:
        await Postgres.execute(
            f"DELETE FROM {TABLE} WHERE representation_id = $1 AND site_name = $2",
            self.published[number].id,
            site,
        )

    async def roll_back(self, number: int, site: str, status: int) -> None:
        with pytest.raises(ZeroDivisionError):
            async with Postgres.transaction():
                await self.upsert(number, site, status)
                raise ZeroDivisionError

    async def truncate(self, number: int, site: str, status: int) -> None:
        await Postgres.execute(f"TRUNCATE {TABLE} CASCADE")

    async def fold(self, number: int, site: str, status: int) -> None:
        await self.totals.fold("demo")

    async def recount(self, number: int, site: str, status: int) -> None:
        await self.totals.count("demo", VERSION)


WRITES = ("write", "upsert", "update_all", "delete", "roll_back", "fold", "recount")
STEPS = st.tuples(
    st.sampled_from((*WRITES, "truncate")),
    st.integers(0, 3),
    st.sampled_from(SITES),
    st.sampled_from([-1, 0, 1, 2, 3, 4]),
)


@pytest.fixture
async def studio(host: Host) -> Studio:
    pipeline = Pipeline()
    published = [await pipeline.publish(files=number + 1) for number in range(4)]
    studio = Studio(published)
    await studio.totals.count("demo", VERSION)
    return studio


async def test_kept_totals_equal_counting_after_any_writes(studio: Studio) -> None:
    loop = asyncio.get_running_loop()

    async def check(steps: list[tuple[str, int, str, int]]) -> None:
        for name, *values in steps:
            await getattr(studio, name)(*values)
        await studio.check()

    @settings(max_examples=60, deadline=None)
    @given(st.lists(STEPS, max_size=8))
    def search(steps: list[tuple[str, int, str, int]]) -> None:
        asyncio.run_coroutine_threadsafe(check(steps), loop).result()

    await asyncio.to_thread(search)


async def test_writers_folds_and_counts_at_once_lose_nothing(studio: Studio) -> None:
    async def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            step = getattr(studio, chance.choice(WRITES))
            await step(chance.randrange(4), chance.choice(SITES), chance.choice([1, 4]))

    await asyncio.gather(*(work(seed) for seed in range(4)))
    await studio.check()


async def test_what_is_deleted_with_its_representation_leaves_the_totals(
    studio: Studio,
) -> None:
    for number in range(4):
        await studio.upsert(number, "studio", 4)
    await Postgres.execute(
        "DELETE FROM project_demo.products WHERE id = $1",
        studio.published[3].product_id,
    )
    await studio.check()
    kept = await studio.summary.site_totals("demo", None)
    assert kept.totals["studio"]["4"]["representations"] == 3


@pytest.mark.parametrize("table", ["folders", "products", "versions"])
async def test_inactive_entities_are_left_out_once_they_are_counted(
    studio: Studio, table: str
) -> None:
    for number in range(4):
        await studio.upsert(number, "studio", 4)
    kind = {"folders": "folder_id", "products": "product_id", "versions": "version_id"}
    await Postgres.execute(
        f"UPDATE project_demo.{table} SET active = FALSE WHERE id = $1",
        getattr(studio.published[0], kind[table]),
    )
    await studio.totals.count_hidden("demo")
    await studio.check()
    await Postgres.execute(f"UPDATE project_demo.{table} SET active = TRUE")
    await studio.totals.count_hidden("demo")
    await studio.check()
    kept = await studio.summary.site_totals("demo", None)
    assert kept.totals["studio"]["4"]["representations"] == 4


@pytest.mark.parametrize("way", ["upsert", "delete", "truncate"])
async def test_states_of_inactive_entities_change_while_no_entity_does(
    studio: Studio, clock: Clock, way: str
) -> None:
    for number in range(4):
        await studio.upsert(number, "studio", 4)
    async with Postgres.transaction():
        await Postgres.execute(
            "UPDATE project_demo.representations SET active = FALSE WHERE id = $1",
            studio.published[0].id,
        )
        await Postgres.execute("SELECT pg_stat_force_next_flush()")
    await studio.totals.count_hidden("demo")
    async with Postgres.transaction():
        await getattr(studio, way)(0, "studio", 1)
        await studio.upsert(1, "studio", 4)
        await Postgres.execute("SELECT pg_stat_force_next_flush()")
    await clock.advance(HIDDEN_AGE_SECONDS)
    await studio.totals.look_after("demo", VERSION)
    await studio.check()


async def test_what_is_hidden_is_counted_less_often_where_that_takes_long(
    studio: Studio, clock: Clock
) -> None:
    times = itertools.count(0, 6)  # it takes six seconds
    slow = Studio(studio.published, lambda: float(next(times)))
    await slow.upsert(0, "studio", 4)
    async with Postgres.transaction():
        await Postgres.execute(
            "UPDATE project_demo.representations SET active = FALSE WHERE id = $1",
            slow.published[0].id,
        )
        await Postgres.execute("SELECT pg_stat_force_next_flush()")
    await slow.totals.count_hidden("demo")
    async with Postgres.transaction():
        await slow.upsert(0, "nearline", 4)
        await Postgres.execute("SELECT pg_stat_force_next_flush()")
    await clock.advance(599)
    await slow.totals.look_after("demo", VERSION)
    kept = await slow.summary.site_totals("demo", None)
    assert list(kept.totals) == ["nearline"]
    await clock.advance(1)
    await slow.totals.look_after("demo", VERSION)
    await slow.check()


async def test_rows_from_before_the_triggers_are_counted_once(studio: Studio) -> None:
    await Postgres.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
    await studio.upsert(0, "studio", 4)
    await Postgres.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER USER")
    await Postgres.execute(
        "DELETE FROM project_demo.sitesync_migrations WHERE name = 'site_totals_v1'"
    )
    assert await studio.totals.read("demo") is None
    await studio.check()
    await studio.totals.look_after("demo", VERSION)
    assert await studio.totals.read("demo") is not None
    await studio.check()


async def test_a_reader_has_many_changes_folded(studio: Studio) -> None:
    for _ in range(MOST_CHANGES // 2 + 1):
        await studio.upsert(0, "studio", 1)
        await studio.upsert(0, "studio", 4)
    await studio.check()
    query = "SELECT count(*) AS count FROM project_demo.sitesync_total_changes"
    for _ in range(1000):
        if not (await Postgres.fetchrow(query))["count"]:
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("the changes are not folded")
    await studio.check()
