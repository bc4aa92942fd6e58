"""The queue as a state machine: whatever happens in whatever order, four things hold.

A verified file is there and was shown to be, no transfer is held twice, nothing is
given that settings or pauses forbid, and once faults end all that is wanted arrives.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from devhost.accounts import Credentials
from devhost.postgres import PostgresServer, create_database, drop_database
from tests.integration.pipeline import PROJECT
from tests.support.devhost_app import run_host
from tests.support.queue_agents import Agent, LateWord, report_body
from tests.support.queue_checks import check, check_that_all_arrives, hear_late
from tests.support.queue_stores import (
    FOX,
    MIRROR,
    NEARLINE,
    OWL,
    SITES,
    STUDIO,
    Publish,
    failed,
)
from tests.support.queue_world import Rules, World

ROOT = Path(__file__).parents[2]
TEMPLATE = "studio_template"
VERBS = ("retry", "reset", "verify", "pause", "resume", "cancel", "queue")
INDEX = st.integers(0, 7)
CHOSEN_SITES = st.lists(st.sampled_from(SITES), min_size=1, max_size=2, unique=True)


def search(
    postgres: PostgresServer,
    credentials: Credentials,
    loop: asyncio.AbstractEventLoop,
    examples: int,
    steps: int,
    *,
    is_random: bool = False,
) -> None:
    """Run the machine, each example on a studio of its own. Called beside `loop`.

    The same search each time, so that a change is what makes it fail and no chance;
    other ones where `is_random`.
    """

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    class Machine(QueueMachine):
        def __init__(self) -> None:
            super().__init__(postgres, credentials, run)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=not is_random,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class QueueMachine(RuleBasedStateMachine):
    """What publishers, agents, operators and faults do, in any order."""

    def __init__(
        self,
        postgres: PostgresServer,
        credentials: Credentials,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
    ) -> None:
        super().__init__()
        self._run = run
        self._stack = AsyncExitStack()
        self.world: World = run(self._open(postgres, credentials))
        # Reports on their way: they arrive late, twice, or never.
        self.late: list[tuple[Agent, dict[str, Any], dict[str, Any]]] = []
        self.late_words: list[LateWord] = []
        # One name of a store is not to be emptied where the settings once said that
        # it is another store: they would be to blame for what is lost.
        self.is_store_emptied = self.are_names_split = False

    async def _open(self, postgres: PostgresServer, credentials: Credentials) -> World:
        name = f"machine_{id(self):x}"
        await create_database(postgres.dsn(), name, TEMPLATE)
        self._stack.push_async_callback(drop_database, postgres.dsn(), name)
        host = await self._stack.enter_async_context(
            run_host(postgres.dsn(name), credentials, [ROOT])
        )
        return await World.open(host)

    def teardown(self) -> None:
        try:
            if self.world.publishes:
                self._run(check_that_all_arrives(self.world))
        finally:
            self._run(self._stack.aclose())

    # --- publishing -------------------------------------------------------------

    @initialize(count=st.integers(1, 3))
    def start(self, count: int) -> None:
        self._publish(STUDIO, count, [FOX, NEARLINE])

    @rule(
        home=st.sampled_from([STUDIO, FOX]),
        count=st.integers(1, 3),
        wanted=st.lists(st.sampled_from(SITES), max_size=3, unique=True),
    )
    @precondition(lambda self: len(self.world.publishes) < 5)
    def publish(self, home: str, count: int, wanted: list[str]) -> None:
        self._publish(home, count, wanted)

    def _publish(self, home: str, count: int, wanted: list[str]) -> None:
        publish = self._run(self.world.publish(home, count))
        for site in self._known(wanted):
            if site != home:
                self._run(self.world.want(publish, site))
        self._run(self.world.tell_home(publish))

    @rule(
        index=INDEX,
        changed=st.sets(st.integers(0, 2)),
        is_event_lost=st.booleans(),
        is_told=st.booleans(),
    )
    def publish_again(
        self, index: int, changed: set[int], is_event_lost: bool, is_told: bool
    ) -> None:
        publish = self._pick(index)
        if publish is None:
            return
        self._run(
            self.world.publish_again(publish, changed, is_event_lost=is_event_lost)
        )
        if is_told:
            self._run(self.world.tell_home(publish))
        self._check()

    @rule(hero=INDEX, version=INDEX, is_event_lost=st.booleans())
    def publish_hero(self, hero: int, version: int, is_event_lost: bool) -> None:
        over, source = self._pick(hero), self._pick(version)
        if over is None or source is None or over is source:
            return
        self._run(self.world.publish_hero(over, source, is_event_lost=is_event_lost))
        self._check()

    @rule(index=INDEX)
    def tell_home(self, index: int) -> None:
        publish = self._pick(index)
        if publish is not None:
            self._run(self.world.tell_home(publish))
            self._check()

    @rule(index=INDEX, site=st.sampled_from(SITES))
    def claim_wrongly_that_it_is_there(self, index: int, site: str) -> None:
        """Somebody's mistake; only where an older content cannot be taken for it."""
        publish = self._pick(index)
        if publish is None or not self._known([site]):
            return
        if self.world.stores.has_none(site, publish):
            self._run(self.world.claim_wrongly(publish, site))
            self._check()

    @rule(index=INDEX)
    @precondition(lambda self: len(self.world.publishes) > 1)
    def delete(self, index: int) -> None:
        publish = self._pick(index)
        if publish is not None:
            self._run(self.world.delete(publish))
            self._check()

    # --- agents -----------------------------------------------------------------

    @rule(agent=st.integers(0, 3), most=st.integers(1, 4))
    def claim(self, agent: int, most: int) -> None:
        self._run(self.world.claim(self.world.agents[agent], most))
        self._check()

    @rule(
        agent=st.integers(0, 3),
        index=INDEX,
        files=st.sets(st.integers(0, 2), min_size=1),
        finished=st.booleans(),
        fate=st.sampled_from(["arrives", "arrives", "late", "twice", "lost"]),
        is_careless=st.booleans(),
    )
    def work(
        self,
        agent: int,
        index: int,
        files: set[int],
        finished: bool,
        fate: str,
        is_careless: bool,
    ) -> None:
        """An agent moves some files of a transfer and reports them."""
        worker = self.world.agents[agent]
        if not worker.held:
            return
        transfer = worker.held[index % len(worker.held)]
        if not self._run(worker.keeps(transfer)):
            return
        moved = [
            self.world.stores.move(transfer, file, is_careless=is_careless)
            for number, file in enumerate(transfer["files"])
            if number in files
        ]
        body = report_body(worker, transfer, moved, finished=finished)
        if fate in ("arrives", "twice"):
            self._run(self.world.report(worker, transfer, body))
        if fate in ("late", "twice"):
            self.late.append((worker, transfer, body))
        if finished and transfer in worker.held:
            worker.held.remove(transfer)
        self._check()

    @rule(
        agent=st.integers(0, 3),
        index=INDEX,
        error_class=st.sampled_from(["retryable", "permanent", "quota", "corrupt"]),
    )
    def fail(self, agent: int, index: int, error_class: str) -> None:
        worker = self.world.agents[agent]
        if not worker.held:
            return
        transfer = worker.held.pop(index % len(worker.held))
        files = [failed(transfer["files"][0], error_class)]
        body = report_body(worker, transfer, files)
        self._run(self.world.report(worker, transfer, body))
        self._check()

    @rule(
        agent=st.integers(0, 3),
        index=INDEX,
        fate=st.sampled_from(["done", "done", "partly", "fails", "lost"]),
        word=st.sampled_from(["arrives", "arrives", "late", "twice"]),
    )
    def delete_files(self, agent: int, index: int, fate: str, word: str) -> None:
        """An agent asks whether a removal still holds, deletes, and tells it."""
        worker = self.world.agents[agent]
        if not worker.removals:
            return
        removal = worker.removals[index % len(worker.removals)]
        state = self._run(worker.tell_removal(removal, finished=False))
        if state != "held" or fate != "partly":
            worker.removals.remove(removal)
        problems = []
        if state == "held" and fate == "fails":
            [*_, file] = removal["files"]
            problems = [{"id": file["id"], "message": "as the test wants it"}]
        elif state == "held":
            for file in removal["files"][: 1 if fate == "partly" else None]:
                self.world.delete_file(worker, removal, file)
        if fate != "lost":
            is_over = state != "held" or fate != "partly"
            told = LateWord(worker, removal, is_over, problems)
            if word in ("arrives", "twice"):
                self._run(told.arrive())
            if word in ("late", "twice"):
                self.late_words.append(told)
        self._check()

    @rule(index=INDEX)
    @precondition(lambda self: self.late)
    def late_report_arrives(self, index: int) -> None:
        self._run(self.world.report(*self.late.pop(index % len(self.late))))
        self._check()

    @rule(index=INDEX)
    @precondition(lambda self: self.late_words)
    def late_word_of_a_removal_arrives(self, index: int) -> None:
        late = self.late_words.pop(index % len(self.late_words))
        self._run(hear_late(self.world, late))
        self._check()

    @rule(agent=st.integers(0, 3))
    def crash(self, agent: int) -> None:
        self.world.agents[agent].restart()

    @rule(seconds=st.sampled_from([1.0, 20.0, 61.0, 1000.0]))
    def time_goes_by(self, seconds: float) -> None:
        self._run(self.world.clock.advance(seconds))

    @rule()
    def server_hears_of_changes(self) -> None:
        self._run(self.world.hear())
        self._check()

    @rule()
    def server_looks_around(self) -> None:
        self._run(self.world.look())
        self._check()

    # --- operators --------------------------------------------------------------

    @rule(verb=st.sampled_from(VERBS), sites=CHOSEN_SITES, index=st.none() | INDEX)
    def order(self, verb: str, sites: list[str], index: int | None) -> None:
        if known := self._known(sites):
            self._run(self.world.order(verb, known, self._choose(index)))
            self._check()

    @rule(
        priority=st.sampled_from([1, 50, 90]),
        sites=CHOSEN_SITES,
        index=st.none() | INDEX,
    )
    def prioritize(self, priority: int, sites: list[str], index: int | None) -> None:
        if known := self._known(sites):
            chosen = self._choose(index)
            self._run(self.world.prioritize(priority, known, chosen))
            self._check()

    @rule(site=st.sampled_from(SITES), index=INDEX, keeps_files=st.booleans())
    def remove(self, site: str, index: int, keeps_files: bool) -> None:
        publish = self._pick(index)
        is_split_store = self.are_names_split and site in (STUDIO, MIRROR)
        if publish is None or is_split_store or not self._known([site]):
            return
        self.is_store_emptied |= site in (STUDIO, MIRROR)
        self._run(self.world.order("remove", [site], [publish], keepFiles=keeps_files))
        self._check()

    @rule(
        retry_count=st.sampled_from([0, 2, 4]),
        is_enabled=st.booleans(),
        has_nearline=st.booleans(),
        is_mirror_alias=st.booleans(),
    )
    def change_settings(
        self,
        retry_count: int,
        is_enabled: bool,
        has_nearline: bool,
        is_mirror_alias: bool,
    ) -> None:
        is_alias = is_mirror_alias or self.is_store_emptied
        self.are_names_split |= not is_alias
        rules = Rules(retry_count, is_enabled, has_nearline, is_alias)
        self._run(self.world.change_rules(rules))
        self._check()

    @rule(
        scope=st.sampled_from(["all", "project", STUDIO, NEARLINE, FOX, OWL]),
        paused=st.booleans(),
    )
    def pause(self, scope: str, paused: bool) -> None:
        scopes = {
            "all": {"scope": "all"},
            "project": {"scope": "project", "projectName": PROJECT},
        }
        site = {"scope": "site", "siteName": scope}
        self._run(self.world.pause(scopes.get(scope, site), paused=paused))

    # --- ------------------------------------------------------------------------

    def _pick(self, index: int) -> Publish | None:
        alive = self.world.alive()
        return alive[index % len(alive)] if alive else None

    def _choose(self, index: int | None) -> list[Publish]:
        """Return the publish of a number, without one all that there are."""
        publish = None if index is None else self._pick(index)
        return self.world.alive() if publish is None else [publish]

    def _known(self, sites: list[str]) -> list[str]:
        return [site for site in sites if self.world.rules.knows(site)]

    def _check(self) -> None:
        self._run(check(self.world))
