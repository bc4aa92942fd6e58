"""GraphQL: the loader's one query, pages, filters, limits, the same access."""

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres
from graphql import build_client_schema, get_introspection_query

from tests.integration.conftest import CONFIGURED, SITE
from tests.integration.pipeline import FOLDER, OTHER_FOLDER, Pipeline
from tests.integration.state_requests import HOSTILE
from tests.integration.test_lists import sync
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

LOADER = """
query Loader($project: String!, $versions: [String!]!, $sites: [String!]!) {
  project(name: $project) {
    name
    sites { siteName kind isActive isRemote totals { statusName representations } }
    versions(ids: $versions, siteNames: $sites) {
      id total sites { siteName synced }
    }
    representations(siteNames: $sites, filter: {versionIds: $versions}) {
      totalCount
      edges {
        cursor
        node {
          id versionId folderPath product productType version name fileCount size
          sites { siteName statusName progress filesTotal filesSynced bytesDone }
          files { id path size sites { siteName status proof } }
          versionAvailability(siteNames: $sites) { total }
        }
      }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
}
"""


@pytest.fixture
async def client(host: Host) -> httpx.AsyncClient:
    return await host.client("manager", SITE)


async def run(
    client: httpx.AsyncClient, host: Host, query: str, **variables: Any
) -> dict[str, Any]:
    answer = await client.post(
        f"{host.addon_path}/-/graphql", json={"query": query, "variables": variables}
    )
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def data_of(
    client: httpx.AsyncClient, host: Host, query: str, **variables: Any
) -> Any:
    result = await run(client, host, query, **variables)
    assert "errors" not in result, result["errors"]
    return result["data"]["project"]


async def test_a_loader_gets_all_it_shows_in_one_query(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    published = await pipeline.publish(files=2, product="compMain", version=21)
    await sync(client, host, published, "studio")
    await sync(client, host, published, SITE, 1)
    project = await data_of(
        client,
        host,
        LOADER,
        project="demo",
        versions=[published.version_id, "0" * 32],
        sites=["studio", SITE],
    )
    assert project["name"] == "demo"
    studio = project["sites"][0]
    assert (studio["siteName"], studio["kind"]) == ("studio", "studio")
    assert studio["totals"] == [{"statusName": "SYNCED", "representations": 1}]
    assert [site["siteName"] for site in project["sites"]] == [
        "studio",
        CONFIGURED,
        SITE,
    ]
    assert project["versions"] == [
        {
            "id": published.version_id,
            "total": 1,
            "sites": [
                {"siteName": "studio", "synced": 1},
                {"siteName": SITE, "synced": 0},
            ],
        }
    ]
    connection = project["representations"]
    assert connection["totalCount"] == 1
    [edge] = connection["edges"]
    assert connection["pageInfo"] == {
        "startCursor": edge["cursor"],
        "endCursor": edge["cursor"],
        "hasNextPage": False,
        "hasPreviousPage": False,
    }
    assert edge["node"] == {
        "id": published.id,
        "versionId": published.version_id,
        "folderPath": f"/{FOLDER}",
        "product": "compMain",
        "productType": "render",
        "version": 21,
        "name": "exr",
        "fileCount": 2,
        "size": 200.0,
        "sites": [
            {
                "siteName": SITE,
                "statusName": "QUEUED",
                "progress": 0.0,
                "filesTotal": 2,
                "filesSynced": 0,
                "bytesDone": 0.0,
            },
            {
                "siteName": "studio",
                "statusName": "SYNCED",
                "progress": 1.0,
                "filesTotal": 2,
                "filesSynced": 2,
                "bytesDone": 200.0,
            },
        ],
        "files": [
            {
                "id": file["id"],
                "path": file["path"],
                "size": 100.0,
                "sites": [
                    {"siteName": SITE, "status": 1, "proof": None},
                    {"siteName": "studio", "status": 4, "proof": None},
                ],
            }
            for file in published.files
        ],
        "versionAvailability": {"total": 1},
    }


PAGES = """
query Pages($first: Int, $after: String, $last: Int, $before: String,
            $sort: RepresentationSort!, $desc: Boolean!) {
  project(name: "demo") {
    representations(first: $first, after: $after, last: $last, before: $before,
                    sortBy: $sort, sortDesc: $desc, sortSite: "studio") {
      edges { node { id } }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
}
"""


@pytest.mark.parametrize("sort", ["FOLDER", "STATUS"])
async def test_pages_walk_the_whole_list_both_ways(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient, sort: str
) -> None:
    published = [await pipeline.publish(f"shots/s{n % 2}") for n in range(5)]
    for number in (0, 3):
        await sync(client, host, published[number], "studio")

    async def walk(count: str, start: str, at: str, more: str) -> list[str]:
        ids: list[str] = []
        cursor = None
        while True:
            variables = {count: 2, start: cursor, "sort": sort, "desc": True}
            project = await data_of(client, host, PAGES, **variables)
            found = project["representations"]
            page = [edge["node"]["id"] for edge in found["edges"]]
            ids = [*page, *ids] if count == "last" else [*ids, *page]
            cursor = found["pageInfo"][at]
            if not found["pageInfo"][more]:
                return ids

    forward = await walk("first", "after", "endCursor", "hasNextPage")
    assert set(forward) == {one.id for one in published}
    assert len(forward) == 5
    assert forward == await walk("last", "before", "startCursor", "hasPreviousPage")


FILTERED = """
query Filtered($filter: RepresentationFilter!) {
  project(name: "demo") {
    representations(filter: $filter) { totalCount edges { node { id } } }
  }
}
"""


async def test_filters_are_those_of_rest(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    wanted = await pipeline.publish(product="compMain", version=7)
    other = await pipeline.publish(OTHER_FOLDER, product="modelMain", name="abc")
    await sync(client, host, wanted, "studio")

    async def found(**conditions: Any) -> set[str]:
        project = await data_of(client, host, FILTERED, filter=conditions)
        edges = project["representations"]["edges"]
        assert project["representations"]["totalCount"] == len(edges)
        return {edge["node"]["id"] for edge in edges}

    assert await found() == {wanted.id, other.id}
    assert await found(search="comp") == {wanted.id}
    assert await found(versions=[7]) == {wanted.id}
    assert await found(productIds=[other.product_id]) == {other.id}
    assert await found(folderIds=[other.folder_id]) == {other.id}
    on_studio = {"siteName": "studio", "statuses": [4]}
    assert await found(statuses=[on_studio]) == {wanted.id}
    assert await found(statuses=[{**on_studio, "statuses": [-1]}]) == {other.id}
    for text in HOSTILE:
        assert await found(search=f"nomatch{text}") == set(), text
        assert await found(errorText=text) == set(), text


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ("first: 1001", "first"),
        ("first: 0", "first"),
        ("first: 1, last: 1", "last"),
        ('after: "nonsense"', "after"),
        ('filter: {folderIds: ["x"]}', "folderIds"),
        ('filter: {statuses: [{siteName: "a", statuses: [9]}]}', "statuses"),
        ("filter: {changedSince: -1}", "changedSince"),
        ("filter: {minSize: 1e300}", "minSize"),
        ('siteNames: ["\\u0000"]', "siteNames"),
    ],
)
async def test_bad_arguments_name_the_field(
    host: Host, client: httpx.AsyncClient, arguments: str, field: str
) -> None:
    query = f'{{ project(name: "demo") {{ representations({arguments}) '
    result = await run(client, host, query + "{ totalCount } } }")
    [error] = result["errors"]
    assert error["extensions"] == {
        "code": 400,
        "errorCode": "invalid_request",
        "field": field,
    }


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nothing }",
        "mutation { nothing }",
        '{ project(name: "demo") { ...A } } fragment A on Project { ...A }',
        "{"
        + " ".join(f'a{n}: project(name: "demo") {{ name }}' for n in range(40))
        + "}",
    ],
)
async def test_queries_that_cannot_run_are_errors_in_words(
    host: Host, client: httpx.AsyncClient, query: str
) -> None:
    result = await run(client, host, query)
    assert result["data"] is None
    assert all(error["message"] for error in result["errors"])


async def test_an_operation_must_be_named_if_there_are_several(
    host: Host, client: httpx.AsyncClient
) -> None:
    url = f"{host.addon_path}/-/graphql"
    body = {"query": "query A { __typename } query B { a: __typename }"}
    answer = await client.post(url, json=body)
    assert "operationName" in answer.json()["errors"][0]["message"]
    answer = await client.post(url, json={**body, "operationName": "C"})
    assert "operationName" in answer.json()["errors"][0]["message"]
    answer = await client.post(url, json={**body, "operationName": "B"})
    assert answer.json() == {"data": {"a": "Query"}}


async def test_a_request_that_asks_for_too_much_is_refused(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    def query(rows: int, count: int) -> str:
        parts = (
            f"p{number}: representations(first: {rows}) {{ edges {{ node {{ files "
            "{ id } } } }"
            for number in range(count)
        )
        return f'{{ project(name: "demo") {{ {" ".join(parts)} }} }}'

    assert "errors" not in await run(client, host, query(166, 2))
    [error] = (await run(client, host, query(167, 2)))["errors"]
    assert "more than 10000 rows" in error["message"]


async def test_introspection_shows_the_whole_schema(
    host: Host, client: httpx.AsyncClient
) -> None:
    result = await run(client, host, get_introspection_query())
    assert "errors" not in result
    schema = build_client_schema(result["data"])
    assert schema.query_type is not None
    assert list(schema.query_type.fields) == ["project", "agents", "pauses", "job"]
    assert schema.mutation_type is not None
    assert list(schema.mutation_type.fields) == ["applyVerb", "seedSite", "setPause"]


async def test_folders_out_of_reach_are_in_no_answer(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    inside = await pipeline.publish(FOLDER)
    outside = await pipeline.publish(OTHER_FOLDER)
    for published in (inside, outside):
        await sync(client, host, published, "studio")
    restricted = await host.client("restricted", SITE)
    project = await data_of(
        restricted,
        host,
        LOADER,
        project="demo",
        versions=[inside.version_id, outside.version_id],
        sites=["studio"],
    )
    assert [version["id"] for version in project["versions"]] == [inside.version_id]
    assert project["representations"]["totalCount"] == 1
    assert project["sites"][0]["totals"] == [
        {"statusName": "SYNCED", "representations": 1}
    ]


async def test_projects_without_access_and_unknown_ones_are_refused(
    host: Host, client: httpx.AsyncClient
) -> None:
    query = "query P($name: String!) { project(name: $name) { name } }"
    for name in ["nowhere", *HOSTILE]:
        [error] = (await run(client, host, query, name=name))["errors"]
        assert error["extensions"]["errorCode"] == "unknown_project"
    await Postgres.execute(
        "UPDATE public.users SET data = data - 'accessGroups' WHERE name = 'artist'"
    )
    stranger = await host.client("artist")
    [error] = (await run(stranger, host, query, name="demo"))["errors"]
    assert error["extensions"]["code"] == 403
    anonymous = await host.anonymous()
    answer = await anonymous.post(
        f"{host.addon_path}/-/graphql", json={"query": "{ __typename }"}
    )
    assert answer.status_code == 401
