"""How much a filtered list comes to: rows, files and bytes of all pages."""

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from server.store.totals import TotalsStore
from tests.integration.conftest import SITE
from tests.integration.pipeline import Pipeline, make_files
from tests.integration.test_graphql import data_of
from tests.integration.test_lists import query, sync
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

GRAPH = """
query Sums($filter: RepresentationFilter!) {
  project(name: "demo") {
    representations(filter: $filter) { totalCount totalFiles totalBytes }
  }
}
"""


@pytest.fixture
async def client(host: Host) -> httpx.AsyncClient:
    return await host.client("manager", SITE)


async def sums(client: httpx.AsyncClient, host: Host, **body: Any) -> list[int | None]:
    """Rows, files and bytes that REST tells; GraphQL must tell the same."""
    answer = await query(client, host, withTotal=True, first=1, **body)
    found = [answer[key] for key in ("total", "totalFiles", "totalBytes")]
    if "statuses" in body:
        wanted = body["statuses"].items()
        body["statuses"] = [
            {"siteName": site, "statuses": each} for site, each in wanted
        ]
    project = await data_of(client, host, GRAPH, filter=body)
    assert [*project["representations"].values()] == found
    return found


async def test_totals_are_of_all_pages_wherever_the_files_were_counted(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    assert await sums(client, host) == [0, 0, 0]
    everywhere = await pipeline.publish(files=3)
    here = await pipeline.publish(files=make_files(2, size=7))
    nowhere = await pipeline.publish(files=make_files(4, size=1000))
    strange = await pipeline.publish(
        files=[{"id": "a", "size": None}, {"id": "b", "size": -5}]
    )
    await sync(client, host, everywhere, "studio")
    await sync(client, host, everywhere, SITE, 1)
    await sync(client, host, here, SITE)
    assert await sums(client, host) == [4, 11, 300 + 14 + 4000]
    assert await sums(client, host, representationIds=[nowhere.id]) == [1, 4, 4000]
    assert await sums(client, host, representationIds=[strange.id]) == [1, 2, 0]
    assert await sums(client, host, statuses={SITE: [4]}) == [1, 2, 14]
    assert await sums(client, host, statuses={SITE: [1, 4]}) == [2, 5, 314]
    assert await sums(client, host, folderIds=[nowhere.folder_id]) == [4, 11, 4314]
    assert await sums(client, host, search="no such thing") == [0, 0, 0]


async def test_totals_of_a_whole_project_are_those_that_the_database_keeps(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    for count in (3, 5):
        await sync(client, host, await pipeline.publish(files=count), "studio")
    hidden = await pipeline.publish(files=7)
    await TotalsStore().count("demo", "2.0.0")
    assert await sums(client, host) == [3, 15, 1500]
    await sync(client, host, hidden, "studio")
    assert await sums(client, host) == [3, 15, 1500]
    await Postgres.execute(
        "UPDATE project_demo.representations SET active = false WHERE id = $1",
        hidden.id,
    )
    assert await sums(client, host) == [2, 8, 800]
    assert await sums(client, host, includeInactive=True) == [3, 15, 1500]


async def test_totals_are_of_what_the_caller_may_read(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    published = await pipeline.publish(files=3)
    await sync(client, host, published, "studio")
    restricted = await host.client("restricted", SITE)
    found = await query(restricted, host, withTotal=True)
    rows = found["representations"]
    assert found["totalBytes"] == sum(row["size"] for row in rows)
    assert found["totalFiles"] == sum(row["fileCount"] for row in rows)


async def test_files_and_bytes_are_told_with_an_exact_total_only(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    await pipeline.publish()
    for wanted in ("estimated", False):
        answer = await query(client, host, withTotal=wanted)
        assert answer["totalFiles"] is None
        assert answer["totalBytes"] is None
