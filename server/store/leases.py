"""Leases and the history of attempts, for the queue and for reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ..domain.transfer import Lease
from ..host import Postgres
from ..sql import QueryFile
from .rows import Row, RowKey, lock_representations, lock_rows

_SQL = QueryFile("transfers")

RUNS_IN_VAIN = 20
"""After so many runs without a file an agent does not seem to see a source."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lease: a process, and the user that it runs as."""

    agent_id: str
    user_name: str


@dataclass(frozen=True)
class AttemptCount:
    """What is added to the history of an attempt; an outcome ends it."""

    token: str
    synced: int = 0
    failed: int = 0
    bytes_done: int = 0
    errors: tuple[dict[str, Any], ...] = ()
    outcome: str | None = None


async def count_attempts(
    project_name: str, counts: list[AttemptCount], now: float
) -> None:
    if not counts:
        return
    await Postgres.execute(
        _SQL.get("count_attempts", project_name),
        [count.token for count in counts],
        [count.synced for count in counts],
        [count.failed for count in counts],
        [count.bytes_done for count in counts],
        [{"list": count.errors} for count in counts],
        [count.outcome for count in counts],
        now,
    )


async def read_leases(
    project_name: str, holder: Holder, leases: list[Lease]
) -> dict[RowKey, Any]:
    """Return the leases of the holder among `leases` that are live now."""
    rows = await Postgres.fetch(
        _SQL.get("live_leases", project_name),
        *lease_columns(leases),
        holder.agent_id,
        holder.user_name,
    )
    return {(row["representation_id"], row["site_name"]): row for row in rows}


async def find_unseen(
    project_name: str, holder: Holder, site_names: Collection[str]
) -> frozenset[str]:
    """Return the sources that an agent does not seem to see at all.

    From those his latest runs brought nothing: he looks for files in a wrong place,
    and is not believed that more of them are missing.
    """
    if not site_names:
        return frozenset()
    rows = await Postgres.fetch(
        _SQL.get("unseen_sources", project_name),
        holder.agent_id,
        sorted(site_names),
        RUNS_IN_VAIN,
    )
    return frozenset(row["site_name"] for row in rows)


async def lock_rows_of(project_name: str, leases: list[Lease]) -> dict[RowKey, Row]:
    """Lock the rows of leases, and hold back other writers and deletions.

    :raises BeingDeletedError: one is being deleted; see `do_until_uncrossed`.
    """
    ids = {lease.representation_id for lease in leases}
    await lock_representations(project_name, ids)
    return await lock_rows(project_name, ids, {lease.site_name for lease in leases})


def lease_columns(leases: Iterable[Lease]) -> tuple[list[str], list[str], list[str]]:
    rows = list(leases)
    return (
        [lease.representation_id for lease in rows],
        [lease.site_name for lease in rows],
        [lease.token for lease in rows],
    )
