"""The endpoints in a real AYON server: shapes, errors, access, events, workers."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest
import websocket

from tests.ayon.conftest import Published, Studio, machine
from tests.support.openapi_requests import mismatches

STATUS_KEYS = {
    "status",
    "size",
    "totalSize",
    "timestamp",
    "message",
    "retries",
    "progress",
}
CHECKSUM = f"xxh3:{'ab' * 16}"


def claim(studio: Studio, agent_id: str | None = None, **extra: Any) -> Any:
    agent = {
        "id": agent_id or uuid.uuid4().hex,
        "siteName": machine(studio),
        "hostname": "test",
    }
    body = {"agent": agent, "projects": [studio.project], **extra}
    return studio.artist.post(f"{studio.addon}/-/claim", json=body)


# --- what the existing addon's clients use --------------------------------------------


def test_the_list_of_two_sites(studio: Studio, published: Published) -> None:
    answer = studio.artist.get(
        f"{studio.base}/state",
        params={
            "localSite": machine(studio),
            "remoteSite": "studio",
            "representationIds": published.id,
        },
    )
    [item] = answer.json()["representations"]
    assert item["representationId"] == published.id
    assert (item["folder"], item["representation"], item["fileCount"]) == (
        "shots",
        "exr",
        2,
    )
    assert (item["localStatus"]["status"], item["remoteStatus"]["status"]) == (1, 4)
    assert set(item["localStatus"]) == STATUS_KEYS
    assert {file["id"] for file in item["files"]} == {
        file["id"] for file in published.files
    }


def test_states_of_representations(studio: Studio, published: Published) -> None:
    answer = studio.artist.get(
        f"{studio.base}/state/representations",
        params={"representationIds": published.id},
    )
    found = {each["siteName"]: each["status"] for each in answer.json()}
    assert found == {"studio": 4, machine(studio): 1}


def test_params_and_user_sites(studio: Studio, published: Published) -> None:
    params = studio.artist.get(f"{studio.base}/params").json()
    assert params["count"] >= 1
    assert "exr" in params["names"]
    sites = studio.artist.get(f"{studio.base}/get_user_sites").json()
    assert set(sites) == {"active_site", "remote_site"}


def test_a_state_is_removed(studio: Studio, published: Published) -> None:
    path = f"{studio.base}/state/{published.id}/{machine(studio)}"
    assert studio.artist.delete(path).status_code == 204
    last = studio.admin.delete(f"{studio.base}/state/{published.id}/studio")
    assert (last.status_code, last.json()["errorCode"]) == (409, "last_copy")


# --- ours -----------------------------------------------------------------------------


def test_work_is_given_reported_and_told(studio: Studio, published: Published) -> None:
    agent_id = uuid.uuid4().hex
    answer = claim(studio, agent_id, maxTransfers=100)
    assert answer.status_code == 200, answer.text
    transfer = next(
        each
        for each in answer.json()["transfers"]
        if each["representationId"] == published.id
    )
    files = [
        {
            "id": file["id"],
            "status": 4,
            "bytesDone": file["size"],
            "checksum": CHECKSUM,
            "proof": "content",
        }
        for file in transfer["files"]
    ]
    fault = {
        "projectName": studio.project,
        "siteName": "vault",
        "code": "refused",
        "message": "Ask the vault's keeper",
        "since": 1,
    }
    lease = {
        "projectName": studio.project,
        "representationId": published.id,
        "siteName": machine(studio),
        "leaseToken": transfer["lease"]["token"],
        "finished": True,
        "files": files,
    }
    health = {"bytesPerSecond": 5.0, "sites": [fault]}
    body = {"agentId": agent_id, "transfers": [lease], "health": health}
    report = studio.artist.post(f"{studio.addon}/-/report", json=body)
    assert report.json()["transfers"][0]["state"] == "finished"

    agents = studio.artist.get(f"{studio.addon}/-/agents").json()["agents"]
    [own] = [each for each in agents if each["agentId"] == agent_id]
    assert own["problems"] == [fault]
    problems = studio.artist.get(f"{studio.base}/problems").json()["problems"]
    assert "site_unusable" in {each["code"] for each in problems}
    overview = studio.artist.get(f"{studio.addon}/-/overview").json()
    assert [each["projectName"] for each in overview["projects"]] == [studio.project]

    path = f"{studio.base}/representations/{published.id}"
    history = studio.artist.get(f"{path}/history").json()
    assert history["attempts"][0]["outcome"] == "synced"
    explained = studio.artist.get(
        f"{path}/explain", params={"siteName": machine(studio)}
    )
    assert explained.json()["reasons"][0]["code"] == "synced"
    released = {"agentId": agent_id, "leases": [], "stopping": True}
    studio.artist.post(f"{studio.addon}/-/release", json=released)


def test_verbs_count_first_and_then_do_it(studio: Studio, published: Published) -> None:
    body = {
        "siteNames": ["vault"],
        "selection": {"representationIds": [published.id]},
        "dryRun": True,
    }
    path = f"{studio.base}/verbs/queue"
    for dry_run in (True, False):
        answer = studio.artist.post(path, json={**body, "dryRun": dry_run})
        assert answer.json()["changed"] == 1
    again = studio.artist.post(path, json=body)
    assert again.json()["changed"] == 0
    refused = studio.artist.post(f"{studio.base}/verbs/pause", json=body)
    assert refused.status_code == 403


def test_graphql_reads_and_orders(studio: Studio, published: Published) -> None:
    query = """query ($name: String!, $ids: [String!]!) {
      project(name: $name) {
        representations(filter: {representationIds: $ids}) {
          edges { node { id sites { siteName statusName } files { id } } }
        }
        problems { code } transfers { queuedTotal } summary { asOf }
      }
      agents { siteName }
    }"""
    variables = {"name": studio.project, "ids": [published.id]}
    answer = studio.artist.post(
        f"{studio.addon}/-/graphql", json={"query": query, "variables": variables}
    ).json()
    assert "errors" not in answer
    [edge] = answer["data"]["project"]["representations"]["edges"]
    assert edge["node"]["id"] == published.id
    order = """mutation ($name: String!, $ids: [String!]!) {
      applyVerb(projectName: $name, verb: QUEUE, siteNames: ["vault"],
        selection: {representationIds: $ids}, dryRun: true) { changed }
    }"""
    answer = studio.artist.post(
        f"{studio.addon}/-/graphql", json={"query": order, "variables": variables}
    ).json()
    assert answer["data"]["applyVerb"]["changed"] == 1


def test_secrets_are_for_services_and_managers(studio: Studio) -> None:
    value = uuid.uuid4().hex
    secret = "/api/secrets/sitesync_test"
    stored = studio.admin.put(secret, json={"name": "sitesync_test", "value": value})
    assert stored.status_code in (200, 201, 204), stored.text
    body = {"siteNames": ["vault"]}
    try:
        handed = studio.admin.post(f"{studio.base}/credentials", json=body).json()
        refused = studio.artist.post(f"{studio.base}/credentials", json=body)
        shown = studio.artist.get(f"{studio.addon}/settings/{studio.project}")
    finally:
        studio.admin.delete(secret)
    assert handed["sites"]["vault"]["settings"]["sftp_pass"] == value
    assert refused.json()["refused"][0]["errorCode"] == "not_allowed"
    assert value not in refused.text + shown.text
    record = studio.admin.get(f"{studio.base}/credentials").json()["handouts"]
    assert {each["outcome"] for each in record} == {"handed", "not_allowed"}


def test_answers_are_those_that_openapi_shows(
    studio: Studio, published: Published
) -> None:
    document = studio.admin.get(f"{studio.addon}/openapi.json").json()
    paths = {
        path.removeprefix(studio.addon): methods
        for path, methods in document["paths"].items()
    }
    checked = 0
    for path, methods in paths.items():
        operation = methods.get("get")
        needed = [
            each["name"]
            for each in (operation or {}).get("parameters", [])
            if each.get("required") and each["name"] != "project_name"
        ]
        if operation is None or needed or path.endswith("/wait"):
            continue
        url = studio.addon + path.replace("{project_name}", studio.project)
        answer = studio.admin.get(url)
        assert answer.status_code == 200, f"{url}: {answer.text}"
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert list(mismatches(document, schema, answer.json())) == [], url
        checked += 1
    assert checked > 8


# --- access and errors ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "sites"),
        ("GET", "problems"),
        ("GET", "transfers"),
        ("GET", "params"),
        ("POST", "representations/query"),
        ("POST", "summary"),
    ],
)
def test_a_project_is_for_its_members(studio: Studio, method: str, path: str) -> None:
    url = f"{studio.base}/{path}"
    assert studio.artist.request(method, url, json={}).status_code == 200
    assert studio.stranger.request(method, url, json={}).status_code == 403


def test_errors_name_the_field(studio: Studio, published: Published) -> None:
    bad = studio.artist.post(
        f"{studio.base}/representations/query", json={"first": "many"}
    )
    assert (bad.status_code, bad.json()["field"]) == (400, "first")
    unknown = studio.artist.post(
        f"{studio.base}/state/{published.id}/nowhere", json={"files": []}
    )
    assert (unknown.status_code, unknown.json()["errorCode"]) == (404, "unknown_site")
    quote = studio.artist.get(
        f"{studio.base}/state",
        params={"localSite": "x' OR '1'='1", "remoteSite": "studio"},
    )
    assert quote.status_code == 200


# --- workers and events ---------------------------------------------------------------


def test_a_wait_is_woken_whichever_worker_it_is_in(studio: Studio) -> None:
    """Requests go to any worker: of several waits some are woken by another's post."""
    published = studio.publish()
    cursor = studio.artist.get(
        f"{studio.addon}/-/wait", params={"timeoutSeconds": 0}
    ).json()["cursor"]
    answers: list[dict[str, Any]] = []

    def wait() -> None:
        params: dict[str, Any] = {"after": cursor, "timeoutSeconds": 30}
        answer = studio.artist.get(f"{studio.addon}/-/wait", params=params)
        answers.append(answer.json())

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    studio.post_state(published, "studio", 4)
    for thread in threads:
        thread.join()
    assert len(answers) == len(threads)
    assert all(answer["events"] or answer["overflow"] for answer in answers)


def test_events_arrive_over_the_websocket(studio: Studio) -> None:
    published = studio.publish()
    address = studio.url.replace("http", "ws", 1)
    socket = websocket.create_connection(f"{address}/ws", timeout=30)
    try:
        hello = {
            "topic": "auth",
            "token": studio.token,
            "subscribe": ["sitesync"],
            "project": studio.project,
        }
        socket.send(json.dumps(hello))
        while json.loads(socket.recv()).get("topic") != "heartbeat":
            pass
        studio.post_state(published, "studio", 4)
        while True:
            event = json.loads(socket.recv())
            summary = event.get("summary") or {}
            if published.id in summary.get("representationIds", []):
                break
    finally:
        socket.close()
    assert (event["topic"], event["project"]) == ("sitesync.state", studio.project)
