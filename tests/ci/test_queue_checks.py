"""What the checks of the queue's state machine see: each fault of a server once."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from server.domain.files import requeue
from server.domain.status import SiteStatus
from server.domain.verbs import Verb, retry_entries
from tests.support.devhost_app import Host
from tests.support.queue_agents import LateWord, report_body
from tests.support.queue_checks import (
    check,
    check_that_all_arrives,
    hear_late,
    work_off,
)
from tests.support.queue_stores import FOX, NEARLINE, STUDIO, Publish, failed
from tests.support.queue_world import SCHEMA, Rules, World

Entries = dict[str, dict[str, Any]]


class Sabotage:
    """Breaks the server's code, wherever it is loaded, until the test is over.

    A check that has never failed proves nothing.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def replace(self, place: str, name: str, make: Callable[[Any], Any]) -> None:
        """`make` gets what is there, a function of a module or of a class in it."""
        module_name, _, class_name = place.partition(":")
        found = [
            module
            for each, module in list(sys.modules.items())
            if each == module_name or each.endswith(f".{module_name}")
        ]
        for module in found:
            target = getattr(module, class_name) if class_name else module
            self._monkeypatch.setattr(target, name, make(getattr(target, name)))

    def replace_verb(self, verb: Verb, change: Callable[..., Any]) -> None:
        for each, module in list(sys.modules.items()):
            if each.endswith("server.domain.verbs"):
                self._monkeypatch.setitem(module.CHANGES, verb, change)


@pytest.fixture
async def world(host: Host) -> World:
    return await World.open(host)


@pytest.fixture
def sabotage(host: Host, monkeypatch: pytest.MonkeyPatch) -> Sabotage:
    return Sabotage(monkeypatch)


async def published(world: World, home: str, *wanted: str, count: int = 1) -> Publish:
    publish = await world.publish(home, count)
    for site in wanted:
        await world.want(publish, site)
    await world.tell_home(publish)
    return publish


async def arrive(world: World) -> None:
    """Let the agent of the fox bring what it is given."""
    fox = world.agents[0]
    await world.claim(fox, 10)
    await work_off(world, fox)
    await check(world)


async def seen(work: Awaitable[None], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        await work


async def test_nothing_is_seen_where_nothing_is_wrong(world: World) -> None:
    publish = await published(world, STUDIO, FOX, NEARLINE, count=2)
    await arrive(world)
    await world.order("verify", [FOX], [publish])
    await world.publish_again(publish, {0}, is_event_lost=False)
    await check_that_all_arrives(world)


async def test_a_row_that_vanishes_is_seen(world: World) -> None:
    await published(world, STUDIO, FOX)
    await Postgres.execute(
        f"DELETE FROM {SCHEMA}.sitesync_files_status WHERE site_name = $1", FOX
    )
    await seen(check_that_all_arrives(world), f"{FOX} wants")


async def test_a_row_that_nobody_counted_is_seen(world: World) -> None:
    await published(world, STUDIO)
    table = f"{SCHEMA}.sitesync_files_status"
    await Postgres.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await Postgres.execute(f"UPDATE {table} SET files_total = NULL")
    await seen(check_that_all_arrives(world), "nobody has counted")


async def test_an_alias_that_is_not_told_by_a_report_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    await published(world, FOX, STUDIO)
    sabotage.replace("server.store.reports", "_propagate", lambda _: no_work)
    await seen(arrive(world), "came to mirror")


async def test_an_alias_that_is_not_told_by_a_post_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    sabotage.replace("server.store.site_state", "propagate", lambda _: no_rows)
    await published(world, STUDIO)
    await seen(check_that_all_arrives(world), "mirror wants")


async def test_a_verify_that_takes_what_is_there_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    sabotage.replace_verb(Verb.VERIFY, lambda entries, _: absent(entries))
    await world.order("verify", [FOX], [publish])
    await seen(check_that_all_arrives(world), f"{FOX} wants")


async def test_a_pause_that_forgets_is_seen(world: World, sabotage: Sabotage) -> None:
    publish = await published(world, STUDIO, FOX)
    sabotage.replace_verb(Verb.PAUSE, lambda entries, _: absent(entries))
    await world.order("pause", [FOX], [publish])
    await seen(check_that_all_arrives(world), f"{FOX} wants")


async def test_a_queue_that_leaves_out_what_is_not_there_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX, count=2)
    fox = world.agents[0]
    await world.claim(fox, 1)
    [transfer] = fox.held
    files = [world.stores.move(transfer, transfer["files"][0])]
    await world.report(fox, transfer, report_body(fox, transfer, files))
    await world.order("cancel", [FOX], [publish])
    sabotage.replace_verb(Verb.QUEUE, retry_entries)
    await world.order("queue", [FOX], [publish])
    await seen(check_that_all_arrives(world), f"{FOX} wants")


async def test_a_reset_that_forgets_the_last_copy_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, FOX)
    sabotage.replace_verb(Verb.RESET, queued)
    await world.order("reset", [FOX], [publish])
    await seen(check_that_all_arrives(world), f"{FOX} wants")


async def test_an_expired_lease_whose_files_are_forgotten_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    await published(world, STUDIO, FOX)
    await world.claim(world.agents[0], 1)
    await world.clock.advance(61.0)
    sabotage.replace(
        "server.store.transfer_queue",
        "return_running",
        lambda _: lambda entries, now: absent(entries),
    )
    await seen(check_that_all_arrives(world), f"{FOX} wants")


@pytest.mark.parametrize(
    ("status", "told"),
    [(SiteStatus.NOT_AVAILABLE, "wants"), (SiteStatus.SYNCED, "has")],
)
async def test_new_content_that_nobody_brings_is_seen(
    world: World, sabotage: Sabotage, status: SiteStatus, told: str
) -> None:
    """It is not wanted again, or counts as there already."""
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    sabotage.replace(
        "server.domain.reconciliation", "_wanted_status", lambda _: lambda _: status
    )
    await world.publish_again(publish, {0}, is_event_lost=False)
    await world.hear()
    await seen(check_that_all_arrives(world), f"{FOX} {told}")


async def test_a_source_that_is_blamed_for_anything_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    await published(world, STUDIO, FOX)
    sabotage.replace(
        "server.domain.file_reports:FileReport",
        "misses_source",
        lambda _: property(lambda report: report.status == SiteStatus.FAILED),
    )
    fox = world.agents[0]
    await world.claim(fox, 1)
    [transfer] = fox.held
    files = [failed(transfer["files"][0], "corrupt")]
    await world.report(fox, transfer, report_body(fox, transfer, files))
    await seen(check_that_all_arrives(world), "wants")


async def test_failures_without_end_are_seen(world: World, sabotage: Sabotage) -> None:
    await published(world, STUDIO, FOX)
    sabotage.replace(
        "server.store.reports",
        "apply_report",
        lambda right: (
            lambda entry, report, now, _, chance: right(entry, report, now, 99, chance)
        ),
    )

    async def fail() -> None:
        fox = world.agents[0]
        for _ in range(5):
            await world.claim(fox, 1)
            for transfer in fox.held:
                files = [failed(transfer["files"][0], "retryable")]
                await world.report(fox, transfer, report_body(fox, transfer, files))
            fox.held.clear()
            await world.clock.advance(1000.0)
            await check(world)

    await seen(fail(), "retries")


async def test_a_proof_that_outlasts_a_post_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    sabotage.replace("server.store.posts", "merge_post", lambda _: keep)
    await world.tell_home(publish)
    await seen(check(world), "nobody has shown that studio")


async def test_a_proof_of_another_name_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    await published(world, FOX, STUDIO)
    sabotage.replace("server.domain.copies", "claimed_copy", lambda _: keep)
    await seen(arrive(world), "nobody has shown that mirror")


async def test_a_proof_that_outlasts_a_verify_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    sabotage.replace_verb(Verb.VERIFY, keep)
    await world.order("verify", [FOX], [publish])
    await seen(check(world), f"nobody has shown that {FOX}")


async def test_a_proof_of_a_source_that_nobody_read_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    await world.tell_home(publish)
    await world.order("reset", [FOX], [publish])
    sabotage.replace(
        "server.store.reports",
        "_verify_source",
        lambda right: (
            lambda *values: right(
                *values[:-1],
                [file._replace(is_source_read=True) for file in values[-1]],
            )
        ),
    )
    await seen(arrive(world), "nobody has shown that studio")


async def test_a_removal_that_is_not_tried_again_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    await world.order("remove", [FOX], [publish])
    sabotage.replace("server.store.removal_reports", "next_try", lambda _: no_work)
    fox = world.agents[0]
    await world.claim(fox, 1)
    [removal] = fox.removals
    problem = {"id": removal["files"][0]["id"], "message": "busy"}
    await fox.tell_removal(removal, finished=True, failed=[problem])
    await seen(check_that_all_arrives(world), "nobody has removed")


async def test_a_removal_that_was_taken_back_and_goes_on_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    await world.order("remove", [FOX], [publish])
    fox = world.agents[0]
    await world.claim(fox, 1)
    sabotage.replace(
        "server.store.removal_reports", "is_empty", lambda _: lambda entries: True
    )
    await world.order("queue", [FOX], [publish])
    await work_off(world, fox)
    await seen(check_that_all_arrives(world), f"{FOX} wants")


async def removed(world: World, publish: Publish) -> LateWord:
    """Let the agent of the fox delete the files there; return what it tells."""
    fox = world.agents[0]
    await world.order("remove", [FOX], [publish])
    await world.claim(fox, 1)
    removal = fox.removals.pop()
    for file in removal["files"]:
        world.delete_file(fox, removal, file)
    return LateWord(fox, removal, is_finished=True, failed=[])


async def test_a_late_word_of_a_removal_before_that_counts_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)
    await arrive(world)
    late = await removed(world, publish)
    await late.arrive()
    await hear_late(world, late)
    await world.order("queue", [FOX], [publish])
    await arrive(world)
    await world.order("remove", [FOX], [publish])
    await world.claim(world.agents[0], 1)
    sabotage.replace(
        "server.store.removal_reports:RemovalReportStore", "report", take_any_lease
    )
    await seen(hear_late(world, late), "is over and counts as finished")


async def test_a_priority_that_is_not_written_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    publish = await published(world, STUDIO, FOX)

    async def nothing(*values: Any) -> set[Any]:
        return set()

    sabotage.replace("server.store.verbs:VerbStore", "_set_priority", lambda _: nothing)
    await seen(world.prioritize(90, [FOX], [publish]), "'priority': 50|priority=50")


@pytest.mark.parametrize(
    "scope",
    [
        {"scope": "all"},
        {"scope": "project", "projectName": "demo"},
        {"scope": "site", "siteName": STUDIO},
    ],
    ids=["all", "project", "site"],
)
async def test_a_pause_that_is_not_obeyed_is_seen(
    world: World, sabotage: Sabotage, scope: dict[str, Any]
) -> None:
    await published(world, STUDIO, FOX)
    await world.pause(scope, paused=True)
    sabotage.replace(
        "server.domain.pauses:Pauses", "cover", lambda _: lambda *values: False
    )
    await seen(arrive(world), "in spite of")


async def test_a_lost_site_that_is_still_served_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    await published(world, STUDIO, NEARLINE)
    service = world.agents[2]
    sabotage.replace("server.api.kept_rules:KeptRules", "get", keep_for_ever)
    await world.claim(service, 0)
    await world.change_rules(Rules(has_nearline=False))
    await seen(world.claim(service, 1), "lost site")


async def test_a_project_that_is_off_and_still_served_is_seen(
    world: World, sabotage: Sabotage
) -> None:
    await published(world, STUDIO, FOX)
    sabotage.replace("server.api.kept_rules:KeptRules", "get", keep_for_ever)
    await world.claim(world.agents[0], 0)
    await world.change_rules(Rules(is_enabled=False))
    await seen(arrive(world), "a project that is off")


def take_any_lease(right: Any) -> Any:
    """Whatever lease an agent names, the one that there is is meant."""

    async def report(self: Any, project: str, holder: Any, reports: list[Any]) -> Any:
        rows = await Postgres.fetch(f"SELECT token FROM {SCHEMA}.sitesync_removals")
        [token] = [row["token"] for row in rows]
        named = [replace(each, token=token) for each in reports]
        return await right(self, project, holder, named)

    return report


def keep_for_ever(load_rules: Any) -> Any:
    kept: dict[Any, Any] = {}

    async def get(self: Any, key: Any, load: Any) -> Any:
        if key not in kept:
            kept[key] = await load_rules(self, key, load)
        return kept[key]

    return get


def keep(entry: Any, *values: Any) -> Any:
    return entry


def no_work(*values: Any) -> None:
    return None


def no_rows(*values: Any) -> list[Any]:
    return []


def absent(entries: Entries) -> Entries:
    return {
        file_id: {**requeue(entry, 0), "status": -1}
        for file_id, entry in entries.items()
    }


def queued(entries: Entries, situation: Any) -> Entries:
    return {
        file_id: requeue(entry, situation.now) for file_id, entry in entries.items()
    }
