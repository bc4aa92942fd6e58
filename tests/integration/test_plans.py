"""Hot queries start from an index and end early, on 50,000 representations."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from itertools import product
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from devhost.accounts import Credentials
from devhost.postgres import PostgresServer, create_database, drop_database
from server.domain.site import ProjectSites
from server.domain.transfer import Route
from server.sql import QueryFile
from server.store.due_rows import DueRows, Outlook, Seeker
from server.store.filters import Filters
from server.store.leases import Holder
from server.store.totals import TotalsStore
from server.store.walks import FEW_ROWS, MOST_SECONDS, START
from tests.conftest import ROOT, Studio
from tests.support.devhost_app import Host, run_host

SCHEMA = "project_demo"
COUNT = 50_000
SITE = "brisk-amber-fox"
LISTS = QueryFile("lists")
CLAIM = {
    "piece": "piece",
    "due": "is_due",
    "held": "held",
    "parents": "parents",
    "source": "source",
}
NOW = 1_795_240_000
ID = "8" + "0" * 31
KEY = ["f150", "product", 2, "exr", ID]

# Parents are folders of 10 products with 5 versions of 5 representations.
FILL = f"""
INSERT INTO {SCHEMA}.folders (id, name, folder_type, status)
SELECT md5('f' || n)::uuid, 'f' || n, 'Folder', 'In progress'
FROM generate_series(0, {COUNT} / 250 - 1) AS n;
INSERT INTO {SCHEMA}.products (id, name, folder_id, product_type, status)
SELECT md5('p' || n)::uuid, 'p' || n % 10, md5('f' || n / 10)::uuid, 'render',
    'In progress'
FROM generate_series(0, {COUNT} / 25 - 1) AS n;
INSERT INTO {SCHEMA}.versions (id, version, product_id, author, status)
SELECT md5('v' || n)::uuid, n % 5, md5('p' || n / 5)::uuid, 'artist', 'In progress'
FROM generate_series(0, {COUNT} / 5 - 1) AS n;
INSERT INTO {SCHEMA}.representations (id, name, version_id, files, status)
SELECT md5('r' || n)::uuid, 'r' || n % 5, md5('v' || n / 5)::uuid,
    '[{{"id": "a", "path": "p", "size": 5, "hash": "h"}}]', 'In progress'
FROM generate_series(0, {COUNT} - 1) AS n;
-- The trigger would take a minute for as many rows; these are counted already.
ALTER TABLE {SCHEMA}.sitesync_files_status DISABLE TRIGGER USER;
INSERT INTO {SCHEMA}.sitesync_files_status
    (representation_id, site_name, status, data, files_total, bytes_total, changed_at)
SELECT md5('r' || n)::uuid, site, CASE WHEN site = 'studio' THEN 4 ELSE n % 5 END,
    '{{"files": {{"a": {{"status": 4, "size": 5, "timestamp": 5}}}}}}', 1, 5,
    to_timestamp({NOW} + n)
FROM generate_series(0, {COUNT} - 1) AS n, unnest(ARRAY['studio', '{SITE}']) AS site;
ALTER TABLE {SCHEMA}.sitesync_files_status ENABLE TRIGGER USER;
REFRESH MATERIALIZED VIEW {SCHEMA}.hierarchy;
"""
TABLES = (
    "folders",
    "products",
    "versions",
    "representations",
    "hierarchy",
    "sitesync_files_status",
)


@pytest.fixture(scope="module")
def filled_studio(
    postgres: PostgresServer, studio_credentials: Credentials
) -> Iterator[Studio]:
    """Filled once; each test has a copy."""
    name = "filled_studio"
    dsn = postgres.dsn(name)

    async def fill() -> None:
        await create_database(postgres.dsn(), name, "studio_template")
        async with run_host(dsn, studio_credentials, [ROOT]):
            await Postgres.execute(FILL)
            for table in TABLES:
                await Postgres.execute(f"ANALYZE {SCHEMA}.{table}")

    asyncio.run(fill())
    yield Studio(dsn, studio_credentials)
    asyncio.run(drop_database(postgres.dsn(), name))


@pytest.fixture
async def studio(
    postgres: PostgresServer, filled_studio: Studio
) -> AsyncIterator[Studio]:
    name = f"test_{uuid.uuid4().hex}"
    await create_database(postgres.dsn(), name, "filled_studio")
    yield Studio(postgres.dsn(name), filled_studio.credentials)
    await drop_database(postgres.dsn(), name)


async def explain(settings: str, query: str, *values: Any) -> list[dict[str, Any]]:
    """The nodes of the plan that ran."""
    async with Postgres.transaction():
        await Postgres.fetch(LISTS.get(settings))
        rows = await Postgres.fetch(f"EXPLAIN ANALYZE {query}", *values)
    return [dict(row) for row in rows]


def text_of(plan: list[dict[str, Any]]) -> str:
    return "\n".join(row["QUERY PLAN"] for row in plan)


def page(name: str, parents: str = "parents", **fragments: str) -> str:
    return LISTS.get(
        name,
        "demo",
        parents=parents,
        conditions="conditions",
        sizes="sizes",
        filters="nothing",
        files="without_files",
        **fragments,
    )


def rows_read(plan: str, table: str) -> Iterator[int]:
    """How many rows of a table each of its scans gave, in all its loops."""
    for line in plan.splitlines():
        if f" on {table} " in line and "actual" in line:
            actual = line.split("actual", 1)[1]
            rows = float(actual.split("rows=")[1].split()[0])
            yield int(rows * int(actual.split("loops=")[1].split(")")[0]))


def runs_of(plan: str, function: str) -> int:
    """How many of a function's scans were run."""
    lines = [line for line in plan.splitlines() if f"Scan on {function} " in line]
    assert lines, plan
    return sum("never executed" not in line for line in lines)


@pytest.mark.timeout(120)
async def test_lists_read_little_more_than_their_page(host: Host) -> None:
    values = Filters(None).values(None, SITE)
    plain = {
        "first page by folder": (
            page("page", order="order_folder", from_key="nothing"),
            [51],
        ),
        "deep page by folder": (
            page("page", order="order_folder", from_key="from_folder"),
            [51, *KEY],
        ),
        "page by folder, backwards": (
            page("page", order="order_folder_desc", from_key="from_folder_desc"),
            [51, *KEY],
        ),
    }
    for settings, (case, (query, more)) in product(
        ("plan_for_few", "plan_for_values"), plain.items()
    ):
        plan = text_of(await explain(settings, query, *values, *more))
        assert "hierarchy_path_idx" in plan, f"{case}\n{plan}"
        assert runs_of(plan, "jsonb_array_elements") == 0, f"{case}\n{plan}"
        assert sum(rows_read(plan, "representations r")) < 1500, f"{case}\n{plan}"
    for suffix in ("", "_desc"):
        for key in ([], ["f150", "p5", 2, "exr", ID]):
            query = page(
                "page",
                parents="parents_by_product",
                products_in_order=f"products_in_order{suffix}",
                products=f"products_from{suffix}" if key else "nothing",
                order=f"order_product{suffix}",
                from_key=f"from_product{suffix}" if key else "nothing",
            )
            plan = text_of(await explain("plan_for_products", query, *values, 51, *key))
            assert 51 <= sum(rows_read(plan, "representations r")) < 1500, plan
    # A key in the middle of the rows.
    numbers = {"status": 2, "priority": 50, "changed": (NOW + COUNT // 2) * 1_000_000}
    for sort_by, number in numbers.items():
        for suffix in ("", "_desc"):
            for key in ([], [number, ID]):
                query = page(
                    "page_on_site",
                    order=f"order_{sort_by}{suffix}",
                    from_key=f"from_{sort_by}{suffix}" if key else "nothing",
                    key=f"key_{sort_by}",
                    is_counted=f"counted_{sort_by}",
                )
                for settings in ("plan_for_few_on_site", "plan_for_values"):
                    plan = text_of(await explain(settings, query, *values, 51, *key))
                    assert f"sitesync_{sort_by}_v1_idx" in plan, f"{sort_by}\n{plan}"
                    read = sum(rows_read(plan, "representations r"))
                    assert read <= 200, f"{sort_by}\n{plan}"


@pytest.mark.timeout(120)
async def test_what_loaders_ask_is_looked_up_by_id(host: Host) -> None:
    availability = QueryFile("availability")
    versions = await Postgres.fetch(f"SELECT id FROM {SCHEMA}.versions LIMIT 100")
    ids = [row["id"] for row in versions]
    fragments = {"readable_products": "readable_products"}
    query = availability.get("versions", "demo", **fragments)
    plan = text_of(await explain("plan_for_ids", query, ids, ["studio", SITE], None))
    assert "representation_parent_idx" in plan, plan
    assert "Seq Scan on representations" not in plan, plan
    assert "Seq Scan on sitesync_files_status" not in plan, plan
    rows = await Postgres.fetch(f"SELECT id FROM {SCHEMA}.representations LIMIT 300")
    query = availability.get("representations", "demo", **fragments)
    ids = [row["id"] for row in rows]
    plan = text_of(await explain("plan_for_ids", query, ids, ["studio", SITE], None))
    assert "representations_pkey" in plan, plan
    assert "sitesync_files_status_pkey" in plan, plan


@pytest.mark.timeout(120)
async def test_a_rare_status_is_found_by_its_index(host: Host) -> None:
    await Postgres.execute(
        f"UPDATE {SCHEMA}.sitesync_files_status SET status = 3 "
        "WHERE site_name = 'studio' AND representation_id IN "
        f"(SELECT id FROM {SCHEMA}.representations LIMIT 20)"
    )
    await Postgres.execute(f"ANALYZE {SCHEMA}.sitesync_files_status")
    filters = Filters(None, statuses={"studio": [3]})
    query = LISTS.get(
        "page",
        "demo",
        parents="parents",
        conditions="conditions",
        sizes="sizes",
        filters=filters.fragments(),
        files="without_files",
        order="order_folder",
        from_key="nothing",
    )
    plan = text_of(await explain("plan_for_values", query, *filters.values(None), 51))
    assert "Seq Scan on representations" not in plan, plan
    assert sum(rows_read(plan, "representations r")) < 1000, plan


@pytest.mark.timeout(120)
async def test_of_what_waits_only_so_much_is_counted(
    host: Host,
) -> None:
    await Postgres.execute(
        f"UPDATE {SCHEMA}.sitesync_files_status SET files_due = 1,"
        " due_at = to_timestamp(5), changed_at = to_timestamp(5)"
        f" WHERE site_name = '{SITE}' AND status = 0"
    )
    await Postgres.execute(f"ANALYZE {SCHEMA}.sitesync_files_status")
    query = QueryFile("activity").get(
        "queued_total", "demo", parents="no_parents", readable="everywhere"
    )
    plan = text_of(await explain("plan_for_ids", query, None, NOW, 1000, None))
    # By the index of what is due, or in the order of both keys: it ends early.
    assert 1000 <= sum(rows_read(plan, "representations r")) < COUNT / 4, plan
    assert 1000 <= sum(rows_read(plan, "sitesync_files_status s")) < COUNT / 4, plan


async def test_a_claim_starts_at_the_rows_that_are_due(host: Host) -> None:
    """Whatever the planner thinks of folders and products."""
    await Postgres.execute(
        f"INSERT INTO {SCHEMA}.sitesync_files_status"
        " (representation_id, site_name, status, data)"
        " SELECT md5('r' || n)::uuid, 'nearline', 1, jsonb_build_object('files',"
        " jsonb_build_object('a', jsonb_build_object('status', 1, 'timestamp', 5)))"
        f" FROM generate_series(0, {COUNT} / 2) AS n"
    )
    await Postgres.execute(f"ANALYZE {SCHEMA}.sitesync_files_status")
    query = QueryFile("transfers").get("lock_due", "demo", **CLAIM)
    for target, sources, locked in (
        ("nearline", ["studio"], 100),
        ("studio", ["nearline"], 0),
    ):
        async with Postgres.transaction():
            rows = await Postgres.fetch(
                f"EXPLAIN ANALYZE {query}",
                *(target, 2e9, *START.values, sources, None, 100),
            )
        plan = text_of([dict(row) for row in rows])
        assert "sitesync_due_v1_idx" in plan
        # One piece of the queue, whatever is due: of 25,001 rows here.
        assert max(rows_read(plan, "sitesync_files_status s_1"), default=0) <= 500
        assert max(rows_read(plan, "sitesync_files_status s_2"), default=0) <= 500
        assert f"rows={locked}" in plan.splitlines()[0].partition("actual")[2]


def seeker_of_nearline() -> Seeker:
    """A service that brings files from the studio to nearline."""
    return Seeker(
        project_name="demo",
        holder=Holder(uuid.uuid4().hex, "service"),
        route=Route("nearline", ["studio"]),
        paths=None,
        variant="production",
        sites=ProjectSites(
            enabled=True,
            active_site="nearline",
            remote_site="studio",
            default_active_site="studio",
            retry_count=3,
            accept_unleased_results=True,
        ),
    )


async def test_what_stands_in_front_of_the_queue_is_not_looked_at_each_time(
    host: Host,
) -> None:
    """11,000 rows have no source; of a queue a claim looks at 10,000 rows at most."""
    await Postgres.execute(
        f"INSERT INTO {SCHEMA}.sitesync_files_status (representation_id, site_name,"
        " status, priority, data, files_total, files_due, due_at, changed_at)"
        " SELECT md5('r' || n)::uuid, 'nearline', 1, CASE WHEN n < 11000 THEN 90"
        ' ELSE 50 END, \'{"files": {"a": {"status": 1, "timestamp": 5}}}\', 1, 1,'
        " to_timestamp(5), to_timestamp(5) FROM generate_series(0, 11001) AS n"
    )
    await Postgres.execute(
        f"DELETE FROM {SCHEMA}.sitesync_files_status AS s USING"
        " generate_series(0, 10999) AS n WHERE site_name = 'studio'"
        " AND representation_id = md5('r' || n)::uuid"
    )
    seeker = seeker_of_nearline()
    due = DueRows()
    view = await due.look_around(seeker)
    assert await due.lock(view, seeker, 10) == []
    # There is more to look at, at once.
    assert await due.outlook(view, seeker) == Outlook(0, 0.0)
    assert [each.priority for each in await due.lock(view, seeker, 10)] == [50, 50]
    # Until it is time to look at all of them again, claims begin where there is some.
    assert [each.priority for each in await due.lock(view, seeker, 10)] == [50, 50]
    # What somebody moves to the front meanwhile is given at once, and first.
    await Postgres.execute(
        f"UPDATE {SCHEMA}.sitesync_files_status SET priority = 95"
        " WHERE site_name = 'nearline' AND representation_id = md5('r11001')::uuid"
    )
    assert [each.priority for each in await due.lock(view, seeker, 10)] == [95, 50]
    # With nothing else left, the next look is told for when the front is looked at.
    await Postgres.execute(
        f"DELETE FROM {SCHEMA}.sitesync_files_status"
        " WHERE site_name = 'nearline' AND priority <> 90"
    )
    outlook = await due.outlook(view, seeker)
    assert outlook.pending == 0
    assert 0 < (outlook.next_due_in_seconds or 0) <= MOST_SECONDS


@pytest.mark.parametrize(
    ("in_front", "is_passed_over"), [(FEW_ROWS - 1, False), (FEW_ROWS, True)]
)
async def test_many_rows_in_front_of_the_first_to_give_are_passed_over(
    host: Host, in_front: int, is_passed_over: bool
) -> None:
    """Also where they are no whole piece: each claim would look them up again."""
    await Postgres.execute(
        f"INSERT INTO {SCHEMA}.sitesync_files_status (representation_id, site_name,"
        " status, priority, data, files_total, files_due, due_at, changed_at)"
        f" SELECT md5('r' || n)::uuid, 'nearline', 1, CASE WHEN n < {in_front} THEN 90"
        ' ELSE 50 END, \'{"files": {"a": {"status": 1, "timestamp": 5}}}\', 1, 1,'
        f" to_timestamp(5), to_timestamp(5) FROM generate_series(0, {in_front}) AS n"
    )
    hidden = f"UPDATE {SCHEMA}.representations SET active = $1 WHERE id IN (SELECT"
    hidden += f" md5('r' || n)::uuid FROM generate_series(0, {in_front - 1}) AS n)"
    await Postgres.execute(hidden, False)
    due, seeker = DueRows(), seeker_of_nearline()
    view = await due.look_around(seeker)
    assert [each.priority for each in await due.lock(view, seeker, 1)] == [50]
    await Postgres.execute(hidden, True)
    # Nobody wrote the rows: what is passed over waits for the next look at the front.
    expected = 50 if is_passed_over else 90
    assert [each.priority for each in await due.lock(view, seeker, 1)] == [expected]


async def test_background_work_costs_what_it_looks_at(host: Host) -> None:
    """Whether a plan is made for values or for all: looks come every ten seconds."""
    await Postgres.execute(
        f"INSERT INTO {SCHEMA}.sitesync_known_files "
        "(representation_id, folder_path, files, awaited_since) "
        "SELECT id, 'f', files, CASE WHEN creation_order % 10000 = 0 "
        f"THEN to_timestamp({NOW}) END FROM {SCHEMA}.representations "
        f"WHERE creation_order < {COUNT} - 10"
    )
    await Postgres.execute(f"ANALYZE {SCHEMA}.sitesync_known_files")
    known = QueryFile("known_files")
    parents = {"parents": "parents"}
    for name, values, most in (
        ("newer", [COUNT - 100, 500], 101),
        ("settled", [COUNT - 100, None, NOW], 101),
        ("batch", [ID, 500, COUNT], 500),
    ):
        query = known.get(name, "demo", **parents)
        async with Postgres.transaction():
            await Postgres.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            rows = await Postgres.fetch(f"EXPLAIN ANALYZE {query}", *values)
        plan = text_of([dict(row) for row in rows])
        for table in ("representations", "sitesync_files_status"):
            assert f"Seq Scan on {table}" not in plan, plan
        assert sum(rows_read(plan, "representations r")) <= most, plan
        assert sum(rows_read(plan, "sitesync_known_files k")) <= most, plan
    plan = text_of(
        await explain("plan_for_values", known.get("awaited", "demo"), NOW + 60, 100)
    )
    assert "sitesync_known_files_awaited_idx" in plan, plan


@pytest.mark.timeout(120)
async def test_quiet_projects_and_totals_cost_nothing_by_row(host: Host) -> None:
    """What every claim and every panel asks looks at no row without work."""
    transfers, totals = QueryFile("transfers"), QueryFile("totals")
    await TotalsStore().count("demo", "2.0.0")
    for query, values in (
        (transfers.get("has_work", "demo"), []),
        (transfers.get("look_around", "demo"), [["studio", SITE]]),
        (totals.get("kept", "demo"), []),
    ):
        rows = await Postgres.fetch(f"EXPLAIN ANALYZE {query}", *values)
        plan = text_of([dict(row) for row in rows])
        assert "Seq Scan on sitesync_files_status" not in plan, plan
        assert sum(rows_read(plan, "sitesync_files_status s")) == 0, plan
