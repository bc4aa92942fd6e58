"""Projects are made, deleted, renamed and archived while everybody works in them.

What crosses it is told as what it is: the project is not there (404), or not ready yet
(503). Nothing that works in the background ends, and a project of the
same name starts with nothing of the earlier one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from server.store.project_schemas import MAX_AGE_SECONDS
from tests.integration.conftest import SITE, SetSettings, set_settings
from tests.integration.pipeline import Pipeline, Published
from tests.integration.queue_agent import Agent, done, failed, key
from tests.support.devhost_app import Host
from tests.support.server_log import read_server_log

__all__ = ["set_settings"]

SECONDS = 25.0
LEASE = ("projectName", "representationId", "siteName", "leaseToken")
NAMES = ["first", "second", "third"]
GRAPH = """{ project(name: "%s") { sites { siteName } representations(first: 5) {
    edges { node { id sites { siteName status } } } } } }"""
TOLD = {200, 204, 404, 503}


class Studio:
    """Projects with a few publishes, and those who work in them."""

    def __init__(self, host: Host, admin: httpx.AsyncClient) -> None:
        self.base = host.addon_path
        self.admin = admin
        self.upkeep: Any = host.addon.__dict__["upkeep"]
        self.published: dict[str, list[Published]] = {}
        self.answers: Counter[tuple[str, int]] = Counter()
        self.broken: list[str] = []
        self.made = 0

    async def run(self, seconds: float) -> None:
        works: list[Callable[[random.Random], Awaitable[None]]] = [
            *(self.move, self.move, self.move, self.read, self.read, self.order),
            *(self.post, self.look, self.follow, self.manage),
        ]
        end = time.monotonic() + seconds

        async def loop(number: int, work: Callable[..., Awaitable[None]]) -> None:
            chance = random.Random(number)
            while time.monotonic() < end:
                await work(chance)

        async with asyncio.TaskGroup() as group:
            for number, work in enumerate(works):
                group.create_task(loop(number, work))

    def note(self, what: str, answer: httpx.Response) -> None:
        self.answers[what, answer.status_code] += 1
        is_clear = answer.is_success or bool(answer.json().get("detail"))
        if answer.status_code not in TOLD or not is_clear:
            self.broken.append(f"{what}: {answer.status_code} {answer.text[:600]}")

    async def ask(self, what: str, method: str, path: str, body: Any = None) -> Any:
        path = path if path.startswith("/api") else f"{self.base}{path}"
        answer = await self.admin.request(method, path, json=body)
        self.note(what, answer)
        return answer

    async def make(self, name: str) -> None:
        """A project with publishes that wait to be fetched to a machine."""
        self.made += 1
        body = {"name": name, "code": f"p{self.made}", "library": False}
        answer = await self.admin.post("/api/projects", json=body)
        assert answer.status_code == 201, answer.text
        pipeline = Pipeline(name)
        self.published[name] = [await pipeline.publish(files=2) for _ in range(6)]
        states = [
            {"representationId": each.id, "siteName": site, "status": status}
            for each in self.published[name]
            for site, status in (("studio", 4), (SITE, 1))
        ]
        await self.ask("fill", "POST", f"/{name}/states", {"states": states})

    async def manage(self, chance: random.Random) -> None:
        """What a manager does to projects, one after the other."""
        name = chance.choice(NAMES)
        path = f"/api/projects/{name}"
        if name not in self.published:
            await self.make(name)
            return
        what = chance.choice(["delete", "rename", "archive"])
        if what == "delete":
            del self.published[name]
            # AYON's own statements may meet ours in another order, and lose: again.
            while not (await self.admin.delete(path)).is_success:
                pass
        elif what == "rename":
            free = [each for each in NAMES if each not in self.published]
            if free:
                self.published[free[0]] = self.published.pop(name)
                path = f"/api/projects/{name}/rename"
                await self.ask("rename project", "POST", path, {"name": free[0]})
        else:
            for active in (False, True):
                await self.ask("archive", "PATCH", path, {"active": active})
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)

    async def move(self, chance: random.Random) -> None:
        """An agent that serves whatever projects there are."""
        agent = Agent(self.admin, self.base)
        for _ in range(5):
            body = agent.claim_body(projects=None, maxTransfers=4, maxRemovals=2)
            answer = await agent.post("claim", body)
            self.note("claim", answer)
            if answer.status_code != 200:
                continue
            transfers = [
                {
                    **key(each),
                    "finished": chance.random() < 0.7,
                    "files": [
                        chance.choice([done, failed])(file) for file in each["files"]
                    ],
                }
                for each in answer.json()["transfers"]
            ]
            told = {"agentId": agent.id, "transfers": transfers, "claim": body}
            self.note("report", await agent.post("report", told))
            leases = [{name: each[name] for name in LEASE} for each in transfers]
            body = {"agentId": agent.id, "leases": leases}
            self.note("renew", await agent.post("renew", body))
            self.note("release", await agent.post("release", body))

    async def order(self, chance: random.Random) -> None:
        name = chance.choice(NAMES)
        verb = chance.choice(["queue", "reset", "pause", "resume", "cancel", "retry"])
        body = {"siteNames": [SITE], "selection": {"all": True}}
        await self.ask("verb", "POST", f"/{name}/verbs/{verb}", body)

    async def post(self, chance: random.Random) -> None:
        name = chance.choice(NAMES)
        for each in self.published.get(name, [])[:3]:
            path = f"/{name}/state/{each.id}/{SITE}"
            await self.ask("post", "POST", path, {"files": each.posted(1)})
        await asyncio.sleep(0)

    async def read(self, chance: random.Random) -> None:
        name = chance.choice(NAMES)
        sites = ["studio", SITE]
        body = {"siteNames": sites, "withFiles": True, "withTotal": True}
        await self.ask("list", "POST", f"/{name}/representations/query", body)
        await self.ask("summary", "POST", f"/{name}/summary", {})
        await self.ask("sites", "GET", f"/{name}/sites")
        await self.ask("problems", "GET", f"/{name}/problems")
        await self.ask("overview", "GET", "/-/overview")
        await self.ask("agents", "GET", "/-/agents")
        answer = await self.ask("graph", "POST", "/-/graphql", {"query": GRAPH % name})
        for error in answer.json().get("errors", []):
            if error.get("extensions", {}).get("code") not in (404, 503):
                self.broken.append(f"graph: {error}")

    async def look(self, chance: random.Random) -> None:
        await self.upkeep.look()

    async def follow(self, chance: random.Random) -> None:
        await self.upkeep.handle_events()
        await asyncio.sleep(0.01)


@pytest.mark.timeout(180)
async def test_projects_come_and_go_under_load(
    host: Host, set_settings: SetSettings
) -> None:
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    studio = Studio(host, await host.client("admin", SITE))
    for name in NAMES[:2]:
        await studio.make(name)
    with read_server_log() as log:
        await studio.run(SECONDS)
    assert studio.broken == []
    assert [each for each in log if "will try again" in each] == []
    for what in ("claim", "report", "list", "verb", "post", "graph", "overview"):
        assert studio.answers[what, 204 if what == "post" else 200], what
    for what in ("rename project", "archive"):
        assert studio.answers[what, 204], what
    # Those that are left serve on, and nothing of the others is in the way.
    await asyncio.sleep(MAX_AGE_SECONDS)
    for name in studio.published:
        answer = await studio.ask("sites", "GET", f"/{name}/sites")
        assert answer.status_code == 200, answer.text
