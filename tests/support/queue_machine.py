"""The queue as a state machine: whatever happens in whatever order, three things hold.

A verified file is there, no transfer is held twice, and once faults end all that is
wanted arrives.
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
from server.domain.status import SiteStatus
from tests.integration.pipeline import PROJECT
from tests.support.devhost_app import run_host
from tests.support.queue_world import (
    FOX,
    NEARLINE,
    OWL,
    SITES,
    STUDIO,
    Agent,
    Publish,
    World,
    report_body,
)

ROOT = Path(__file__).parents[2]
TEMPLATE = "studio_template"
VERBS = ("retry", "reset", "verify", "pause", "resume", "cancel", "queue")
INDEX = st.integers(0, 7)


def search(
    postgres: PostgresServer,
    credentials: Credentials,
    loop: asyncio.AbstractEventLoop,
    examples: int,
    steps: int,
) -> None:
    """Run the machine, each example on a studio of its own. Called beside `loop`."""

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
        self.late: list[tuple[Agent, dict[str, Any]]] = []

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
                self._run(self.world.check_that_all_arrives())
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
        for site in wanted:
            if site != home:
                self._run(self.world.announce(publish, site, SiteStatus.QUEUED))
        self._run(self.world.announce(publish, home, SiteStatus.SYNCED))

    @rule(
        index=INDEX,
        changed=st.sets(st.integers(0, 2)),
        is_event_lost=st.booleans(),
        is_announced=st.booleans(),
    )
    def publish_again(
        self, index: int, changed: set[int], is_event_lost: bool, is_announced: bool
    ) -> None:
        publish = self._pick(index)
        if publish is None:
            return
        self._run(self.world.publish_again(publish, changed, is_event_lost))
        if is_announced:
            self._run(self.world.announce(publish, publish.home, SiteStatus.SYNCED))
        self._check()

    @rule(index=INDEX)
    def announce(self, index: int) -> None:
        publish = self._pick(index)
        if publish is not None:
            self._run(self.world.announce(publish, publish.home, SiteStatus.SYNCED))
            self._check()

    @rule(index=INDEX, site=st.sampled_from(SITES))
    def claim_wrongly_that_it_is_there(self, index: int, site: str) -> None:
        """Somebody's mistake; only where an older content cannot be taken for it."""
        publish = self._pick(index)
        if publish is not None and self.world.has_none(site, publish):
            self._run(self.world.announce(publish, site, SiteStatus.SYNCED))
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
        self._run(self.world.agents[agent].claim(most))
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
        if not self._renew(worker, transfer):
            return
        moved = [
            self.world.move(transfer, file, is_careless=is_careless)
            for number, file in enumerate(transfer["files"])
            if number in files
        ]
        body = report_body(worker, transfer, moved, finished=finished)
        if fate in ("arrives", "twice"):
            self._run(worker.post("report", body))
        if fate in ("late", "twice"):
            self.late.append((worker, body))
        if finished and transfer in worker.held:
            worker.held.remove(transfer)
        self._check()

    def _renew(self, worker: Agent, transfer: dict[str, Any]) -> bool:
        """Ask whether the work is still wanted, as agents do every two seconds."""
        lease = report_body(worker, transfer, [])["transfers"][0]
        lease = {
            key: value
            for key, value in lease.items()
            if key not in ("files", "finished")
        }
        body = {"agentId": worker.id, "leases": [lease]}
        answer = self._run(worker.post("renew", body))
        is_held: bool = answer["leases"][0]["state"] == "held"
        if not is_held:
            worker.held.remove(transfer)
        return is_held

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
        failed = [
            {
                "id": transfer["files"][0]["id"],
                "status": 2,
                "errorClass": error_class,
                "message": "as the test wants it",
            }
        ]
        self._run(worker.post("report", report_body(worker, transfer, failed)))
        self._check()

    @rule(index=INDEX)
    @precondition(lambda self: self.late)
    def late_report_arrives(self, index: int) -> None:
        worker, body = self.late.pop(index % len(self.late))
        self._run(worker.post("report", body))
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

    @rule(
        verb=st.sampled_from(VERBS),
        sites=st.lists(st.sampled_from(SITES), min_size=1, max_size=2, unique=True),
        index=st.none() | INDEX,
    )
    def order(self, verb: str, sites: list[str], index: int | None) -> None:
        publish = None if index is None else self._pick(index)
        selection = (
            {"all": True} if publish is None else {"representationIds": [publish.id]}
        )
        self._run(
            self.world.call(
                f"{PROJECT}/verbs/{verb}",
                {"siteNames": sites, "selection": selection},
            )
        )
        self._check()

    @rule(site=st.sampled_from([STUDIO, NEARLINE, FOX, OWL]), paused=st.booleans())
    def pause_site(self, site: str, paused: bool) -> None:
        body = {"scope": "site", "siteName": site, "paused": paused}
        self._run(self.world.call("-/pauses", body))

    # --- ------------------------------------------------------------------------

    def _pick(self, index: int) -> Publish | None:
        alive = [one for one in self.world.publishes if not one.is_deleted]
        return alive[index % len(alive)] if alive else None

    def _check(self) -> None:
        self._run(self.world.check())
