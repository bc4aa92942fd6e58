"""Who may do what: every endpoint, GraphQL field and mutation, for every kind of user.

Endpoints are asked in `tests/ayon/test_access.py`. A new endpoint or field fails here
until its line says who may use it.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.accounts import hash_secret
from tests.integration.conftest import CONFIGURED, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Pipeline, Published
from tests.support.devhost_app import Host

USERS = (
    "admin",
    "manager",
    "service",
    "artist",
    "restricted",
    "outsider",
    "guest",
    "nobody",
)
TAKEN = "somebodys-machine"
HIDDEN = "{hidden}"
JOB = "{job}"

EVERYBODY = (200, 200, 200, 200, 200, 200, 403, 401)
MEMBERS = (200, 200, 200, 200, 200, 403, 403, 401)
UNRESTRICTED = (200, 200, 200, 200, 403, 403, 403, 401)
MANAGERS = (200, 200, 200, 403, 403, 403, 403, 401)


def no_content(row: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(204 if status == 200 else status for status in row)


AGENT = {"id": "a" * 32, "siteName": "own-machine", "hostname": "ws042"}
LEASES = {"agentId": "a" * 32, "leases": []}
NAMED = {"representationIds": [HIDDEN]}
# Operation: method, path, body, and the status for each of `USERS`. Representations
# are in a folder that `restricted` may not read.
ENDPOINTS: dict[str, tuple[str, str, Any, tuple[int, ...]]] = {
    "list_agents": ("GET", "-/agents", None, EVERYBODY),
    "claim_transfers": (
        "POST",
        "-/claim",
        {"agent": AGENT, "projects": ["demo"]},
        MEMBERS,
    ),
    "query_graph": ("POST", "-/graphql", {"query": "{ __typename }"}, EVERYBODY),
    "get_job": (
        "GET",
        f"-/jobs/{JOB}",
        None,
        (200, 200, 200, 404, 404, 404, 403, 401),
    ),
    "list_machine_users": ("GET", f"-/machines?siteName={TAKEN}", None, MANAGERS),
    "set_machine_user": (
        "POST",
        "-/machines",
        {"siteName": TAKEN, "userName": "artist"},
        no_content(MANAGERS),
    ),
    "get_overview": ("GET", "-/overview", None, EVERYBODY),
    "list_pauses": ("GET", "-/pauses", None, EVERYBODY),
    "set_pause": (
        "POST",
        "-/pauses",
        {"scope": "site", "siteName": "studio", "paused": False},
        no_content(MANAGERS),
    ),
    "release_leases": ("POST", "-/release", LEASES, EVERYBODY),
    "renew_leases": ("POST", "-/renew", LEASES, EVERYBODY),
    "report_transfers": ("POST", "-/report", {"agentId": "a" * 32}, EVERYBODY),
    "wait_for_events": ("GET", "-/wait?timeoutSeconds=0", None, EVERYBODY),
    "read_availability": (
        "POST",
        "demo/availability",
        {**NAMED, "siteNames": ["studio"]},
        MEMBERS,
    ),
    "list_handouts": ("GET", "demo/credentials", None, MANAGERS),
    "hand_out_credentials": (
        "POST",
        "demo/credentials",
        {"siteNames": [CONFIGURED]},
        MEMBERS,
    ),
    "get_user_sites": ("GET", "demo/get_user_sites", None, MEMBERS),
    "get_params": ("GET", "demo/params", None, MEMBERS),
    "post_presence": (
        "POST",
        "demo/presence",
        {"siteName": "studio", "files": []},
        MANAGERS,
    ),
    "list_problems": ("GET", "demo/problems", None, MEMBERS),
    "list_anchors": ("POST", "demo/representations/anchors", {}, MEMBERS),
    "query_representations": ("POST", "demo/representations/query", {}, MEMBERS),
    "explain_status": (
        "GET",
        f"demo/representations/{HIDDEN}/explain?siteName=studio",
        None,
        UNRESTRICTED,
    ),
    "get_history": (
        "GET",
        f"demo/representations/{HIDDEN}/history",
        None,
        UNRESTRICTED,
    ),
    "request_scan": ("POST", "demo/scan", {"siteName": "studio"}, MANAGERS),
    "finish_scan": (
        "POST",
        "demo/scan/finished",
        {"siteName": "studio", "requestedAt": 1},
        no_content(MANAGERS),
    ),
    "list_sites": ("GET", "demo/sites", None, MEMBERS),
    "get_state": (
        "GET",
        "demo/state?localSite=studio&remoteSite=studio",
        None,
        MEMBERS,
    ),
    "get_representation_states": (
        "GET",
        f"demo/state/representations?representationIds={HIDDEN}",
        None,
        MEMBERS,
    ),
    "list_tombstones": ("GET", "demo/tombstones?siteName=studio", None, MEMBERS),
    "remove_remains": (
        "POST",
        "demo/tombstones/remove",
        {"siteName": "studio", "representationIds": []},
        MANAGERS,
    ),
    "summarize": ("POST", "demo/summary", {}, MEMBERS),
    "get_throughput": ("GET", "demo/throughput", None, MEMBERS),
    "list_transfers": ("GET", "demo/transfers", None, MEMBERS),
    "post_state": (
        "POST",
        f"demo/state/{HIDDEN}/{CONFIGURED}",
        {"files": []},
        no_content(UNRESTRICTED),
    ),
    "post_states": (
        "POST",
        "demo/states",
        {"states": [{"representationId": HIDDEN, "siteName": CONFIGURED, "status": 1}]},
        MEMBERS,
    ),
    "seed_site": (
        "POST",
        "demo/seed",
        {"siteName": CONFIGURED, "status": 1, "selection": NAMED, "dryRun": True},
        MEMBERS,
    ),
    "apply_verb": (
        "POST",
        "demo/verbs/pause",
        {"siteNames": [CONFIGURED], "selection": NAMED},
        MANAGERS,
    ),
    "delete_state": (
        "DELETE",
        f"demo/state/{HIDDEN}/{CONFIGURED}",
        None,
        no_content(MANAGERS),
    ),
}

# A field, how it is asked for, and who gets an answer. Nobody gets past the endpoint.
ANYONE = USERS[:6]
MEMBER_NAMES = USERS[:5]
UNRESTRICTED_NAMES = USERS[:4]
MANAGER_NAMES = USERS[:3]
ORDER = 'projectName: "demo", dryRun: true, selection: {all: true}'
FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Query.project": ('{ project(name: "demo") { name } }', MEMBER_NAMES),
    "Query.agents": ("{ agents { agentId } }", ANYONE),
    "Query.pauses": ("{ pauses { scope } }", ANYONE),
    "Query.job": (f'{{ job(id: "{JOB}") {{ verb }} }}', MANAGER_NAMES),
    "Project.name": ('{ project(name: "demo") { name } }', MEMBER_NAMES),
    "Project.representations": (
        '{ project(name: "demo") { representations { totalCount } } }',
        MEMBER_NAMES,
    ),
    "Project.versions": (
        '{ project(name: "demo") { versions(ids: [], siteNames: []) { id } } }',
        MEMBER_NAMES,
    ),
    "Project.sites": ('{ project(name: "demo") { sites { kind } } }', MEMBER_NAMES),
    "Project.transfers": (
        '{ project(name: "demo") { transfers { queuedTotal } } }',
        MEMBER_NAMES,
    ),
    "Project.history": (
        f'{{ project(name: "demo") {{ history(representationId: "{HIDDEN}") '
        "{ attempts { outcome } } } }",
        UNRESTRICTED_NAMES,
    ),
    "Project.explanation": (
        f'{{ project(name: "demo") {{ explanation(representationId: "{HIDDEN}", '
        'siteName: "studio") { status } } }',
        UNRESTRICTED_NAMES,
    ),
    "Project.problems": (
        '{ project(name: "demo") { problems { code } } }',
        MEMBER_NAMES,
    ),
    "Project.summary": ('{ project(name: "demo") { summary { asOf } } }', MEMBER_NAMES),
    "Mutation.applyVerb": (
        f'mutation {{ applyVerb({ORDER}, verb: PAUSE, siteNames: ["{CONFIGURED}"]) '
        "{ matched } }",
        MANAGER_NAMES,
    ),
    "Mutation.seedSite": (
        f'mutation {{ seedSite({ORDER}, siteName: "{CONFIGURED}", status: 1) '
        "{ matched } }",
        MEMBER_NAMES,
    ),
    "Mutation.setPause": (
        'mutation { setPause(scope: SITE, siteName: "studio", paused: false) }',
        MANAGER_NAMES,
    ),
}


@pytest.fixture
async def hidden(
    host: Host, pipeline: Pipeline, set_settings: SetSettings
) -> Published:
    """On two shared sites, in a folder that `restricted` may not read."""
    published = await pipeline.publish(OTHER_FOLDER)
    manager = await host.client("manager")
    for site in ("studio", CONFIGURED):
        answer = await manager.post(
            f"{host.addon_path}/demo/state/{published.id}/{site}",
            json={"files": published.posted(4)},
        )
        assert answer.status_code == 204, answer.text
    await Postgres.execute(
        "INSERT INTO public.sitesync_machine_sites VALUES ($1, 'x', 'x', now())", TAKEN
    )
    return published


@pytest.fixture
async def job(host: Host, hidden: Published) -> str:
    """A large order of the manager's."""
    verbs: Any = host.addon.site_sync.verbs
    most, verbs.most_at_once = verbs.most_at_once, 0
    manager = await host.client("manager")
    answer = await manager.post(
        f"{host.addon_path}/demo/verbs/queue",
        json={"siteNames": ["studio"], "selection": {"all": True}, "dryRun": True},
    )
    verbs.most_at_once = most
    job_id: str = answer.json()["jobId"]
    return job_id


async def client_of(host: Host, user: str) -> httpx.AsyncClient:
    """A client on a machine of the user's own."""
    if user == "nobody":
        return await host.anonymous()
    if user in ("outsider", "guest"):
        flags = {"isGuest": True} if user == "guest" else {}
        groups = {"other" if user == "outsider" else "demo": ["artist"]}
        host.credentials.api_keys[user] = user * 4
        await Postgres.execute(
            "INSERT INTO public.users (name, data) VALUES ($1, $2)",
            user,
            {**flags, "accessGroups": groups, "apiKey": hash_secret(user * 4)},
        )
    return await host.client(user, "own-machine")


def fill_in(value: Any, hidden: Published, job: str) -> Any:
    if isinstance(value, str):
        return value.replace(HIDDEN, hidden.id).replace(JOB, job)
    if isinstance(value, dict):
        return {key: fill_in(each, hidden, job) for key, each in value.items()}
    if isinstance(value, list):
        return [fill_in(each, hidden, job) for each in value]
    return value


@pytest.mark.parametrize("user", USERS)
async def test_an_order_is_for_managers_and_who_gave_it(
    host: Host, hidden: Published, job: str, user: str
) -> None:
    client = await client_of(host, user)
    method, path, body, statuses = ENDPOINTS["get_job"]
    url = f"{host.addon_path}/{fill_in(path, hidden, job)}"
    answer = await client.request(method, url, json=body)
    assert answer.status_code == statuses[USERS.index(user)]


async def test_every_endpoint_is_in_the_table(host: Host) -> None:
    client = await host.client("admin")
    document = (await client.get(f"{host.addon_path}/openapi.json")).json()
    operations = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    assert operations == set(ENDPOINTS)


@pytest.mark.parametrize("user", USERS)
async def test_fields(host: Host, hidden: Published, job: str, user: str) -> None:
    client = await client_of(host, user)
    for name, (query, allowed) in FIELDS.items():
        answer = await client.post(
            f"{host.addon_path}/-/graphql",
            json={"query": fill_in(query, hidden, job)},
        )
        if user in ("guest", "nobody"):
            assert answer.status_code in (401, 403), name
            continue
        errors = answer.json().get("errors", [])
        assert (errors == []) is (user in allowed), (name, errors)
        assert all(error["extensions"]["code"] in (403, 404) for error in errors)


async def test_every_field_that_reads_or_orders_is_in_the_table(host: Host) -> None:
    client = await host.client("admin")
    names = set()
    for kind in ("Query", "Project", "Mutation"):
        query = f'{{ __type(name: "{kind}") {{ fields {{ name }} }} }}'
        answer = await client.post(
            f"{host.addon_path}/-/graphql", json={"query": query}
        )
        fields = answer.json()["data"]["__type"]["fields"]
        names |= {f"{kind}.{field['name']}" for field in fields}
    assert names == set(FIELDS)
