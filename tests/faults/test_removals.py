"""Files that a real agent deletes, from the order to the empty disk."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from devhost.publishing import SYNCED, Published
from devhost.sample_files import SamplePublish
from tests.support.agent_studio import MACHINE, WAIT_SECONDS, Studio, finish, wait_until
from tests.support.devhost_app import PROJECT, Host

MANY = 2000


class Shelf:
    """A version whose files are on the studio's and on the machine's disk."""

    def __init__(self, host: Host, studio: Studio, base: Path) -> None:
        self.studio_root, self.machine_root = base / "studio", base / "machine"
        self._host = host
        self._studio = studio

    def fill(self, count: int) -> Published:
        paths = [Path("sh010", "v001", f"plate.{n:04}.exr") for n in range(count)]
        for root in (self.studio_root, self.machine_root):
            (root / paths[0]).parent.mkdir(parents=True)
            for path in paths:
                (root / path).write_bytes(b"frame")
        return self._studio.publish_files(
            SamplePublish(("sh010",), "plateMain", "plate", 1, {"exr": paths}),
            {"studio": SYNCED, MACHINE: SYNCED},
        )

    def list_files(self, root: Path) -> int:
        return sum(len(names) for _, _, names in os.walk(root))

    async def order(self, verb: str, published: Published, site: str) -> dict[str, Any]:
        client = await self._host.client("manager", MACHINE)
        body = {
            "siteNames": [site],
            "selection": {"representationIds": [published.representation_id]},
        }
        path = f"{self._host.addon_path}/{PROJECT}/verbs/{verb}"
        answer: httpx.Response = await client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result


@pytest.fixture
def shelf(host: Host, studio: Studio, tmp_path: Path) -> Shelf:
    return Shelf(host, studio, tmp_path)


async def read_statuses(published: Published) -> dict[str, int]:
    rows = await Postgres.fetch(
        "SELECT site_name, status FROM project_demo.sitesync_files_status"
        " WHERE representation_id = $1",
        published.representation_id,
    )
    return {row["site_name"]: row["status"] for row in rows}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


async def test_removed_files_leave_the_disk_and_the_last_copy_stays(
    studio: Studio, shelf: Shelf
) -> None:
    published = await asyncio.to_thread(shelf.fill, 20)
    assert (await shelf.order("remove", published, MACHINE))["changed"] == 1
    await finish(await studio.start_agent("--once"))
    assert shelf.list_files(shelf.machine_root) == 0
    assert not (shelf.machine_root / "sh010" / "v001").exists()
    assert shelf.list_files(shelf.studio_root) == 20
    assert await read_statuses(published) == {"studio": SYNCED}
    refused = await shelf.order("remove", published, "studio")
    assert [each["errorCode"] for each in refused["problems"]] == ["last_copy"]
    assert await read_statuses(published) == {"studio": SYNCED}


async def test_an_idle_agent_hears_of_a_removal(studio: Studio, shelf: Shelf) -> None:
    published = await asyncio.to_thread(shelf.fill, 5)
    agent = await studio.start_agent()
    assert agent.stdout is not None
    while b'"idle"' not in await asyncio.wait_for(
        agent.stdout.readline(), WAIT_SECONDS
    ):
        pass
    await shelf.order("remove", published, MACHINE)

    async def is_gone() -> bool:
        return MACHINE not in await read_statuses(published)

    await until(is_gone)
    assert shelf.list_files(shelf.machine_root) == 0
    agent.send_signal(signal.SIGTERM)
    await finish(agent)


async def test_an_agent_killed_in_a_removal_leaves_it_to_the_next(
    studio: Studio, shelf: Shelf
) -> None:
    published = await asyncio.to_thread(shelf.fill, MANY)
    await shelf.order("remove", published, MACHINE)
    agent = await studio.start_agent()
    await wait_until(lambda: shelf.list_files(shelf.machine_root) < MANY, agent)
    agent.kill()
    await finish(agent)
    assert 0 < shelf.list_files(shelf.machine_root) < MANY, "it was too quick"
    assert await read_statuses(published) == {"studio": SYNCED, MACHINE: -1}
    # The same agent starts again and need not wait for the lease to end.
    await finish(await studio.start_agent("--once"))
    assert shelf.list_files(shelf.machine_root) == 0
    assert shelf.list_files(shelf.studio_root) == MANY
    assert await read_statuses(published) == {"studio": SYNCED}


async def test_files_wanted_again_after_a_kill_come_back(
    studio: Studio, shelf: Shelf
) -> None:
    published = await asyncio.to_thread(shelf.fill, MANY)
    await shelf.order("remove", published, MACHINE)
    agent = await studio.start_agent()
    await wait_until(lambda: shelf.list_files(shelf.machine_root) < MANY, agent)
    agent.kill()
    await finish(agent)
    await shelf.order("queue", published, MACHINE)
    await finish(await studio.start_agent("--once"))
    assert shelf.list_files(shelf.machine_root) == MANY
    assert await read_statuses(published) == {"studio": SYNCED, MACHINE: SYNCED}


async def test_a_folder_that_refuses_is_told_and_tried_again(
    studio: Studio, shelf: Shelf, host: Host
) -> None:
    published = await asyncio.to_thread(shelf.fill, 3)
    # Nobody, not even root, removes a folder's entry as if it were a file.
    first = shelf.machine_root / "sh010" / "v001" / "plate.0000.exr"
    first.unlink()
    first.mkdir()
    await shelf.order("remove", published, MACHINE)
    agent = await studio.start_agent()

    async def has_failed() -> bool:
        query = "SELECT 1 FROM project_demo.sitesync_removals WHERE retries > 0"
        return bool(await Postgres.fetch(query))

    await until(has_failed)
    agent.send_signal(signal.SIGTERM)
    await finish(agent)
    assert await read_statuses(published) == {"studio": SYNCED, MACHINE: -1}
    client = await host.client("manager", MACHINE)
    path = f"{host.addon_path}/{PROJECT}/representations/query"
    answer = await client.post(path, json={"siteNames": [MACHINE]})
    [row] = answer.json()["representations"]
    assert "plate.0000.exr" in row["sites"][MACHINE]["message"]
    first.rmdir()
    await shelf.order("remove", published, MACHINE)
    await finish(await studio.start_agent("--once"))
    assert await read_statuses(published) == {"studio": SYNCED}


async def test_an_agent_scans_its_site_for_who_asks(
    studio: Studio, shelf: Shelf, host: Host
) -> None:
    published = await asyncio.to_thread(shelf.fill, 4)
    (shelf.machine_root / "sh010" / "v001" / "plate.0001.exr").unlink()
    client = await host.client("artist", MACHINE)
    path = f"{host.addon_path}/{PROJECT}"
    asked = await client.post(f"{path}/scan", json={"siteName": MACHINE})
    assert asked.status_code == 200, asked.text
    await finish(await studio.start_agent("--once"))
    sites = (await client.get(f"{path}/sites")).json()["sites"]
    scan = next(each["scan"] for each in sites if each["siteName"] == MACHINE)
    assert (scan["found"], scan["missing"], scan["message"]) == (3, 1, None)
    assert (await read_statuses(published))[MACHINE] == -1
