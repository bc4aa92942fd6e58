"""Who may read and write what: every endpoint for every kind of user."""

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import (
    FOLDER,
    OTHER_FOLDER,
    Pipeline,
    Published,
    make_files,
)
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

EVERYBODY = ["admin", "manager", "service", "artist", "restricted", "stranger"]
ID = "0" * 32


async def client_of(host: Host, name: str) -> httpx.AsyncClient:
    """A client of a user; `stranger` is an artist who lost the project."""
    if name != "stranger":
        return await host.client(name, f"machine-of-{name}")
    await Postgres.execute(
        "UPDATE public.users SET data = data - 'accessGroups' WHERE name = 'artist'"
    )
    return await host.client("artist", "machine-of-stranger")


def urls(host: Host, published: Published) -> dict[str, tuple[str, str, Any]]:
    """Every endpoint as (method, url, body)."""
    base, one = f"{host.addon_path}/demo", f"{published.id}/studio"
    sites = "localSite=a&remoteSite=studio"
    leases = {"agentId": ID, "leases": []}
    return {
        "get_user_sites": ("GET", f"{base}/get_user_sites", None),
        "params": ("GET", f"{base}/params", None),
        "state": ("GET", f"{base}/state?{sites}", None),
        "representations": (
            "GET",
            f"{base}/state/representations?representationIds={published.id}",
            None,
        ),
        "post": ("POST", f"{base}/state/{one}", {"files": published.posted(1)}),
        "delete": ("DELETE", f"{base}/state/{one}", None),
        "query": ("POST", f"{base}/representations/query", {}),
        "sites": ("GET", f"{base}/sites", None),
        "presence": ("POST", f"{base}/presence", {"siteName": "studio", "files": []}),
        "scan": ("POST", f"{base}/scan", {"siteName": "studio"}),
        "scan_finished": (
            "POST",
            f"{base}/scan/finished",
            {"siteName": "studio", "requestedAt": 1},
        ),
        "report": ("POST", f"{host.addon_path}/-/report", {"agentId": ID}),
        "renew": ("POST", f"{host.addon_path}/-/renew", leases),
        "release": ("POST", f"{host.addon_path}/-/release", leases),
    }


EXPECTED = {
    "get_user_sites": [200, 200, 200, 200, 200, 403],
    "params": [200, 200, 200, 200, 200, 403],
    "state": [200, 200, 200, 200, 200, 403],
    "representations": [200, 200, 200, 200, 200, 403],
    "post": [204, 204, 204, 204, 204, 403],
    "delete": [204, 204, 204, 403, 403, 403],
    "query": [200, 200, 200, 200, 200, 403],
    "sites": [200, 200, 200, 200, 200, 403],
    "presence": [200, 200, 200, 403, 403, 403],
    "scan": [200, 200, 200, 403, 403, 403],
    "scan_finished": [204, 204, 204, 403, 403, 403],
    "report": [200] * 6,
    "renew": [200] * 6,
    "release": [200] * 6,
}


@pytest.mark.parametrize("number", range(len(EVERYBODY)))
async def test_the_matrix(host: Host, pipeline: Pipeline, number: int) -> None:
    published = await pipeline.publish(FOLDER)
    client = await client_of(host, EVERYBODY[number])
    for name, (method, url, body) in urls(host, published).items():
        if name == "delete":
            await make_row(pipeline, published)
        answer = await client.request(method, url, json=body)
        assert answer.status_code == EXPECTED[name][number], (name, answer.text)


async def make_row(pipeline: Pipeline, published: Published) -> None:
    """A row on the studio's site that can be removed."""
    if await pipeline.row(published, "studio") is None:
        await pipeline.write_row(published, "studio", {})


async def test_anonymous_callers_get_401_everywhere(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    client = await host.anonymous()
    requests = {
        **urls(host, published),
        "claim": ("POST", f"{host.addon_path}/-/claim", {}),
    }
    for method, url, body in requests.values():
        answer = await client.request(method, url, json=body)
        assert answer.status_code == 401, url


@pytest.mark.parametrize(
    ("user", "site", "status"),
    [
        ("admin", "studio", 200),
        ("service", "studio", 200),
        ("manager", CONFIGURED, 200),
        ("artist", "studio", 403),
        ("restricted", CONFIGURED, 403),
        ("artist", "machine-of-artist", 200),
        ("artist", "machine-of-others", 403),
        ("artist", "local", 400),
    ],
)
async def test_agents_serve_their_own_machine_or_for_managers_a_shared_site(
    host: Host, user: str, site: str, status: int
) -> None:
    client = await client_of(host, user)
    agent = {"id": ID, "siteName": site, "hostname": "h", "version": "1", "roots": {}}
    answer = await client.post(
        f"{host.addon_path}/-/claim", json={"agent": agent, "projects": ["demo"]}
    )
    assert answer.status_code == status, answer.text


async def test_nobody_owns_the_studios_site(host: Host) -> None:
    client = await client_of(host, "artist")
    agent = {"id": ID, "siteName": "studio", "hostname": "h"}
    answer = await client.post(
        f"{host.addon_path}/-/claim", json={"agent": agent, "projects": []}
    )
    assert answer.status_code == 403
    assert await Postgres.fetch("SELECT * FROM public.sitesync_machine_sites") == []


@pytest.mark.parametrize("asked", [{"projects": []}, {"variant": "staging"}])
async def test_a_shared_site_is_nobodys_machine_however_it_is_asked_about(
    host: Host, set_settings: SetSettings, asked: dict[str, Any]
) -> None:
    """Else his agent would hold the site, and the service that serves it be refused."""
    client = await host.client("artist", CONFIGURED)
    agent = {"id": ID, "siteName": CONFIGURED, "hostname": "h"}
    answer = await client.post(
        f"{host.addon_path}/-/claim", json={"agent": agent, **asked}
    )
    assert answer.status_code == 403, answer.text
    assert await Postgres.fetch("SELECT * FROM public.sitesync_machine_sites") == []


async def test_claims_without_access_to_the_project_are_403(host: Host) -> None:
    client = await client_of(host, "stranger")
    agent = {"id": ID, "siteName": "machine-of-stranger", "hostname": "h"}
    url = f"{host.addon_path}/-/claim"
    answer = await client.post(url, json={"agent": agent, "projects": ["demo"]})
    assert answer.status_code == 403
    answer = await client.post(url, json={"agent": agent})
    assert (answer.status_code, answer.json()["transfers"]) == (200, [])


async def test_a_restricted_artist_sees_his_folders_only(
    host: Host, pipeline: Pipeline
) -> None:
    mine = await pipeline.publish(FOLDER)
    other = await pipeline.publish(OTHER_FOLDER)
    # `_` and `%` of folder names are no wildcards of the access list.
    await pipeline.publish("shots/sq001x")
    client = await host.client("restricted", SITE)
    base = f"{host.addon_path}/demo"
    both = {"representationIds": [mine.id, other.id]}
    for published in (mine, other):
        await pipeline.write_row(published, "studio", {})

    state = await client.get(
        f"{base}/state", params={"localSite": "a", "remoteSite": "b", **both}
    )
    assert [row["representationId"] for row in state.json()["representations"]] == [
        mine.id
    ]
    states = await client.get(f"{base}/state/representations", params=both)
    assert [row["representationId"] for row in states.json()] == [mine.id]
    query = await client.post(f"{base}/representations/query", json={"withTotal": True})
    assert query.json()["total"] == 1
    assert (await client.get(f"{base}/params")).json()["count"] == 1
    [studio] = (await client.get(f"{base}/sites")).json()["sites"][:1]
    assert studio["totals"]["1"]["representations"] == 1
    for method in ("post", "delete"):
        answer = await client.request(
            method,
            f"{base}/state/{other.id}/{SITE}",
            json={"files": []} if method == "post" else None,
        )
        assert answer.status_code == 403


async def test_a_machine_belongs_to_its_first_user(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(FOLDER)
    url = f"{host.addon_path}/demo/state/{published.id}/{SITE}"
    body = {"files": published.posted(1)}
    artist = await host.client("artist", SITE)
    assert (await artist.post(url, json=body)).status_code == 204
    restricted = await host.client("restricted", SITE)
    answer = await restricted.post(url, json=body)
    assert answer.status_code == 403
    assert SITE in answer.json()["detail"]
    assert (await restricted.delete(url)).status_code == 403
    manager = await host.client("manager")
    assert (await manager.post(url, json=body)).status_code == 204


async def test_publishing_again_queues_on_machines_that_had_the_old_files(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(FOLDER, author="restricted")
    manager = await host.client("manager")
    author = await host.client("restricted", SITE)
    base = f"{host.addon_path}/demo/state/{published.id}"
    await pipeline.write_row(published, "other-machine", {})
    await manager.post(f"{base}/other-machine", json={"files": published.posted(4)})
    await manager.post(f"{base}/studio", json={"files": published.posted(4)})
    url = f"{base}/other-machine?reset=true"

    answer = await author.post(url, json={"files": published.posted(1)})
    assert answer.status_code == 403  # nothing new was published

    files = make_files(2)
    await Postgres.execute("UPDATE project_demo.representations SET files = $1", files)
    again = Published(
        published.id, published.version_id, published.product_id, "", files
    )
    answer = await author.post(url, json={"files": again.posted(4)})
    assert answer.status_code == 403
    answer = await author.post(url, json={"files": again.posted(1)})
    assert answer.status_code == 204
    assert await pipeline.statuses(again, "other-machine") == [1, 1]
    # On shared sites he may say what he put there, as when he published first.
    await pipeline.write_row(published, CONFIGURED, {})
    for site, status in (("studio", 4), (CONFIGURED, 1)):
        answer = await author.post(
            f"{base}/{site}?reset=true", json={"files": again.posted(status)}
        )
        assert answer.status_code == 204


async def test_a_machine_of_upstream_is_for_the_users_registered_on_it(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(FOLDER)
    await Postgres.execute(
        "INSERT INTO public.sites (id, data) VALUES ('old-machine', $1)",
        {"users": ["artist"]},
    )
    url = f"{host.addon_path}/demo/state/{published.id}/old-machine"
    body = {"files": published.posted(1)}
    restricted = await host.client("restricted", SITE)
    assert (await restricted.post(url, json=body)).status_code == 403
    artist = await host.client("artist", SITE)
    assert (await artist.post(url, json=body)).status_code == 204


@pytest.mark.parametrize(
    ("user", "author", "status", "expected"),
    [
        ("artist", "somebody", 4, 204),  # may publish in the folder
        ("restricted", "somebody", 4, 204),  # it is his folder
        ("viewer", "somebody", 4, 403),
        ("viewer", "somebody", 1, 204),
        ("viewer", "artist", 4, 204),  # the author of the version
        ("artist", "somebody", 3, 403),  # pausing is for managers
        ("manager", "somebody", 3, 204),
    ],
)
async def test_who_makes_rows_on_shared_sites(
    host: Host, pipeline: Pipeline, user: str, author: str, status: int, expected: int
) -> None:
    published = await pipeline.publish(FOLDER, author=author)
    if user == "viewer":
        await Postgres.execute(
            "UPDATE public.users SET data = jsonb_set(data, '{accessGroups}', "
            "'{\"demo\": [\"viewer\"]}') WHERE name = 'artist'"
        )
    client = await host.client("artist" if user == "viewer" else user, SITE)
    answer = await client.post(
        f"{host.addon_path}/demo/state/{published.id}/{CONFIGURED}",
        json={"files": published.posted(status)},
    )
    assert answer.status_code == expected, answer.text


async def test_results_without_a_lease_only_on_ones_own_pair_of_sites(
    host: Host, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    published = await pipeline.publish(FOLDER)
    artist = await host.client("artist", SITE)
    base = f"{host.addon_path}/demo/state/{published.id}"

    async def report(site: str) -> int:
        body = {"files": published.posted(4)}
        return (await artist.post(f"{base}/{site}", json=body)).status_code

    for site in ("studio", CONFIGURED):
        await artist.post(f"{base}/{site}", json={"files": published.posted(1)})
    config = {"active_site": "local", "remote_site": "studio"}
    await set_settings(config=config)
    assert await report(CONFIGURED) == 403
    assert await report("studio") == 204
    await set_settings(config={**config, "accept_unleased_results": False})
    assert await report("studio") == 403


async def test_priorities_and_removal_on_shared_sites_are_for_managers(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(FOLDER)
    url = f"{host.addon_path}/demo/state/{published.id}/studio"
    artist = await host.client("artist", SITE)
    manager = await host.client("manager")
    body = {"files": published.posted(1)}
    await artist.post(url, json={**body, "priority": 50})
    assert (await artist.post(url, json={**body, "priority": 99})).status_code == 403
    assert (await manager.post(url, json={**body, "priority": 99})).status_code == 204
    assert (await artist.delete(url)).status_code == 403
    assert (await manager.delete(url)).status_code == 204


# --- the last copy ---------------------------------------------------------------


async def synced(
    host: Host, pipeline: Pipeline, *sites: str
) -> tuple[Published, str, httpx.AsyncClient]:
    published = await pipeline.publish(FOLDER)
    manager = await host.client("manager", SITE)
    base = f"{host.addon_path}/demo/state/{published.id}"
    for site in sites:
        answer = await manager.post(
            f"{base}/{site}", json={"files": published.posted(4)}
        )
        assert answer.status_code == 204
    return published, base, manager


async def test_the_last_copy_is_not_removed_unless_a_manager_forces_it(
    host: Host, pipeline: Pipeline
) -> None:
    published, base, manager = await synced(host, pipeline, SITE)
    artist = await host.client("artist", SITE)
    await Postgres.execute(
        "INSERT INTO public.sitesync_machine_sites VALUES ($1, 'artist', 'x', now())",
        SITE,
    )
    for client in (artist, manager):
        answer = await client.delete(f"{base}/{SITE}")
        assert answer.status_code == 409
        assert answer.json()["errorCode"] == "last_copy"
    assert (await artist.delete(f"{base}/{SITE}?force=true")).status_code == 403
    assert await pipeline.row(published, SITE) is not None
    assert (await manager.delete(f"{base}/{SITE}?force=true")).status_code == 204
    assert await pipeline.row(published, SITE) is None


async def test_the_last_copy_of_one_file_is_not_removed(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(FOLDER, files=3)
    manager = await host.client("manager", SITE)
    base = f"{host.addon_path}/demo/state/{published.id}"
    files = [*published.posted(4)[:2], published.posted(2)[2]]
    await manager.post(f"{base}/studio", json={"files": files})
    answer = await manager.delete(f"{base}/studio")
    assert answer.json()["errorCode"] == "last_copy"
    assert await pipeline.statuses(published, "studio") == [4, 4, 2]
    await manager.post(f"{base}/{SITE}", json={"files": published.posted(4)[:2]})
    assert (await manager.delete(f"{base}/studio")).status_code == 204


async def test_files_from_before_a_republish_are_no_copy(
    host: Host, pipeline: Pipeline
) -> None:
    _published, base, manager = await synced(host, pipeline, SITE)
    files = [{**file, "hash": "rendered again"} for file in make_files(1)]
    await Postgres.execute("UPDATE project_demo.representations SET files = $1", files)
    body = {"id": files[0]["id"], "fileHash": "h", "status": 4, "size": 100}
    await manager.post(f"{base}/studio?reset=true", json={"files": [body]})
    answer = await manager.delete(f"{base}/studio")
    assert answer.json()["errorCode"] == "last_copy"
    assert (await manager.delete(f"{base}/{SITE}")).status_code == 204


@pytest.mark.parametrize("reset", ["", "?reset=true"])
async def test_what_an_artist_claims_to_have_does_not_replace_the_studios_file(
    host: Host, pipeline: Pipeline, reset: str
) -> None:
    published, base, _manager = await synced(host, pipeline, "studio")
    artist = await host.client("artist", SITE)
    await artist.post(f"{base}/{SITE}", json={"files": published.posted(4)})
    queued = {"files": published.posted(1)}
    assert (await artist.post(f"{base}/studio{reset}", json=queued)).status_code == 204
    row = await pipeline.row(published, "studio")
    assert (row["status"], row["files_verified"], row["files_due"]) == (4, 0, 0)
    await Postgres.execute(
        "UPDATE project_demo.sitesync_files_status SET data = jsonb_set(jsonb_set("
        "data, ARRAY['files', $1, 'proof'], '\"content\"'), "
        "ARRAY['files', $1, 'proven'], data -> 'files' -> $1 -> 'timestamp') "
        "WHERE site_name = $2",
        *(published.files[0]["id"], SITE),
    )
    await artist.post(f"{base}/studio{reset}", json=queued)
    assert await pipeline.statuses(published, "studio") == [1]


async def test_aliases_count_as_one_copy_and_go_together(
    host: Host, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    await set_settings(
        sites=[
            {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]}
        ]
    )
    published, base, manager = await synced(host, pipeline, "studio")
    assert await pipeline.statuses(published, CONFIGURED) == [4]
    answer = await manager.delete(f"{base}/{CONFIGURED}")
    assert answer.json()["errorCode"] == "last_copy"
    await manager.post(f"{base}/{SITE}", json={"files": published.posted(4)})
    assert (await manager.delete(f"{base}/{CONFIGURED}")).status_code == 204
    assert await pipeline.row(published, "studio") is None


async def test_queueing_an_alias_never_undoes_a_copy(
    host: Host, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    await set_settings(
        sites=[
            {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]}
        ]
    )
    published, base, manager = await synced(host, pipeline, "studio", SITE)
    for status in (1, 0, 2):
        await manager.post(
            f"{base}/{CONFIGURED}", json={"files": published.posted(status)}
        )
        assert await pipeline.statuses(published, "studio") == [4]


@pytest.mark.parametrize("reset", ["", "?reset=true"])
async def test_queueing_the_last_copy_keeps_it_synced_but_unverified(
    host: Host, pipeline: Pipeline, reset: str
) -> None:
    published, base, manager = await synced(host, pipeline, "studio")
    await Postgres.execute(
        "UPDATE project_demo.sitesync_files_status SET data = jsonb_set(jsonb_set("
        "data, ARRAY['files', $1, 'proof'], '\"content\"'), "
        "ARRAY['files', $1, 'proven'], data -> 'files' -> $1 -> 'timestamp')",
        published.files[0]["id"],
    )
    assert (await pipeline.row(published, "studio"))["files_verified"] == 1
    answer = await manager.post(
        f"{base}/studio{reset}", json={"files": published.posted(1)}
    )
    assert answer.status_code == 204
    row = await pipeline.row(published, "studio")
    assert (row["status"], row["files_verified"]) == (4, 0)


async def test_saying_that_the_last_copy_is_gone_is_refused(
    host: Host, pipeline: Pipeline
) -> None:
    published, base, manager = await synced(host, pipeline, "studio")
    for url, files in (
        (f"{base}/studio", published.posted(-1)),
        (f"{base}/studio", published.posted(2, message="disk full")),
        (f"{base}/studio?reset=true", []),
    ):
        answer = await manager.post(url, json={"files": files})
        assert answer.json()["errorCode"] == "last_copy"
    assert await pipeline.statuses(published, "studio") == [4]
