"""A machine's owner and managers say who else uses it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from devhost.schema import create_project
from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Pipeline
from tests.support.devhost_app import Host


@pytest.fixture
async def owner(host: Host, set_settings: SetSettings) -> httpx.AsyncClient:
    """The artist, who used his machine first."""
    client = await host.client("artist", SITE)
    await names(client, host)
    return client


async def names(client: httpx.AsyncClient, host: Host) -> list[str]:
    answer = await client.get(f"{host.addon_path}/-/machines?siteName={SITE}")
    assert answer.status_code == 200, answer.text
    return [user["userName"] for user in answer.json()["users"]]


async def change(
    client: httpx.AsyncClient,
    host: Host,
    user: str,
    allowed: bool = True,
    site: str = SITE,
) -> httpx.Response:
    body = {"siteName": site, "userName": user, "allowed": allowed}
    return await client.post(f"{host.addon_path}/-/machines", json=body)


async def test_an_added_user_may_write_and_one_taken_off_may_not(
    host: Host, owner: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    published = await pipeline.publish()
    url = f"{host.addon_path}/demo/state/{published.id}/{SITE}"
    body = {"files": published.posted(1)}
    other = await host.client("restricted", SITE)
    assert (await other.post(url, json=body)).status_code == 403
    assert (await change(owner, host, "restricted")).status_code == 204
    assert await names(other, host) == ["artist", "restricted"]
    assert (await other.post(url, json=body)).status_code == 204
    await change(owner, host, "restricted", allowed=False)
    assert (await other.post(url, json=body)).status_code == 403


async def test_managers_add_users_and_others_do_not(
    host: Host, owner: httpx.AsyncClient
) -> None:
    other = await host.client("restricted", SITE)
    assert (await change(other, host, "restricted")).status_code == 403
    listed = await other.get(f"{host.addon_path}/-/machines?siteName={SITE}")
    assert listed.status_code == 403
    manager = await host.client("manager")
    assert (await change(manager, host, "restricted")).status_code == 204
    assert await names(manager, host) == ["artist", "restricted"]


@pytest.mark.parametrize(
    ("user", "site", "field"),
    [
        ("nobody", SITE, "userName"),
        ("artist", "studio", "siteName"),
        ("artist", CONFIGURED, "siteName"),
        ("artist", "local", "siteName"),
        ("artist", "a\x00b", "siteName"),
    ],
)
async def test_bad_input_names_the_field(
    host: Host, owner: httpx.AsyncClient, user: str, site: str, field: str
) -> None:
    answer = await change(owner, host, user, site=site)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


# What is asked in a project whose settings do not have the site: method, path, body.
TAKING: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a state": ("POST", "demo/state/{id}/{site}", {"files": []}),
    "states": (
        "POST",
        "demo/states",
        {"states": [{"representationId": "{id}", "siteName": "{site}", "status": 1}]},
    ),
    "a removal": ("DELETE", "demo/state/{id}/{site}", {}),
    "a verb": (
        "POST",
        "demo/verbs/queue",
        {"siteNames": ["{site}"], "selection": {"representationIds": ["{id}"]}},
    ),
    "presence": ("POST", "demo/presence", {"siteName": "{site}", "files": []}),
    "remains": (
        "POST",
        "demo/tombstones/remove",
        {"siteName": "{site}", "representationIds": []},
    ),
    "a pause": (
        "POST",
        "-/pauses",
        {
            "scope": "site",
            "siteName": "{site}",
            "projectName": "demo",
            "paused": True,
        },
    ),
    "a claim": (
        "POST",
        "-/claim",
        {
            "agent": {"id": "a" * 32, "siteName": "{site}", "hostname": "here"},
            "projects": ["demo"],
        },
    ),
}


@pytest.mark.parametrize("asked", TAKING)
async def test_a_site_of_another_project_is_nobodys_machine(
    host: Host, set_settings: SetSettings, pipeline: Pipeline, asked: str
) -> None:
    """Else its name would be his who asks first in a project that lacks it."""
    await create_project("second", "second")
    await Postgres.execute(
        "INSERT INTO project_second.settings "
        "(addon_name, addon_version, variant, data) VALUES ($1, $2, 'production', $3)",
        host.addon.name,
        host.addon.version,
        {"sites": [{"name": "vault", "provider": "sftp"}]},
    )
    await EventStream.dispatch("settings.changed")
    published = await pipeline.publish()
    manager = await host.client("manager", "vault")
    posted = await manager.post(
        f"{host.addon_path}/demo/state/{published.id}/vault",
        json={"files": published.posted(1)},
    )
    assert posted.status_code == 204, posted.text
    client = await host.client("artist", "vault")
    method, path, body = TAKING[asked]
    filled = json.dumps([path, body])
    for name, text in (("{id}", published.id), ("{site}", "vault")):
        filled = filled.replace(name, text)
    path, body = json.loads(filled)
    answer = await client.request(method, f"{host.addon_path}/{path}", json=body)
    if asked == "states":
        [result] = answer.json()["results"]
        assert result["errorCode"] == "not_allowed"
    else:
        assert answer.status_code == 403, answer.text
    owners = "SELECT * FROM public.sitesync_machine_sites"
    assert await Postgres.fetch(owners) == []
