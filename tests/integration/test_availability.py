"""What loaders ask, and the totals of sites."""

import json
from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from server.store.summary import MAX_AGE_SECONDS, SummaryStore
from server.store.totals import TotalsStore
from tests.integration.conftest import SITE
from tests.integration.pipeline import FOLDER, OTHER_FOLDER, Pipeline
from tests.integration.state_requests import HOSTILE
from tests.integration.test_lists import sync
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")
SITES = ["studio", SITE]


@pytest.fixture
async def client(host: Host) -> httpx.AsyncClient:
    return await host.client("manager", SITE)


async def ask(
    client: httpx.AsyncClient, host: Host, path: str, **body: Any
) -> dict[str, Any]:
    answer = await client.post(f"{host.addon_path}/demo/{path}", json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def deactivate(pipeline: Pipeline, table: str, entity_id: str) -> None:
    await Postgres.execute(
        f"UPDATE {pipeline.schema}.{table} SET active = FALSE WHERE id = $1", entity_id
    )


async def test_versions_tell_how_many_representations_are_where(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    both, one, none = [await pipeline.publish() for _ in range(3)]
    for published in (both, one):
        await sync(client, host, published, "studio")
    await sync(client, host, both, SITE)
    await sync(client, host, one, SITE, 1)
    ids = [published.version_id for published in (both, one, none)]
    answer = await ask(
        client, host, "availability", versionIds=[*ids, "0" * 32], siteNames=SITES
    )
    assert answer == {
        "versions": {
            both.version_id: {"total": 1, "sites": {"studio": 1, SITE: 1}},
            one.version_id: {"total": 1, "sites": {"studio": 1, SITE: 0}},
            none.version_id: {"total": 1, "sites": {"studio": 0, SITE: 0}},
        }
    }


async def test_representations_tell_their_status_and_progress(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    published = await pipeline.publish(files=4)
    none = await pipeline.publish()
    await sync(client, host, published, "studio")
    files = published.posted(1)
    files[0] = published.posted(4)[0]
    await client.post(
        f"{host.addon_path}/demo/state/{published.id}/{SITE}", json={"files": files}
    )
    answer = await ask(
        client,
        host,
        "availability",
        representationIds=[published.id, none.id, "0" * 32],
        siteNames=SITES,
    )
    assert answer == {
        "representations": {
            published.id: {
                "studio": {"status": 4, "progress": 1.0},
                SITE: {"status": 1, "progress": 0.25},
            },
            none.id: {},
        }
    }


async def test_inactive_entities_and_folders_out_of_reach_are_absent(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    visible = await pipeline.publish(FOLDER)
    outside = await pipeline.publish(OTHER_FOLDER)
    hidden = await pipeline.publish(FOLDER)
    await deactivate(pipeline, "versions", hidden.version_id)
    everything = [visible, outside, hidden]
    restricted = await host.client("restricted", SITE)
    for caller, expected in ((client, [visible, outside]), (restricted, [visible])):
        found = await ask(
            caller,
            host,
            "availability",
            versionIds=[each.version_id for each in everything],
            siteNames=SITES,
        )
        assert set(found["versions"]) == {each.version_id for each in expected}
        found = await ask(
            caller,
            host,
            "availability",
            representationIds=[each.id for each in everything],
            siteNames=SITES,
        )
        assert set(found["representations"]) == {each.id for each in expected}


async def test_hostile_site_names_are_only_names(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    published = await pipeline.publish()
    found = await ask(
        client,
        host,
        "availability",
        versionIds=[published.version_id],
        siteNames=HOSTILE,
    )
    assert found["versions"][published.version_id]["sites"] == dict.fromkeys(HOSTILE, 0)
    found = await ask(client, host, "summary", siteNames=HOSTILE)
    assert found["sites"] == {name: {} for name in HOSTILE}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("availability", {"siteNames": []}, "versionIds"),
        (
            "availability",
            {"versionIds": [], "representationIds": [], "siteNames": []},
            "versionIds",
        ),
        ("availability", {"versionIds": ["x"], "siteNames": []}, "versionIds.0"),
        ("availability", {"versionIds": []}, "siteNames"),
        ("availability", {"versionIds": [], "siteNames": ["\x00"]}, "siteNames"),
        ("summary", {"siteNames": ["\ud800"]}, "siteNames"),
        ("summary", {"folderIds": ["x"]}, "folderIds.0"),
        ("representations/anchors", {"every": 1}, "every"),
        ("representations/anchors", {"most": 1001}, "most"),
    ],
)
async def test_bad_bodies_name_the_field(
    host: Host, client: httpx.AsyncClient, path: str, body: Any, field: str
) -> None:
    answer = await client.post(
        f"{host.addon_path}/demo/{path}",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_the_summary_counts_by_site_and_status_and_by_subtree(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    first = await pipeline.publish(FOLDER, files=2)
    second = await pipeline.publish(OTHER_FOLDER)
    for published in (first, second):
        await sync(client, host, published, "studio")
    await sync(client, host, first, SITE, 1)
    top = await pipeline.folder("shots")
    answer = await ask(
        client, host, "summary", folderIds=[top, second.folder_id, "0" * 32]
    )

    def counts(representations: int, files: int, done: int) -> dict[str, int]:
        return {
            "representations": representations,
            "files": files,
            "filesSynced": files if done else 0,
            "filesVerified": 0,
            "filesFailed": 0,
            "bytes": files * 100,
            "bytesDone": done,
        }

    everything = {"studio": {"4": counts(2, 3, 300)}, SITE: {"1": counts(1, 2, 0)}}
    assert answer["sites"] == everything
    assert answer["folders"] == [
        {"folderId": top, "path": "/shots", "sites": everything},
        {
            "folderId": second.folder_id,
            "path": f"/{OTHER_FOLDER}",
            "sites": {"studio": {"4": counts(1, 1, 100)}},
        },
    ]
    restricted = await host.client("restricted", SITE)
    answer = await ask(restricted, host, "summary", folderIds=[top, second.folder_id])
    assert answer["sites"]["studio"] == {"4": counts(1, 2, 200)}
    assert [folder["sites"] for folder in answer["folders"]] == [
        {"studio": {"4": counts(1, 2, 200)}, SITE: {"1": counts(1, 2, 0)}},
        {},
    ]


async def test_a_summary_is_kept_by_the_database(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    await TotalsStore().count("demo", "2.0.0")
    for number in (1, 2):
        await sync(client, host, await pipeline.publish(), "studio")
        answer = await ask(client, host, "summary")
        assert answer["sites"]["studio"]["4"]["representations"] == number


async def test_a_summary_that_is_counted_is_at_most_two_seconds_old(
    host: Host, pipeline: Pipeline, client: httpx.AsyncClient
) -> None:
    """The database has not counted yet: rows of the existing addon's table."""
    now = 0.0
    store = SummaryStore(Uncounted(), clock=lambda: now)
    assert (await store.site_totals("demo", None)).totals == {}
    await sync(client, host, await pipeline.publish(), "studio")
    assert (await store.site_totals("demo", None)).totals == {}
    now = MAX_AGE_SECONDS + 0.1
    assert set((await store.site_totals("demo", None)).totals) == {"studio"}


class Uncounted(TotalsStore):
    async def read(self, project_name: str) -> None:
        return None
