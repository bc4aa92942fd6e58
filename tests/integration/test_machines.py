"""A machine's owner and managers say who else uses it."""

from __future__ import annotations

import httpx
import pytest

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
