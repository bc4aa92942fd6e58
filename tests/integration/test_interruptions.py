"""The database breaks off in the middle: what is told of it, and what goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from ayon_server.config import ayonconfig
from ayon_server.exceptions import ServiceUnavailableException
from ayon_server.lib.postgres import Postgres

from devhost.schema import create_project
from tests.integration.conftest import CONFIGURED, SITE
from tests.integration.pipeline import Pipeline
from tests.integration.queue_agent import Agent, queue
from tests.integration.test_default_rows import Upkeep, post, state
from tests.integration.test_server_events import (
    STUDIO,
    admin,
    agent,
    patch,
    republish,
    upkeep,
)
from tests.integration.test_verbs import ALL, Operator, manager
from tests.support.devhost_app import Host
from tests.support.server_log import read_server_log

__all__ = ["admin", "agent", "manager", "upkeep"]

BROKEN = [
    asyncpg.ConnectionDoesNotExistError("connection was closed"),
    asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    ConnectionRefusedError("nobody listens"),
]
_connect: Any = asyncpg.connect  # has no types
Work = Callable[..., Awaitable[Any]]


def break_off(work: Work, *errors: Exception) -> Work:
    """`work`, before which these errors come, one a call."""
    waiting = list(errors)

    async def broken(*values: Any) -> Any:
        if waiting:
            raise waiting.pop(0)
        return await work(*values)

    return broken


async def end_own_connection(*_: Any) -> None:
    """Postgres ends the connection that asks; what it waits for does not come."""
    await Postgres.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize("error", BROKEN, ids=lambda each: type(each).__name__)
async def test_a_request_that_the_database_breaks_off_says_to_try_again(
    manager: Operator,
    pipeline: Pipeline,
    host: Host,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await pipeline.publish()
    store = host.addon.site_sync.representations
    monkeypatch.setattr(
        store, "matching_ids", break_off(store.matching_ids, error, error)
    )
    with read_server_log() as log:
        answer = await manager.ask("queue", ALL)
    assert (answer.status_code, answer.json()["code"]) == (503, 503)
    assert "try again" in answer.json()["detail"]
    assert "closed" not in answer.text
    assert repr(error) in log[0]
    order = 'mutation { applyVerb(projectName: "demo", verb: QUEUE, siteNames: '
    query = f'{order}["{CONFIGURED}"], selection: {{all: true}}) {{ changed }} }}'
    path = f"{manager.base}/-/graphql"
    answer = await manager.client.post(path, json={"query": query})
    assert (answer.status_code, answer.json()["code"]) == (503, 503)
    assert (await manager.order("queue", selection=ALL))["changed"] == 1


async def test_a_connection_that_ends_in_a_request_harms_no_later_one(
    manager: Operator, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, host: Host
) -> None:
    published = await pipeline.publish()
    store = host.addon.site_sync.verbs
    with monkeypatch.context() as patched:
        patched.setattr(store, "carry_out", end_own_connection)
        answer = await manager.ask("queue", ALL)
    assert answer.status_code == 503
    for _ in range(10):
        await manager.order("queue", published)
    assert await pipeline.statuses(published, CONFIGURED) == [1]


async def test_a_job_goes_on_when_the_database_is_back(
    manager: Operator,
    pipeline: Pipeline,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = [await pipeline.publish() for _ in range(6)]
    services = host.addon.site_sync
    monkeypatch.setattr(services.verbs, "most_at_once", 3)
    routes = sys.modules[f"{type(host.addon).__module__}.api.verbs"]
    monkeypatch.setattr(routes, "SLICE", 2)
    store = sys.modules[f"{type(host.addon).__module__}.store.interruptions"]
    monkeypatch.setattr(store, "WAITS_SECONDS", (0.0, 0.0, 0.0))
    carry_out, note = services.verbs.carry_out, services.jobs.note
    broken = break_off(carry_out, BROKEN[0], BROKEN[1], BROKEN[2])
    monkeypatch.setattr(services.verbs, "carry_out", broken)
    monkeypatch.setattr(services.jobs, "note", break_off(note, BROKEN[3]))
    result = await manager.order("queue", *published)
    job = await manager.follow(result["jobId"])
    assert (job["state"], job["changed"]) == ("finished", 6)
    for each in published:
        assert await pipeline.statuses(each, CONFIGURED) == [1]


async def test_a_job_gives_up_when_the_database_stays_away(
    manager: Operator,
    pipeline: Pipeline,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(4):
        await pipeline.publish()
    services = host.addon.site_sync
    monkeypatch.setattr(services.verbs, "most_at_once", 3)
    store = sys.modules[f"{type(host.addon).__module__}.store.interruptions"]
    monkeypatch.setattr(store, "WAITS_SECONDS", (0.0,))
    monkeypatch.setattr(services.verbs, "carry_out", end_own_connection)
    result = await manager.order("queue", selection=ALL)
    job = await manager.follow(result["jobId"])
    assert (job["state"], job["changed"]) == ("failed", 0)
    assert "its log" in job["detail"]


@pytest.mark.parametrize(
    "error",
    [*BROKEN, ServiceUnavailableException("Database pool timeout")],
    ids=lambda each: type(each).__name__,
)
async def test_events_that_the_database_broke_off_are_followed_the_next_time(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    host: Host,
    agent: Agent,
    pipeline: Pipeline,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = await pipeline.publish(files=2)
    await post(admin, host, [state(published, STUDIO, 4), state(published, SITE, 4)])
    await upkeep.look()
    again = await republish(admin, published, 1)
    await asyncio.sleep(0)  # what AYON is about to write is looked for at once
    store = upkeep.worker._reconciliation
    broken = break_off(store.bring_in_line, error)
    monkeypatch.setattr(store, "bring_in_line", broken)
    await upkeep.handle_events()
    await upkeep.handle_events()
    assert await pipeline.statuses(again, STUDIO) == [4, 1]


async def test_what_fails_for_another_reason_is_not_followed_for_ever(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = await pipeline.publish()
    await patch(admin, "representations", published.id, files=published.files)
    store = upkeep.worker._reconciliation
    broken = break_off(store.bring_in_line, KeyError("a fault of ours"))
    monkeypatch.setattr(store, "bring_in_line", broken)
    with read_server_log() as log:
        await upkeep.handle_events()
        await upkeep.handle_events()
    assert len([each for each in log if "a fault of ours" in each]) == 1
    assert upkeep.worker.events.take() == {}


async def test_a_rename_that_was_broken_off_takes_the_pauses_along_later(
    upkeep: Upkeep,
    admin: httpx.AsyncClient,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await create_project("second", "second")
    pauses = host.addon.site_sync.pauses
    await pauses.pause("second", "", None, "admin")
    answer = await admin.post("/api/projects/second/rename", json={"name": "third"})
    assert answer.status_code == 204, answer.text
    broken = break_off(pauses.rename_project, BROKEN[0])
    monkeypatch.setattr(pauses, "rename_project", broken)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await upkeep.handle_events()
    await upkeep.handle_events()
    assert [each["projectName"] for each in await pauses.list()] == ["third"]


async def end_all_connections() -> None:
    """As a restart of Postgres does."""
    connection: Any = await _connect(ayonconfig.postgres_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_all_goes_on_when_all_connections_were_ended(
    upkeep: Upkeep, admin: httpx.AsyncClient, host: Host, agent: Agent
) -> None:
    pipeline = Pipeline()
    published = await queue(host, pipeline, admin)
    worker = upkeep.worker
    turn = worker._default_rows
    find_new = turn.find_new

    async def find_nothing(project_name: str) -> None:
        await end_all_connections()
        await find_new(project_name)

    async def look() -> list[str]:
        """What a look could not do; the pool has connections that it takes for live."""
        with read_server_log() as log:
            await worker._try("look at projects", worker.look)
        return [each for each in log if "will try again" in each]

    turn.find_new = find_nothing
    assert await look()
    turn.find_new = find_new
    async with asyncio.timeout(10):
        while await look():
            pass
    [transfer] = await agent.claim()
    assert transfer["representationId"] == published.id


async def test_an_addon_starts_when_the_database_is_there(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"{type(host.addon).__module__}.store"
    monkeypatch.setattr(
        sys.modules[f"{module}.interruptions"], "WAITS_SECONDS", (0.0, 0.0)
    )
    monkeypatch.setattr(sys.modules[f"{module}.schema"], "RETRY_SECONDS", 0.0)
    keeper = host.addon.site_sync.keeper
    lock = asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
    # The studio's tables twice, then the project's, and what tells that it is there.
    broken = break_off(keeper._migrate, BROKEN[2], lock)
    monkeypatch.setattr(keeper, "_migrate", broken)
    monkeypatch.setattr(
        keeper, "is_ready", break_off(keeper.is_ready, BROKEN[0], BROKEN[3])
    )
    schemas = sys.modules[f"{module}.project_schemas"].existing
    monkeypatch.setattr(schemas, "find", break_off(schemas.find, BROKEN[2]))
    with read_server_log() as log:
        await keeper.setup()
        await keeper.wait()
    assert [each for each in log if "could not prepare" in each]
    assert await keeper.is_ready("demo")
