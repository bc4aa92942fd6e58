"""A project that was just filled has no statistics: claims are quick all the same."""

from ayon_server.lib.postgres import Postgres

from server.sql import QueryFile
from server.store.walks import START
from tests.integration.test_plans import CLAIM, SCHEMA, rows_read, text_of
from tests.support.devhost_app import Host

COUNT = 1_000
CLAIMED = 100
# All in one folder, as a delivery or a library is.
FILL = f"""
INSERT INTO {SCHEMA}.folders (id, name, folder_type, status)
VALUES (md5('f')::uuid, 'library', 'Folder', 'In progress');
INSERT INTO {SCHEMA}.products (id, name, folder_id, product_type, status)
SELECT md5('p' || n)::uuid, 'p' || n, md5('f')::uuid, 'render', 'In progress'
FROM generate_series(1, {COUNT}) AS n;
INSERT INTO {SCHEMA}.versions (id, version, product_id, author, status)
SELECT md5('v' || n)::uuid, 1, md5('p' || n)::uuid, 'artist', 'In progress'
FROM generate_series(1, {COUNT}) AS n;
INSERT INTO {SCHEMA}.representations (id, name, version_id, files, status)
SELECT md5('r' || n)::uuid, 'exr', md5('v' || n)::uuid,
    '[{{"id": "a", "path": "p", "size": 5, "hash": "h"}}]', 'In progress'
FROM generate_series(1, {COUNT}) AS n;
REFRESH MATERIALIZED VIEW {SCHEMA}.hierarchy;
INSERT INTO {SCHEMA}.sitesync_files_status (representation_id, site_name, status, data)
SELECT md5('r' || n)::uuid, site, status, jsonb_build_object(
    'files', jsonb_build_object(
        'a', jsonb_build_object('status', status, 'timestamp', 5)))
FROM generate_series(1, {COUNT}) AS n,
    (VALUES ('studio', 4), ('nearline', 1)) AS sites (site, status);
"""


async def test_a_claim_looks_up_parents_by_their_ids(host: Host) -> None:
    await Postgres.execute(FILL)
    query = QueryFile("transfers").get("lock_due", "demo", **CLAIM)
    async with Postgres.transaction():
        rows = await Postgres.fetch(
            f"EXPLAIN ANALYZE {query}",
            *("nearline", 2e9, *START.values, ["studio"], None, CLAIMED),
        )
    plan = text_of([dict(row) for row in rows])
    assert f"rows={CLAIMED}" in plan.splitlines()[0].partition("actual")[2]
    for table in ("representations", "versions", "products", "folders", "hierarchy"):
        scans = [*rows_read(plan, table), *rows_read(plan, f"{table} {table[0]}")]
        assert 0 < max(scans) <= CLAIMED, plan
