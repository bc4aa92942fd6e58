"""What must hold of the server whatever happens, and in the end of all work."""

from typing import Any

from ayon_server.lib.postgres import Postgres

from server.domain.files import (
    Entries,
    Entry,
    entry_retries,
    entry_status,
    is_verified,
    parse_entries,
)
from server.domain.rollup import compute_rollup
from server.domain.status import SiteStatus
from tests.support.queue_agents import Agent, LateWord, report_body
from tests.support.queue_ledger import Pair
from tests.support.queue_stores import SITES, Publish
from tests.support.queue_world import SCHEMA, Rules, World


async def check(world: World) -> None:
    """Hold every row against the stores, the ledger and its own counts."""
    publishes = {publish.id: publish for publish in world.publishes}
    rows = await world.rows()
    for row in rows:
        entries = parse_entries(row["data"])
        publish = publishes[row["representation_id"]]
        if not publish.is_deleted:
            _check_proofs(world, publish, row["site_name"], entries)
            _check_counts(world, row)
        for entry in entries.values():
            assert entry_retries(entry) <= world.ledger.attempts, row
    _check_arrivals(world, rows)
    await _check_leases(world)


def _check_proofs(world: World, publish: Publish, site: str, entries: Entries) -> None:
    """What is verified is on the store, and an accepted report has shown it."""
    for file in publish.files:
        entry = entries.get(file["id"])
        if entry is None or not is_verified(entry):
            continue
        path, content = file["path"], publish.contents[file["path"]]
        assert world.stores.of(site).get(path) == content, (
            f"{site} is said to have {path}, verified: {entry}"
        )
        proof = publish.id, site, path, content.checksum
        assert proof in world.ledger.proofs, (
            f"nobody has shown that {site} has {path}: {entry}"
        )


def _check_counts(world: World, row: Any) -> None:
    if row["files_total"] is None:
        return  # "compute now"
    counted = compute_rollup(row["data"], row["files"], world.clock.now, row["changed"])
    for name in ("files_total", "files_due", "files_failed", "files_synced"):
        assert row[name] == getattr(counted, name), (name, row)
    assert row["files_verified"] == counted.files_verified, row
    assert row["bytes_done"] == counted.bytes_done, row


def _check_arrivals(world: World, rows: list[Any]) -> None:
    """What came to a site is there under its other names too."""
    arrived, world.ledger.arrived = world.ledger.arrived, set()
    entries = _by_pair(rows)
    for representation_id, site, file_id in arrived:
        entry = entries.get((representation_id, site), {}).get(file_id)
        assert _is_synced(entry), f"{file_id} came to {site}: {entry}"


async def _check_leases(world: World) -> None:
    """A live lease is held by one agent at most, the one that the server knows."""
    rows = await Postgres.fetch(
        f"SELECT token, agent_id FROM {SCHEMA}.sitesync_leases "
        "WHERE expires_at > to_timestamp($1::float8)",
        world.clock.now,
    )
    owners = {row["token"]: row["agent_id"] for row in rows}
    held = [(agent, transfer) for agent in world.agents for transfer in agent.held]
    for agent, transfer in held:
        owner = owners.get(transfer["lease"]["token"])
        assert owner in (None, agent.id), (owner, transfer)
    keys = [
        (transfer["representationId"], transfer["siteName"])
        for _, transfer in held
        if transfer["lease"]["token"] in owners
    ]
    assert len(keys) == len(set(keys)), f"held twice: {keys}"


async def hear_late(world: World, late: LateWord) -> None:
    """A word of a removal arrives, which changes nothing where that is over.

    It is over when the server has said so, or has given the removal anew.
    """
    lease = late.removal["lease"]["token"]
    pair = late.removal["representationId"], late.removal["siteName"]
    is_over = lease in late.agent.ended or world.removals[pair] != lease
    before = await _read_all_of(pair)
    state = await late.arrive()
    if is_over:
        assert state == "lost", f"{late} is over and counts as {state}"
        assert await _read_all_of(pair) == before, f"{late} is over and was heard"


async def _read_all_of(pair: Pair) -> list[Any]:
    """The row and the removal of a representation on a site."""
    return [
        row
        for table in ("sitesync_files_status", "sitesync_removals")
        for row in await Postgres.fetch(
            f"SELECT * FROM {SCHEMA}.{table}"
            " WHERE representation_id = $1 AND site_name = $2",
            *pair,
        )
    ]


async def check_that_all_arrives(world: World) -> None:
    """Without faults everything that can be brought is brought, and then it ends.

    :raises AssertionError: work goes on for ever, or something was forgotten.
    """
    await _end_faults(world)
    everything = world.alive()
    for _ in range(2):
        await world.order("retry", list(SITES), everything)
        await _work_until_idle(world)
    await check(world)
    await _check_that_nothing_is_forgotten(world)


async def _end_faults(world: World) -> None:
    """Take back pauses and settings, restart agents; publishers tell what is new."""
    await world.change_rules(Rules())
    for scope in list(world.pauses):
        await world.pause(scope, paused=False)
    await world.order("resume", list(SITES), world.alive())
    for agent in world.agents:
        agent.restart()
    for publish in world.alive():
        if not publish.is_told:
            await world.tell_home(publish)
    await world.hear()
    for _ in range(2):
        # What no event told is found by the walk over all, a step of it each minute.
        await world.clock.advance(61.0)
        await world.look()


async def _work_until_idle(world: World) -> None:
    idle = 0
    for _ in range(60):
        # A lease's time: what waits longer than that for its turn was forgotten.
        await world.clock.advance(61.0)
        given = 0
        for agent in world.agents:
            given += await world.claim(agent, 100)
            await work_off(world, agent)
        idle = 0 if given else idle + 1
        if idle == 2:
            return
    raise AssertionError("agents never run out of work")


async def work_off(world: World, agent: Agent) -> None:
    """Do all that an agent holds."""
    for transfer in agent.held:
        files = [world.stores.move(transfer, file) for file in transfer["files"]]
        await world.report(agent, transfer, report_body(agent, transfer, files))
    agent.held.clear()
    for removal in agent.removals:
        if await agent.tell_removal(removal, finished=False) == "held":
            for file in removal["files"]:
                world.delete_file(agent, removal, file)
        await agent.tell_removal(removal, finished=True)
    agent.removals.clear()


async def _check_that_nothing_is_forgotten(world: World) -> None:
    """Whatever is wanted and can be brought is there, and all rows are counted."""
    rows = await world.rows()
    uncounted = [row for row in rows if row["files_total"] is None]
    assert not uncounted, f"nobody has counted {uncounted}"
    entries = _by_pair(rows)
    for publish in world.alive():
        for site in world.ledger.reachable(publish, world.stores):
            _check_that_it_is_there(
                world, publish, site, entries.get((publish.id, site), {})
            )
    marks = await Postgres.fetch(f"SELECT * FROM {SCHEMA}.sitesync_removals")
    assert not marks, f"nobody has removed {marks}"


def _check_that_it_is_there(
    world: World, publish: Publish, site: str, entries: Entries
) -> None:
    store = world.stores.of(site)
    for file in publish.files:
        path, entry = file["path"], entries.get(file["id"])
        assert _is_synced(entry), f"{site} wants {path} and has {entry}"
        content = publish.contents[path]
        assert store.get(path) == content or world.ledger.is_mistaken(
            site, path, content
        ), f"{site} has {store.get(path)} at {path}, not {content}"


def _by_pair(rows: list[Any]) -> dict[Pair, Entries]:
    return {
        (row["representation_id"], row["site_name"]): parse_entries(row["data"])
        for row in rows
    }


def _is_synced(entry: Entry | None) -> bool:
    return entry is not None and entry_status(entry) == SiteStatus.SYNCED
