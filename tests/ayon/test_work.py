"""What agents, the panel and loaders ask, from the queue to secrets."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.ayon.studio import CONFIGURED, Studio
from tests.integration.pipeline import Published
from tests.integration.queue_agent import Agent, done, key
from tests.support.openapi_requests import mismatches

VAULT = {
    "name": "vault",
    "provider": "sftp",
    "sftp": {"sftp_host": "vault", "sftp_pass": "{secret:sitesync_test}"},
}


@pytest.fixture
async def published(studio: Studio) -> Published:
    """On the studio's storage, wanted on the artist's machine."""
    await studio.set_settings(
        config={"active_site": "local", "remote_site": "studio"}, sites=[VAULT]
    )
    published = await studio.publish(files=2)
    for client, site, status in (
        (await studio.client(), "studio", 4),
        (await studio.artist(), studio.machine, 1),
    ):
        answer = await studio.post(client, published, site, status)
        assert answer.status_code == 204, answer.text
    return published


async def test_work_is_given_reported_and_told(
    studio: Studio, published: Published
) -> None:
    artist = await studio.artist()
    agent = Agent(artist, studio.addon_path, studio.machine)
    [transfer] = await agent.claim(projects=[studio.project])
    assert transfer["representationId"] == published.id
    fault = {
        "projectName": studio.project,
        "siteName": "vault",
        "code": "refused",
        "message": "Ask the vault's keeper",
        "since": 1,
    }
    files = [done(file) for file in transfer["files"]]
    report = await agent.post(
        "report",
        {
            "agentId": agent.id,
            "transfers": [{**key(transfer), "finished": True, "files": files}],
            "health": {"bytesPerSecond": 5.0, "sites": [fault]},
        },
    )
    assert report.json()["transfers"][0]["state"] == "finished"
    assert await studio.statuses(published, studio.machine) == [4, 4]

    agents = (await artist.get(f"{studio.addon_path}/-/agents")).json()["agents"]
    [own] = [each for each in agents if each["agentId"] == agent.id]
    assert own["problems"] == [fault]
    problems = (await artist.get(f"{studio.base}/problems")).json()["problems"]
    assert "site_unusable" in {each["code"] for each in problems}
    overview = (await artist.get(f"{studio.addon_path}/-/overview")).json()
    assert studio.project in {each["projectName"] for each in overview["projects"]}

    path = f"{studio.base}/representations/{published.id}"
    history = (await artist.get(f"{path}/history")).json()
    assert history["attempts"][0]["outcome"] == "synced"
    params = {"siteName": studio.machine}
    explained = (await artist.get(f"{path}/explain", params=params)).json()
    assert explained["reasons"][0]["code"] == "synced"
    released = {"agentId": agent.id, "leases": [], "stopping": True}
    assert (await agent.post("release", released)).status_code == 200


async def test_verbs_count_first_and_then_do_it(
    studio: Studio, published: Published
) -> None:
    artist = await studio.artist()
    body = {
        "siteNames": ["vault"],
        "selection": {"representationIds": [published.id]},
        "dryRun": True,
    }
    path = f"{studio.base}/verbs/queue"
    for dry_run in (True, False):
        answer = await artist.post(path, json={**body, "dryRun": dry_run})
        assert answer.json()["changed"] == 1
    again = await artist.post(path, json=body)
    assert again.json()["changed"] == 0
    refused = await artist.post(f"{studio.base}/verbs/pause", json=body)
    assert refused.status_code == 403


async def test_graphql_reads_and_orders(studio: Studio, published: Published) -> None:
    artist = await studio.artist()
    query = """query ($name: String!, $ids: [String!]!) {
      project(name: $name) {
        representations(filter: {representationIds: $ids}) {
          edges { node { id sites { siteName statusName } files { id } } }
        }
        problems { code } transfers { queuedTotal } summary { asOf }
      }
      agents { siteName }
    }"""
    order = """mutation ($name: String!, $ids: [String!]!) {
      applyVerb(projectName: $name, verb: QUEUE, siteNames: ["vault"],
        selection: {representationIds: $ids}, dryRun: true) { changed }
    }"""
    variables = {"name": studio.project, "ids": [published.id]}

    async def ask(text: str) -> Any:
        body = {"query": text, "variables": variables}
        answer = await artist.post(f"{studio.addon_path}/-/graphql", json=body)
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    [edge] = (await ask(query))["project"]["representations"]["edges"]
    assert edge["node"]["id"] == published.id
    assert (await ask(order))["applyVerb"]["changed"] == 1


async def test_secrets_are_for_services_and_managers(studio: Studio) -> None:
    await studio.set_settings(sites=[VAULT])
    admin, artist = await studio.client(), await studio.artist()
    value = uuid.uuid4().hex
    secret = "/api/secrets/sitesync_test"
    stored = await admin.put(secret, json={"name": "sitesync_test", "value": value})
    assert stored.is_success, stored.text
    body = {"siteNames": ["vault"]}
    try:
        handed = (await admin.post(f"{studio.base}/credentials", json=body)).json()
        refused = await artist.post(f"{studio.base}/credentials", json=body)
        shown = await artist.get(f"{studio.addon_path}/settings/{studio.project}")
    finally:
        await admin.delete(secret)
    assert handed["sites"]["vault"]["settings"]["sftp_pass"] == value
    assert refused.json()["refused"][0]["errorCode"] == "not_allowed"
    assert value not in refused.text + shown.text
    record = (await admin.get(f"{studio.base}/credentials")).json()["handouts"]
    assert {each["outcome"] for each in record} == {"handed", "not_allowed"}


async def test_answers_are_those_that_openapi_shows(
    studio: Studio, published: Published
) -> None:
    admin = await studio.client()
    document = (await admin.get(f"{studio.addon_path}/openapi.json")).json()
    checked = 0
    for full_path, methods in document["paths"].items():
        path = full_path.removeprefix(studio.addon_path)
        operation = methods.get("get")
        needed = [
            each["name"]
            for each in (operation or {}).get("parameters", [])
            if each.get("required") and each["name"] != "project_name"
        ]
        if operation is None or needed or path.endswith("/wait"):
            continue
        url = studio.addon_path + path.replace("{project_name}", studio.project)
        answer = await admin.get(url)
        assert answer.status_code == 200, f"{url}: {answer.text}"
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert list(mismatches(document, schema, answer.json())) == [], url
        checked += 1
    assert checked > 8


async def test_errors_name_the_field(shared: Studio) -> None:
    artist = await shared.artist()
    bad = await artist.post(
        f"{shared.base}/representations/query", json={"first": "many"}
    )
    assert (bad.status_code, bad.json()["field"]) == (400, "first")
    published = await shared.publish()
    unknown = await shared.post(artist, published, "nowhere", files=[])
    assert (unknown.status_code, unknown.json()["errorCode"]) == (404, "unknown_site")
    last = await shared.post(await shared.client(), published, "studio")
    assert last.status_code == 204
    last = await (await shared.client()).delete(
        f"{shared.base}/state/{published.id}/studio"
    )
    assert (last.status_code, last.json()["errorCode"]) == (409, "last_copy")


async def test_aliases_have_what_is_synced_and_lose_what_is_removed(
    studio: Studio,
) -> None:
    site = {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]}
    await studio.set_settings(sites=[site])
    published = await studio.publish()
    manager = await studio.client("manager")
    await studio.post(manager, published, "studio")
    assert await studio.states(published) == {CONFIGURED: 4, "studio": 4}
    url = f"{studio.base}/state/{published.id}/studio"
    assert (await manager.delete(url)).json()["errorCode"] == "last_copy"
    assert (await manager.delete(url, params={"force": True})).status_code == 204
    assert await studio.states(published) == {}
