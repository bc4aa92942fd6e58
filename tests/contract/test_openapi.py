"""Real answers against the models that OpenAPI shows, and stable operation ids."""

from typing import Any

from pydantic import BaseModel, parse_obj_as

from server.api import (
    agent_models,
    graph,
    list_models,
    models,
    presence,
    tombstones,
    verb_models,
)
from tests.integration.conftest import SITE, clock, set_settings
from tests.integration.pipeline import Clock, Pipeline, Published
from tests.support.devhost_app import Host

__all__ = ["clock", "set_settings"]

OPERATIONS = {
    "claim_transfers",
    "report_transfers",
    "renew_leases",
    "release_leases",
    "get_user_sites",
    "get_params",
    "get_state",
    "get_representation_states",
    "post_state",
    "delete_state",
    "query_representations",
    "list_sites",
    "list_anchors",
    "summarize",
    "read_availability",
    "query_graph",
    "apply_verb",
    "seed_site",
    "get_job",
    "set_pause",
    "list_pauses",
    "post_states",
    "list_transfers",
    "get_throughput",
    "get_history",
    "explain_status",
    "list_agents",
    "list_machine_users",
    "set_machine_user",
    "list_problems",
    "get_overview",
    "hand_out_credentials",
    "wait_for_events",
    "list_handouts",
    "post_presence",
    "request_scan",
    "finish_scan",
    "list_tombstones",
    "remove_remains",
}


def check(model: Any, content: Any) -> None:
    """Fail if `content` lacks a key of the model or has another."""
    parsed = parse_obj_as(model, content)
    assert_same_keys(parsed, content)


def assert_same_keys(parsed: Any, content: Any) -> None:
    if isinstance(parsed, BaseModel):
        names = {field.alias for field in parsed.__fields__.values()}
        optional = {
            field.alias for field in parsed.__fields__.values() if not field.required
        }
        assert set(content) <= names
        assert names - optional <= set(content)
        for field in parsed.__fields__.values():
            if field.alias in content:
                assert_same_keys(getattr(parsed, field.name), content[field.alias])
    elif isinstance(parsed, list):
        for one, other in zip(parsed, content, strict=True):
            assert_same_keys(one, other)
    elif isinstance(parsed, dict):
        for key, value in parsed.items():
            assert_same_keys(value, content[key])


async def test_answers_are_as_described(
    host: Host, set_settings: Any, clock: Clock
) -> None:
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    published = await Pipeline().publish(files=2)
    base = f"{host.addon_path}/demo"
    client = await host.client("manager", SITE)
    for site, status in (("studio", 4), (SITE, 1)):
        await client.post(
            f"{base}/state/{published.id}/{site}",
            json={"files": published.posted(status)},
        )
    agent = {"id": "a" * 32, "siteName": SITE, "hostname": "h"}
    claimed = await client.post(f"{host.addon_path}/-/claim", json={"agent": agent})
    assert len(claimed.json()["transfers"]) == 1
    check(agent_models.ClaimAnswerModel, claimed.json())

    sites = {"localSite": SITE, "remoteSite": "studio"}
    ids = {"representationIds": [published.id]}
    for path, params, model in (
        ("get_user_sites", {}, models.UserSitesModel),
        ("params", {}, models.ParamsModel),
        ("state", sites, models.TwoSiteListModel),
        ("state/representations", ids, list[models.RepresentationStateModel]),
        ("sites", {}, models.SitesModel),
    ):
        answer = await client.get(f"{base}/{path}", params=params)
        assert answer.status_code == 200
        check(model, answer.json())
    answer = await client.post(
        f"{base}/representations/query", json={"withFiles": True, "withTotal": True}
    )
    check(list_models.QueryAnswerModel, answer.json())

    for path, body, model in (
        (
            "availability",
            {"versionIds": [published.version_id], "siteNames": ["studio"]},
            list_models.AvailabilityAnswerModel,
        ),
        (
            "availability",
            {**ids, "siteNames": ["studio"]},
            list_models.AvailabilityAnswerModel,
        ),
        (
            "summary",
            {"folderIds": [published.folder_id]},
            list_models.SummaryAnswerModel,
        ),
        ("representations/anchors", {"every": 10}, list_models.AnchorsAnswerModel),
    ):
        answer = await client.post(f"{base}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        check(model, answer.json())

    answer = await client.post(
        f"{host.addon_path}/-/graphql", json={"query": "{ __typename }"}
    )
    check(graph.GraphAnswerModel, answer.json())

    [transfer] = claimed.json()["transfers"]
    lease = {
        "projectName": "demo",
        "representationId": published.id,
        "siteName": SITE,
        "leaseToken": transfer["lease"]["token"],
    }
    unknown = {"id": "nothing", "status": 0}
    for verb, body, model in (
        ("renew", {"leases": [lease]}, agent_models.RenewAnswerModel),
        (
            "report",
            {"transfers": [{**lease, "files": [unknown]}], "claim": {"agent": agent}},
            agent_models.ReportAnswerModel,
        ),
        ("release", {"leases": [lease]}, agent_models.ReleaseAnswerModel),
    ):
        answer = await client.post(
            f"{host.addon_path}/-/{verb}", json={"agentId": "a" * 32, **body}
        )
        assert answer.status_code == 200, answer.text
        check(model, answer.json())
    await check_removals_and_scans(host, published)
    error = await client.post(f"{host.addon_path}/-/claim", json={})
    check(models.ErrorModel, {**error.json()})


async def check_removals_and_scans(host: Host, published: Published) -> None:
    base, client = host.addon_path, await host.client("manager", SITE)
    site = {"siteName": SITE}
    there = {"files": published.posted(4)}
    await client.post(f"{base}/demo/state/{published.id}/{SITE}", json=there)
    removal = {
        "siteNames": [SITE],
        "selection": {"representationIds": [published.id]},
    }
    scan = await client.post(f"{base}/demo/scan", json=site)
    check(presence.ScanRequestedModel, scan.json())
    removed = await client.post(f"{base}/demo/verbs/remove", json=removal)
    check(verb_models.VerbAnswerModel, removed.json())
    agent = {"id": "a" * 32, **site, "hostname": "h"}
    body = {"agent": agent, "maxRemovals": 1, "takesScans": True}
    claimed = (await client.post(f"{base}/-/claim", json=body)).json()
    check(agent_models.ClaimAnswerModel, claimed)
    assert [len(claimed[name]) for name in ("removals", "scans")] == [1, 1]
    told = {
        **site,
        "projectName": "demo",
        "representationId": published.id,
        "leaseToken": claimed["removals"][0]["lease"]["token"],
    }
    reported = await client.post(
        f"{base}/-/report", json={"agentId": "a" * 32, "removals": [told]}
    )
    check(agent_models.ReportAnswerModel, reported.json())
    assert reported.json()["removals"][0]["state"] == "held"
    file = {"representationId": "f" * 32, "fileId": "a", "state": "present"}
    looked = await client.post(f"{base}/demo/presence", json={**site, "files": [file]})
    check(presence.PresenceAnswerModel, looked.json())
    assert len(looked.json()["results"]) == 1
    sites = await client.get(f"{base}/demo/sites")
    check(models.SitesModel, sites.json())


async def test_answers_about_what_was_deleted_are_as_described(
    host: Host, set_settings: None
) -> None:
    base, client = host.addon_path, await host.client("manager", SITE)
    published = await Pipeline().publish()
    there = {"files": published.posted(4)}
    await client.post(f"{base}/demo/state/{published.id}/studio", json=there)
    await vars(host.addon)["upkeep"].look()
    await client.delete(f"/api/projects/demo/representations/{published.id}")
    listed = (await client.get(f"{base}/demo/tombstones")).json()
    check(tombstones.TombstonesModel, listed)
    assert [each["siteName"] for each in listed["tombstones"]] == ["studio"]
    ids = [published.id, "f" * 32]
    removed = await client.post(
        f"{base}/demo/tombstones/remove",
        json={"siteName": "studio", "representationIds": ids},
    )
    check(tombstones.RemainsAnswerModel, removed.json())
    assert (removed.json()["marked"], len(removed.json()["problems"])) == (1, 1)


async def test_operations_keep_their_names(host: Host) -> None:
    client = await host.client("admin")
    document = (await client.get(f"{host.addon_path}/openapi.json")).json()
    found = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert found == OPERATIONS  # AYON puts the addon's name and version before


async def test_answers_and_errors_are_described(host: Host) -> None:
    client = await host.client("admin")
    document = (await client.get(f"{host.addon_path}/openapi.json")).json()
    for path in document["paths"].values():
        for operation in path.values():
            assert "400" in operation["responses"]
            if "204" not in operation["responses"]:
                content = operation["responses"]["200"]["content"]["application/json"]
                assert content["schema"]
