"""Endpoints of the existing addon where it takes more than HTTP to ask for it."""

import asyncio
from contextvars import Context
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import SITE
from tests.integration.pipeline import Pipeline
from tests.integration.state_requests import HOSTILE, get_state
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")

WAITING = "SELECT count(*) AS count FROM pg_locks WHERE NOT granted"


async def test_d50_user_sites_read_no_settings_for_each_machine(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = [SITE, *(f"machine-{number}" for number in range(10))]
    for machine in machines:
        await Postgres.execute(
            "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
            machine,
            {"users": ["artist"]},
        )
    read: list[str] = []
    for name in ("get_project_settings", "get_project_site_settings"):
        original = getattr(host.addon, name)

        async def note(
            *args: Any, name: str = name, original: Any = original, **extra: Any
        ) -> Any:
            read.append(name)
            return await original(*args, **extra)

        monkeypatch.setattr(host.addon, name, note)
    client = await host.client("artist", SITE)
    answer = await client.get(f"{host.addon_path}/demo/get_user_sites")
    # What all of them have is told once.
    assert answer.json() == {"active_site": ["studio"], "remote_site": ["studio"]}
    assert read == ["get_project_settings"]


async def test_hostile_names_find_themselves(host: Host, pipeline: Pipeline) -> None:
    named = {text: await pipeline.publish(product=text) for text in HOSTILE}
    client = await host.client("artist")
    for text, published in named.items():
        rows = await get_state(client, host, productFilter=text)
        assert [row["representationId"] for row in rows] == [published.id]


@pytest.mark.parametrize("path", ["state", "states", "verbs/queue"])
async def test_a_representation_that_is_deleted_meanwhile_is_unknown(
    host: Host, pipeline: Pipeline, path: str
) -> None:
    published = await pipeline.publish()
    client = await host.client("manager")
    bodies: dict[str, Any] = {
        "state": {"files": published.posted(4)},
        "states": {
            "states": [
                {"representationId": published.id, "siteName": "studio", "status": 4}
            ]
        },
        "verbs/queue": {
            "siteNames": ["studio"],
            "selection": {"representationIds": [published.id]},
        },
    }
    full_path = f"state/{published.id}/studio" if path == "state" else path
    async with Postgres.transaction(force_new=True):
        await Postgres.execute(
            "DELETE FROM project_demo.products WHERE id = $1", published.product_id
        )
        posting = asyncio.create_task(
            client.post(f"{host.addon_path}/demo/{full_path}", json=bodies[path]),
            context=Context(),
        )
        for _ in range(1000):
            # Some wait for the deletion, others leave to it what it has.
            if posting.done() or (await Postgres.fetchrow(WAITING))["count"]:
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("the post does not come to the deleted representation")
    answer = await posting
    assert answer.status_code == (404 if path == "state" else 200), answer.text
    if path == "states":
        [result] = answer.json()["results"]
        assert result["errorCode"] == "unknown_representation"
    if path == "verbs/queue":
        assert answer.json()["changed"] == 0
