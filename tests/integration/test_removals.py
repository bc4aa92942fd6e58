"""Files that agents delete: what is given, what stays, and who may take it back."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import OTHER_FOLDER, Clock, Pipeline, Published
from tests.integration.queue_agent import Agent
from tests.integration.test_verbs import Operator
from tests.support.devhost_app import Host

STUDIO = "studio"
NAS = {"name": "nas", "provider": "local_drive", "alternative_sites": [STUDIO]}
SITES_WITH_NAS = [{"name": CONFIGURED, "provider": "sftp"}, NAS]


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


async def test_a_removal_that_no_agent_has_begun_is_undone_exactly(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    before = dict(await pipeline.row(published, STUDIO))
    undo = (await remove(manager, published))["undo"]
    assert undo["verb"] == "queue"
    verb = undo.pop("verb")
    undone = await manager.ask(verb, undo.pop("selection"), **undo)
    assert undone.json()["changed"] == 1
    assert dict(await pipeline.row(published, STUDIO)) == before
    assert await agent.take() == []


async def test_who_queues_the_files_while_they_are_deleted_gets_them_again(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    assert (await agent.tell(removal, deleted=[], finished=False))["state"] == "held"
    await manager.order("queue", published, siteNames=[STUDIO])
    assert await pipeline.statuses(published, STUDIO) == [1, 1]
    # Nobody brings files before the agent has told that he has ended.
    assert await agent.claim(serve=[CONFIGURED]) == []
    first = published.files[0]["id"]
    told = await agent.tell(removal, deleted=[first], finished=False)
    assert told["state"] == "cancelled"
    assert await agent.claim(serve=[CONFIGURED]) == []
    told = await agent.tell(removal, deleted=[first])
    assert told["state"] == "cancelled"
    [transfer] = await agent.claim(serve=[CONFIGURED])
    assert transfer["siteName"] == STUDIO
    assert await agent.take() == []


async def test_what_somebody_says_is_there_and_an_agent_has_deleted_is_queued(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    await manager.post(published, STUDIO, 4)
    await agent.tell(removal, deleted=[published.files[0]["id"]])
    assert await pipeline.statuses(published, STUDIO) == [1, 4]


async def test_a_copy_under_removal_is_no_copy(
    manager: Operator, agent: Remover, pipeline: Pipeline
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    result = await remove(manager, published, site=CONFIGURED)
    assert [problem["errorCode"] for problem in result["problems"]] == ["last_copy"]
    # Nor does anybody copy from it.
    await manager.post(published, SITE, 1)
    machine = Agent(manager.client, manager.base)
    assert await machine.claim(serve=[STUDIO]) == []


async def test_a_failed_removal_is_shown_and_tried_again(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    failed = [
        {"id": file["id"], "errorClass": "retryable", "message": "access is denied"}
        for file in published.files
    ]
    told = await agent.tell(removal, deleted=[], failed=failed)
    assert told["state"] == "failed"
    answer = await manager.client.post(
        f"{manager.base}/demo/representations/query", json={}
    )
    [row] = answer.json()["representations"]
    cell = row["sites"][STUDIO]
    reason = "access is denied (and 1 more file)"
    assert (cell["isRemoving"], cell["message"]) == (True, reason)
    assert not row["sites"][CONFIGURED]["isRemoving"]
    path = f"{manager.base}/demo/representations/{published.id}/explain"
    explained = (await manager.client.get(f"{path}?siteName={STUDIO}")).json()
    assert explained["isRemoving"]
    assert [each["code"] for each in explained["reasons"]] == ["removal_failed"]
    assert reason in explained["reasons"][0]["text"]

    body = await agent.answer(maxTransfers=0, maxRemovals=5)
    assert (body["removals"], body["pending"]) == ([], 1)
    assert 12 <= body["nextDueInSeconds"] <= 18
    await clock.advance(20)
    [again] = await agent.take()
    assert (await agent.tell(again))["state"] == "finished"


async def test_history_tells_who_wanted_a_removal_and_what_became_of_it(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    first, second = (file["id"] for file in published.files)
    failure = {"id": second, "errorClass": "retryable", "message": "access is denied"}
    await agent.tell(removal, deleted=[first], failed=[failure])
    await clock.advance(20)
    [again] = await agent.take()
    await agent.tell(again)
    await clock.advance(1)
    # One that is taken back in the middle.
    await remove(manager, published, site=CONFIGURED, force=True)
    [taken_back] = await agent.take(serve=[CONFIGURED])
    await manager.post(published, CONFIGURED, 2)
    await agent.tell(taken_back, deleted=[first])

    path = f"{manager.base}/demo/representations/{published.id}/history"
    attempts = (await manager.client.get(path)).json()["attempts"]
    told = [(each["siteName"], each["outcome"]) for each in attempts]
    assert told == [
        (CONFIGURED, "removal_cancelled"),
        (STUDIO, "removed"),
        (STUDIO, "removal_failed"),
    ]
    done, failed = attempts[1:]
    assert (done["userName"], done["agentId"]) == ("manager", agent.id)
    assert (done["filesTotal"], done["filesFailed"], done["sourceSite"]) == (2, 0, "")
    assert done["finishedAt"] == failed["finishedAt"] + 20
    assert (failed["filesFailed"], failed["errors"][0]["fileId"]) == (1, second)


async def test_a_removal_that_cannot_succeed_waits_until_somebody_asks_again(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    failed = [
        {"id": file["id"], "errorClass": "permanent", "message": "leaves its root"}
        for file in published.files
    ]
    await agent.tell(removal, deleted=[], failed=failed)
    await clock.advance(100_000)
    body = await agent.answer(maxTransfers=0, maxRemovals=5)
    assert (body["removals"], body["pending"]) == ([], 0)
    assert body["nextDueInSeconds"] is None
    assert (await remove(manager, published))["changed"] == 1
    assert len(await agent.take()) == 1


async def test_files_that_another_representation_needs_there_stay(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    shared, unspoken = frames("shared", 1), frames("unspoken", 1)
    own = frames("own", 1)
    published = await published_on(manager, pipeline, files=own + shared + unspoken)
    sibling = await published_on(manager, pipeline, files=frames("x", 1) + shared)
    # Nobody has said yet where the files of this one are.
    await pipeline.publish(files=unspoken)
    # Another folder's paths are others.
    await published_on(manager, pipeline, folder=OTHER_FOLDER)
    await remove(manager, published)
    [removal] = await agent.take()
    assert paths(removal) == [own[0]["path"]]
    assert (await agent.tell(removal))["state"] == "finished"
    await remove(manager, sibling)
    [removal] = await agent.take()
    assert shared[0]["path"] in paths(removal)


async def test_files_stay_that_are_needed_after_their_folder_was_renamed(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    shared = frames("shared", 1)
    published = await published_on(manager, pipeline, files=frames("own", 1) + shared)
    await published_on(manager, pipeline, files=shared)
    await remove(manager, published)
    await Postgres.execute(
        "UPDATE project_demo.folders SET name = 'renamed' WHERE id = $1",
        published.folder_id,
    )
    await Postgres.execute("REFRESH MATERIALIZED VIEW project_demo.hierarchy")
    [removal] = await agent.take()
    assert paths(removal) == ["{root[work]}/demo/own.0001.exr"]


async def test_a_removal_of_files_that_all_stay_ends_without_an_agent(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    files = frames("shared")
    published = await published_on(manager, pipeline, files=files)
    await published_on(manager, pipeline, files=files)
    await remove(manager, published)
    assert await agent.take() == []
    assert await pipeline.row(published, STUDIO) is None


async def test_all_names_of_a_store_are_removed_together(
    manager: Operator,
    agent: Remover,
    pipeline: Pipeline,
    clock: Clock,
    set_settings: SetSettings,
) -> None:
    await set_settings(sites=SITES_WITH_NAS)
    shared = frames("shared", 1)
    published = await published_on(
        manager, pipeline, "nas", CONFIGURED, files=frames("own", 1) + shared
    )
    assert await pipeline.statuses(published, STUDIO) == [4, 4]
    other = await pipeline.publish(files=shared)
    await pipeline.write_row(other, "nas", {"files": {shared[0]["id"]: {"status": 4}}})
    result = await remove(manager, published, site="nas")
    assert (result["changed"], result["undo"]["siteNames"]) == (2, ["nas"])
    [removal] = await agent.take()
    # Given under the agent's own name of it; what is needed under another one stays.
    assert removal["siteName"] == STUDIO
    assert paths(removal) == ["{root[work]}/demo/own.0001.exr"]
    assert (await agent.tell(removal))["state"] == "finished"
    for site in (STUDIO, "nas"):
        assert await pipeline.row(published, site) is None


async def test_an_alias_that_is_wanted_again_takes_the_removal_back(
    manager: Operator,
    agent: Remover,
    pipeline: Pipeline,
    clock: Clock,
    set_settings: SetSettings,
) -> None:
    await set_settings(sites=SITES_WITH_NAS)
    published = await published_on(manager, pipeline)
    before = [dict(await pipeline.row(published, site)) for site in (STUDIO, "nas")]
    await remove(manager, published)
    await manager.order("queue", published, siteNames=["nas"])
    after = [dict(await pipeline.row(published, site)) for site in (STUDIO, "nas")]
    assert after == before
    assert await agent.take() == []


async def test_a_removal_outlives_its_agent(
    manager: Operator, agent: Remover, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    other = Remover(await host.client("service"), host.addon_path, STUDIO)
    assert (await other.answer(maxRemovals=1))["nextDueInSeconds"] == 60
    await clock.advance(61)
    [again] = await other.take()
    assert (await agent.tell(removal))["state"] == "lost"
    assert await pipeline.row(published, STUDIO) is not None
    # A run that starts anew gets at once what the run before it held.
    other.description["runId"] = "b" * 32
    await other.answer()
    other.description["runId"] = "c" * 32
    [once_more] = await other.take()
    assert once_more["lease"]["token"] != again["lease"]["token"]
    assert (await other.tell(once_more))["state"] == "finished"


async def test_a_removal_that_is_given_back_may_be_had_by_the_next(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    lease = {
        key: removal[key] for key in ("projectName", "representationId", "siteName")
    }
    body = {
        "agentId": agent.id,
        "leases": [{**lease, "leaseToken": removal["lease"]["token"]}],
    }
    assert (await agent.post("release", body)).json() == {"released": 1}
    assert len(await agent.take()) == 1


async def test_an_agent_that_only_reaches_a_site_lets_the_sites_own_go_first(
    manager: Operator, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published, site=CONFIGURED)
    own = Agent(await host.client("service"), host.addon_path, CONFIGURED)
    await own.answer(maxTransfers=0)
    machine = Remover(await host.client("artist", SITE), host.addon_path)
    assert await machine.take() == []
    assert await machine.take(serve=[CONFIGURED]) == []
    await clock.advance(11)
    assert await machine.take() == []
    [removal] = await machine.take(serve=[CONFIGURED])
    assert removal["siteName"] == CONFIGURED


async def test_where_no_agent_of_the_site_is_running_nobody_waits_for_one(
    manager: Operator, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    own = Agent(await host.client("service"), host.addon_path, CONFIGURED)
    await own.answer(maxTransfers=0)
    await clock.advance(61)
    published = await published_on(manager, pipeline)
    await remove(manager, published, site=CONFIGURED)
    machine = Remover(await host.client("artist", SITE), host.addon_path)
    [removal] = await machine.take(serve=[CONFIGURED])
    assert removal["siteName"] == CONFIGURED


async def test_an_agent_that_deletes_nothing_is_given_nothing(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    body = await agent.answer()
    assert (body["removals"], body["pending"]) == ([], 0)


async def test_rows_may_be_forgotten_without_their_files(
    manager: Operator, agent: Remover, pipeline: Pipeline
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    result = await remove(manager, published, keepFiles=True)
    assert (result["changed"], result["undo"]) == (1, None)
    assert await pipeline.row(published, STUDIO) is None
    assert await agent.take() == []
    answer = await manager.ask("queue", {"all": True}, keepFiles=True)
    assert (answer.status_code, answer.json()["field"]) == (400, "keepFiles")


async def test_files_that_somebody_reads_are_not_deleted_meanwhile(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await manager.post(published, SITE, 1)
    machine = Agent(manager.client, manager.base)
    [transfer] = await machine.claim(serve=[STUDIO])
    await remove(manager, published, site=transfer["sourceSite"])
    assert await agent.take() == []
    await clock.advance(61)
    assert len(await agent.take()) == 1


async def test_a_removal_waits_for_the_end_of_a_transfer_to_the_site(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline, CONFIGURED)
    await manager.post(published, STUDIO, 1)
    [transfer] = await agent.claim(serve=[CONFIGURED])
    await clock.advance(20)
    await remove(manager, published)
    assert (await agent.report(transfer, []))["state"] == "cancelled"
    assert await agent.take() == []
    await clock.advance(41)
    assert len(await agent.take()) == 1


async def test_what_is_being_published_again_settles_first(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    await clock.advance(5)
    await Postgres.execute(
        "UPDATE project_demo.representations SET updated_at = to_timestamp($1) "
        "WHERE id = $2",
        clock.now,
        published.id,
    )
    await clock.advance(100)
    assert await agent.take() == []
    await clock.advance(30)
    assert len(await agent.take()) == 1


async def test_a_path_that_a_newer_publish_has_is_not_deleted(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    newer = [{**file, "id": uuid.uuid4().hex} for file in published.files]
    await published_on(manager, pipeline, STUDIO, files=newer)
    assert await agent.take() == []
    assert await pipeline.row(published, STUDIO) is None


async def test_a_pause_stops_removals(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    body = {"scope": "site", "siteName": STUDIO, "paused": True}
    await manager.client.post(f"{manager.base}/-/pauses", json=body)
    told = await agent.tell(removal, deleted=[], finished=False)
    assert told["state"] == "paused"
    assert await agent.take() == []
    await manager.client.post(
        f"{manager.base}/-/pauses", json={**body, "paused": False}
    )
    assert len(await agent.take()) == 1


async def test_sites_tell_how_much_is_being_removed(
    manager: Operator, agent: Remover, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await published_on(manager, pipeline)
    await remove(manager, published)
    answer = await manager.client.get(f"{manager.base}/demo/sites")
    removing = {each["siteName"]: each["removing"] for each in answer.json()["sites"]}
    assert (removing[STUDIO], removing[CONFIGURED]) == (1, 0)


async def test_others_agents_have_nothing_to_tell_about_a_removal(
    manager: Operator, agent: Remover, host: Host, pipeline: Pipeline, clock: Clock
) -> None:
    published = await published_on(manager, pipeline)
    await remove(manager, published)
    [removal] = await agent.take()
    other = Remover(await host.client("artist", SITE), host.addon_path)
    await other.answer()
    assert (await other.tell(removal))["state"] == "lost"
    assert await pipeline.row(published, STUDIO) is not None
