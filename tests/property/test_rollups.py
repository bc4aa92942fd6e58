"""Laws of aggregation, and the SQL trigger against its Python twin."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.files import is_verified, parse_entries, parse_files
from server.domain.rollup import compute_rollup
from server.domain.status import SiteStatus, aggregate_status
from server.store.rows import Row, write_rows
from tests.integration.pipeline import Clock, Pipeline
from tests.support.devhost_app import Host

STATUSES = st.sampled_from([-1, 0, 1, 2, 3, 4])
# Few values, so that equal and differing ones meet. Eighths are exact everywhere.
TIMES = st.sampled_from([0, 5, 5.125, 1_795_239_000, 1_795_241_000.5, 15_000_000_000])
ODD = (
    st.none()
    | st.booleans()
    | st.integers(-10, 10)
    | st.sampled_from([-1.5, 2.5, 1e15])
    | st.sampled_from(["", "4", "content", "ünï"])
    | st.just([])
    | st.just({})
)
NUMBERS = st.integers(-5, 2**53)

ENTRIES = st.fixed_dictionaries(
    {"status": STATUSES, "timestamp": TIMES, "size": NUMBERS},
    optional={
        "next": TIMES,
        "message": st.sampled_from(["a", "b", ""]),
    },
)
SYNCED_ENTRIES = st.fixed_dictionaries(
    {
        "status": st.just(4),
        "timestamp": TIMES,
        "proof": st.sampled_from(["content", "storage", "size", "belief"]),
        "proven": TIMES,
    }
)
FAILED_ENTRIES = st.fixed_dictionaries(
    {"status": st.just(2), "timestamp": TIMES, "next": TIMES},
    optional={"message": st.sampled_from(["a", "b", "c"])},
)
KEYS = ("status", "size", "timestamp", "next", "message", "proof", "proven")
ODD_ENTRIES = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, ODD))
FILES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.one_of(ENTRIES, SYNCED_ENTRIES, FAILED_ENTRIES, ODD_ENTRIES, ODD),
    max_size=3,
)
DATA = st.fixed_dictionaries({"files": FILES}) | st.fixed_dictionaries(
    {}, optional={"files": ODD}
)
REPRESENTATION_FILES = st.lists(
    st.fixed_dictionaries({}, optional={"id": st.just("a"), "size": NUMBERS | ODD})
    | ODD,
    max_size=4,
)


@given(st.lists(STATUSES))
def test_the_order_of_files_does_not_matter(statuses: list[int]) -> None:
    assert aggregate_status(statuses) == aggregate_status(sorted(statuses))


@given(st.lists(STATUSES, min_size=1))
def test_more_of_the_same_changes_nothing(statuses: list[int]) -> None:
    assert aggregate_status(statuses * 3) == aggregate_status(statuses)


@given(st.lists(STATUSES))
def test_synced_means_all_files(statuses: list[int]) -> None:
    expected = bool(statuses) and set(statuses) == {SiteStatus.SYNCED}
    assert (aggregate_status(statuses) == SiteStatus.SYNCED) is expected


@given(DATA, REPRESENTATION_FILES)
def test_readers_are_total(data: Any, files: Any) -> None:
    entries = parse_entries(data)
    counted = compute_rollup(data, files, 1e9, 1e9)
    assert counted.files_total == len(entries)
    assert 0 <= counted.files_verified <= counted.files_synced <= counted.files_total
    assert len(parse_files(files)) <= len(files)
    assert sum(map(is_verified, entries.values())) == counted.files_verified


@pytest.fixture
async def empty_row(host: Host, clock: Clock) -> AsyncIterator[str]:
    """The id of a representation whose rows may be anything."""
    published = await Pipeline().publish()
    yield published.id


async def write(representation_id: str, data: Any, files: Any) -> Any:
    """Write a row as anybody may, and return what the trigger counted."""
    await Postgres.execute(
        "UPDATE project_demo.representations SET files = $1 WHERE id = $2",
        {"list": files},
        representation_id,
    )
    await Postgres.execute(
        "UPDATE project_demo.representations SET files = files -> 'list'"
    )
    return await Postgres.fetchrow(
        "INSERT INTO project_demo.sitesync_files_status "
        "(representation_id, site_name, data) VALUES ($1, $2, $3) "
        "RETURNING *, extract(epoch FROM due_at)::float8 AS due",
        representation_id,
        uuid.uuid4().hex,
        data,
    )


async def test_our_own_writes_bring_the_counts_of_the_trigger(
    empty_row: str, clock: Clock
) -> None:
    loop = asyncio.get_running_loop()

    async def check(entries: Any, files: Any) -> None:
        await write(empty_row, {}, files)
        row = Row(empty_row, uuid.uuid4().hex, 1, 50, parse_entries({"files": entries}))
        query = "SELECT * FROM project_demo.sitesync_files_status WHERE site_name = $1"
        async with Postgres.transaction():
            await write_rows("demo", [row])
        inserted = dict(await Postgres.fetchrow(query, row.site_name))
        await Postgres.execute(
            "UPDATE project_demo.sitesync_files_status SET data = data, "
            "files_total = NULL WHERE site_name = $1",
            row.site_name,
        )
        assert dict(await Postgres.fetchrow(query, row.site_name)) == inserted
        async with Postgres.transaction():
            await write_rows("demo", [row])
        assert dict(await Postgres.fetchrow(query, row.site_name)) == inserted

    @settings(max_examples=150, deadline=None)
    @given(FILES, REPRESENTATION_FILES)
    def search(entries: Any, files: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(entries, files), loop).result()

    await asyncio.to_thread(search)


async def test_the_trigger_counts_as_python_does(empty_row: str, clock: Clock) -> None:
    loop = asyncio.get_running_loop()

    async def check(data: Any, files: Any) -> None:
        row = await write(empty_row, data, files)
        expected = compute_rollup(data, files, clock.now, clock.now)
        names = (
            "files_total",
            "files_due",
            "files_failed",
            "files_synced",
            "files_verified",
            "bytes_total",
            "bytes_done",
            "last_error",
        )
        assert {name: row[name] for name in names} == {
            name: getattr(expected, name) for name in names
        }
        assert row["due"] == expected.due_at

    newest_error = {
        name: {"status": 2, "timestamp": moment, "message": name}
        for name, moment in (("a", 5), ("b", 1_795_239_000), ("c", 1_795_239_000))
    }

    @example({"files": newest_error}, [])
    @settings(max_examples=300, deadline=None)
    @given(DATA, REPRESENTATION_FILES)
    def search(data: Any, files: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(data, files), loop).result()

    await asyncio.to_thread(search)
