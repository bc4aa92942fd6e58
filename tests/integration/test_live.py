"""Events of state and agents: coalesced hints, sent after the write."""

import asyncio
from typing import Any

import pytest
from ayon_server.events import EventStream

from tests.integration.conftest import SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline
from tests.support.devhost_app import Host


class Listener:
    """Collects messages as AYON's websocket would send them."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._arrived = asyncio.Condition()

    async def publish(self, message: dict[str, Any]) -> None:
        if str(message.get("topic", "")).startswith("sitesync."):
            self.messages.append(message)
            async with self._arrived:
                self._arrived.notify_all()

    async def wait_for_ids(self, count: int) -> None:
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.ids()) >= count)

    async def wait_for_topic(self, topic: str) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [each for each in self.messages if each["topic"] == topic]

        async with self._arrived:
            await self._arrived.wait_for(found)
        return found()[0]

    def ids(self) -> set[str]:
        return {
            representation_id
            for message in self.messages
            for representation_id in message["summary"].get("representationIds", [])
        }


@pytest.fixture
async def listener(host: Host, set_settings: SetSettings) -> Any:
    listener = Listener()
    EventStream.publishers.append(listener.publish)
    yield listener
    EventStream.publishers.remove(listener.publish)


async def test_writes_are_announced_together(
    host: Host, pipeline: Pipeline, listener: Listener
) -> None:
    published = [await pipeline.publish() for _ in range(12)]
    client = await host.client("manager", SITE)
    await asyncio.gather(
        *(
            client.post(
                f"{host.addon_path}/demo/state/{each.id}/studio",
                json={"files": each.posted(1)},
            )
            for each in published
        )
    )
    await listener.wait_for_ids(12)
    assert listener.ids() == {each.id for each in published}
    assert len(listener.messages) < 12
    message = listener.messages[0]
    assert (message["topic"], message["project"]) == ("sitesync.state", "demo")
    assert message["summary"]["siteNames"] == ["studio"]
    assert message["summary"]["overflow"] is False
    assert message["store"] is False


async def test_more_than_200_ids_are_cut_and_say_so(
    host: Host, listener: Listener
) -> None:
    live = host.addon.site_sync.live
    wanted = [f"{number:032x}" for number in range(201)]
    live.state_changed("demo", wanted, ["studio"])
    message = await listener.wait_for_topic("sitesync.state")
    assert len(message["summary"]["representationIds"]) == 200
    assert message["summary"]["overflow"] is True


async def test_a_refused_write_is_not_announced(
    host: Host, pipeline: Pipeline, listener: Listener
) -> None:
    refused, written = [await pipeline.publish() for _ in range(2)]
    client = await host.client("manager")
    base = f"{host.addon_path}/demo/state"
    await client.post(f"{base}/{refused.id}/nowhere", json={"files": []})
    await client.post(f"{base}/{written.id}/studio", json={"files": []})
    await listener.wait_for_ids(1)
    assert listener.ids() == {written.id}


async def test_work_that_returns_from_a_dead_agent_is_announced(
    host: Host,
    pipeline: Pipeline,
    set_settings: SetSettings,
    clock: Clock,
    listener: Listener,
) -> None:
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    published = await pipeline.publish()
    client = await host.client("manager", SITE)
    for site, status in (("studio", 4), (SITE, 1)):
        await client.post(
            f"{host.addon_path}/demo/state/{published.id}/{site}",
            json={"files": published.posted(status)},
        )
    agent = {"id": "a" * 32, "siteName": SITE, "hostname": "ws042"}
    await client.post(f"{host.addon_path}/-/claim", json={"agent": agent})
    await listener.wait_for_ids(1)
    # The next claim finds the lease expired.
    await clock.advance(61)
    listener.messages.clear()
    body = {"agent": agent, "maxTransfers": 1, "projects": ["demo"]}
    await client.post(f"{host.addon_path}/-/claim", json=body)
    await listener.wait_for_ids(1)
    assert listener.ids() == {published.id}


async def test_a_new_agent_is_announced(host: Host, listener: Listener) -> None:
    client = await host.client("artist", SITE)
    agent = {"id": "a" * 32, "siteName": SITE, "hostname": "ws042"}
    await client.post(f"{host.addon_path}/-/claim", json={"agent": agent})
    message = await listener.wait_for_topic("sitesync.agents")
    assert message["summary"] == {"siteNames": [SITE]}


async def test_an_agent_that_falls_silent_is_announced_once(
    host: Host, clock: Clock, listener: Listener
) -> None:
    client = await host.client("artist", SITE)
    agent = {"id": "a" * 32, "siteName": SITE, "hostname": "ws042"}
    upkeep: Any = vars(host.addon)["upkeep"]
    for _ in range(2):
        await client.post(f"{host.addon_path}/-/claim", json={"agent": agent})
        listener.messages.clear()
        await clock.advance(59)
        await upkeep.look()
        assert listener.messages == []
        await clock.advance(2)
        await asyncio.gather(upkeep.look(), upkeep.look())
        topics = [message["topic"] for message in listener.messages]
        assert topics == ["sitesync.agents"]
        assert listener.messages[0]["summary"] == {"siteNames": [SITE]}
