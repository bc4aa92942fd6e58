"""Files that agents delete: what is given, what stays, and who may take it back."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.test_queue import Agent
from tests.integration.test_verbs import Operator
from tests.support.devhost_app import Host

STUDIO = "studio"


class Remover(Agent):
    """An agent that deletes files, as its endpoints see it."""

    async def take(self, most: int = 10, **extra: Any) -> list[dict[str, Any]]:
        body = await self.answer(maxTransfers=0, maxRemovals=most, **extra)
        removals: list[dict[str, Any]] = body["removals"]
        return removals

    async def tell(self, removal: dict[str, Any], **extra: Any) -> dict[str, Any]:
        """Report a removal, by default as done."""
        deleted = [file["id"] for file in removal["files"]]
        told = {
            **{
                key: removal[key]
                for key in ("projectName", "representationId", "siteName")
            },
            "leaseToken": removal["lease"]["token"],
            "deleted": deleted,
            "finished": True,
            **extra,
        }
        answer = await self.post("report", {"agentId": self.id, "removals": [told]})
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["removals"][0]
        return result


def frames(name: str, count: int = 2) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid.uuid4().hex,
            "path": f"{{root[work]}}/demo/{name}.{number:04}.exr",
            "size": 100,
            "hash": f"{name},{number}",
            "hash_type": "op3",
        }
        for number in range(1, count + 1)
    ]


@pytest.fixture
async def manager(host: Host, set_settings: SetSettings) -> Operator:
    return Operator(await host.client("manager", SITE), host.addon_path)


@pytest.fixture
async def agent(host: Host, set_settings: SetSettings) -> Remover:
    """The service of the studio's storage."""
    return Remover(await host.client("service"), host.addon_path, STUDIO)


async def published_on(
    manager: Operator, pipeline: Pipeline, *sites: str, **extra: Any
) -> Published:
    """A representation that is on sites."""
    files = extra.pop("files", None) or frames(uuid.uuid4().hex)
    published = await pipeline.publish(files=files, **extra)
    for site in sites or (STUDIO, CONFIGURED):
        await manager.post(published, site, 4)
    return published


async def remove(
    manager: Operator, *published: Published, site: str = STUDIO, **extra: Any
) -> dict[str, Any]:
    return await manager.order("remove", *published, siteNames=[site], **extra)


def paths(removal: dict[str, Any]) -> list[str]:
    return [file["path"] for file in removal["files"]]


async def test_a_removal_is_given_to_the_sites_agent_and_its_row_goes(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    result = await remove(manager, published)
    assert (result["changed"], result["problems"]) == (1, [])
    # Not there from now on, although nobody has deleted anything yet.
    assert await pipeline.statuses(published, STUDIO) == [-1, -1]

    [removal] = await agent.take()
    assert (removal["representationId"], removal["siteName"]) == (published.id, STUDIO)
    assert removal["files"] == [
        {"id": file["id"], "path": file["path"], "size": 100}
        for file in published.files
    ]
    assert removal["lease"]["expiresAt"] == clock.now + 60
    assert await agent.take() == []
    assert (await agent.tell(removal))["state"] == "finished"
    assert await pipeline.row(published, STUDIO) is None
    assert await pipeline.statuses(published, CONFIGURED) == [4, 4]
    assert await agent.take() == []
