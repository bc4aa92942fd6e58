"""The queue: claiming transfers, keeping and giving back leases.

Due is a row whose `due_at` has come, that nobody holds, and that a reachable site has
SYNCED. A claim marks the due files IN_PROGRESS and makes a lease; when the lease ends,
files that are still IN_PROGRESS return to QUEUED.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from ..domain.files import parse_entries, return_running, start_files
from ..domain.rollup import count_entries
from ..domain.transfer import LEASE_SECONDS, Budget, Lease, Plan, plan_transfer
from ..host import Postgres
from ..sql import QueryFile, project_schema
from .checksums import Checksums, read_checksums
from .due_rows import MOST_PENDING, DueRows, Outlook, Seeker, View
from .leases import (
    AttemptCount,
    Holder,
    count_attempts,
    lease_columns,
    lock_rows_of,
    read_leases,
)
from .rows import ROWS_A_STATEMENT, Row, RowKey, current_time, write_rows
from .side_work import meanwhile
from .turns import in_turns

_SQL = QueryFile("transfers")

# More would make a query that takes longer to plan than to run.
PROJECTS_AT_ONCE = 50
# Expired leases that one claim gives back, at least, and at most.
FEW_EXPIRED, MOST_EXPIRED = 20, 200


@dataclass(frozen=True)
class Claimed:
    """What a claim gives, every row that it wrote, and what it saw before."""

    transfers: list[dict[str, Any]]
    changed: set[RowKey]
    view: View


class TransferQueue:
    """Lease verbs. Every method is one transaction in one project."""

    def __init__(self) -> None:
        self._due = DueRows()

    async def outlook(
        self, seeker: Seeker, view: View | None = None, most: int = MOST_PENDING
    ) -> Outlook:
        """Look at what remains on the agent's routes after a claim.

        :param view: what the claim saw, if it has looked at all.
        """
        if view is None:
            view = await self._due.look_around(seeker)
        return await self._due.outlook(view, seeker, most)

    async def projects_with_work(self, names: list[str]) -> list[str]:
        """Return which of some projects are worth a claim: most of them are quiet."""
        if len(names) == 1:
            return names  # the claim looks itself
        found: list[str] = []
        for start in range(0, len(names), PROJECTS_AT_ONCE):
            part = {
                project_schema(name): name
                for name in names[start : start + PROJECTS_AT_ONCE]
            }
            query = "\nUNION ALL\n".join(
                _SQL.get("has_work", name) for name in part.values()
            )
            found += [part[row["schema"]] for row in await Postgres.fetch(query)]
        return found

    async def claim(self, seeker: Seeker, budget: Budget) -> Claimed:
        """Give transfers within the budget, best first, and pay them from it."""
        project = seeker.project_name
        view = await self._due.look_around(seeker)
        if view.has_expired:
            most = min(max(budget.transfers, FEW_EXPIRED), MOST_EXPIRED)
            returned = await self._return_expired(project, most)
            view = await self._due.look_around(seeker)
        else:
            returned = set()
        if not view.legs:
            return Claimed([], returned, view)
        async with Postgres.transaction():
            found = await self._due.lock(view, seeker, budget.transfers)
            ids = [candidate.representation_id for candidate in found]
            async with meanwhile(read_checksums(project, ids)) as reading:
                plans = [
                    plan_transfer(candidate, budget, view.now)
                    async for candidate in in_turns(found)
                    if not budget.is_spent
                ]
            given = await self._give(seeker, plans, reading.result(), view.now)
        written = {plan.key for plan in plans if not plan.files}
        return Claimed(list(given.values()), returned | given.keys() | written, view)

    async def renew(
        self, project_name: str, holder: Holder, leases: list[Lease]
    ) -> tuple[set[str], float]:
        """Extend leases; return the tokens of those still held, and the new expiry."""
        async with Postgres.transaction():
            now = await current_time(project_name)
            rows = await Postgres.fetch(
                _SQL.get("renew_leases", project_name),
                *lease_columns(leases),
                holder.agent_id,
                holder.user_name,
                now,
                now + LEASE_SECONDS,
            )
        return {row["token"] for row in rows}, now + LEASE_SECONDS

    async def release(
        self, project_name: str, holder: Holder, leases: list[Lease]
    ) -> set[RowKey]:
        """End leases; their files return to the queue and no attempt is counted."""
        async with Postgres.transaction():
            now = await current_time(project_name)
            rows = await lock_rows_of(project_name, leases)
            held = await read_leases(project_name, holder, leases)
            await self._end(
                project_name,
                {key: lease["token"] for key, lease in held.items()},
                rows,
                "released",
                now,
            )
        return set(held)

    async def release_all(self, project_name: str, holder: Holder) -> set[RowKey]:
        """End all leases of an agent in a project; return the keys of the rows."""
        rows = await Postgres.fetch(
            _SQL.get("leases_of_agent", project_name),
            holder.agent_id,
            holder.user_name,
        )
        if not rows:
            return set()
        leases = [
            Lease(row["representation_id"], row["site_name"], row["token"])
            for row in rows
        ]
        return await self.release(project_name, holder, leases)

    async def _return_expired(self, project_name: str, most: int) -> set[RowKey]:
        async with Postgres.transaction():
            now = await current_time(project_name)
            rows, tokens = await self._lock_expired(project_name, most, now)
            await self._end(project_name, tokens, rows, "expired", now)
        return set(rows)

    async def _lock_expired(
        self, project_name: str, most: int, now: float
    ) -> tuple[dict[RowKey, Row], dict[RowKey, str]]:
        """Return the rows of expired leases, locked, and the leases' tokens."""
        keys = await Postgres.fetch(_SQL.get("expired_keys", project_name), now, most)
        records = await Postgres.fetch(
            _SQL.get("lock_expired", project_name),
            [key["representation_id"] for key in keys],
            [key["site_name"] for key in keys],
            now,
        )
        rows, tokens = {}, {}
        for record in records:
            row = Row(
                record["representation_id"],
                record["site_name"],
                record["status"],
                record["priority"],
                parse_entries(record["data"]),
            )
            rows[row.key] = row
            tokens[row.key] = record["token"]
        return rows, tokens

    async def _end(
        self,
        project_name: str,
        tokens: dict[RowKey, str],
        rows: dict[RowKey, Row],
        outcome: str,
        now: float,
    ) -> None:
        if not tokens:
            return
        await write_rows(
            project_name,
            [
                rows[key].with_entries(return_running(rows[key].entries, now))
                async for key in in_turns(tokens)
            ],
        )
        ended = [Lease(*key, token) for key, token in tokens.items()]
        await Postgres.execute(
            _SQL.get("end_leases", project_name), *lease_columns(ended)
        )
        await count_attempts(
            project_name,
            [AttemptCount(token, outcome=outcome) for token in tokens.values()],
            now,
        )

    async def _give(
        self, seeker: Seeker, plans: list[Plan], checksums: Checksums, now: float
    ) -> dict[RowKey, dict[str, Any]]:
        """Give leases of what is planned; return the transfers that got one, by row."""
        tokens = {plan.key: uuid.uuid4().hex for plan in plans if plan.files}
        given: dict[RowKey, dict[str, Any]] = {}
        ordered = sorted(plans, key=lambda plan: plan.key)
        for start in range(0, len(ordered), ROWS_A_STATEMENT):
            part = ordered[start : start + ROWS_A_STATEMENT]
            rows = [
                _started_row(plan, tokens.get(plan.key), now)
                async for plan in in_turns(part)
            ]
            async with meanwhile(_start(seeker, rows, now)) as starting:
                described = {
                    plan.key: _describe(seeker, plan, tokens[plan.key], now, checksums)
                    async for plan in in_turns(part)
                    if plan.files
                }
            taken = starting.result()
            given |= {
                key: transfer
                for key, transfer in described.items()
                if tokens[key] in taken
            }
        return {key: given[key] for key in tokens if key in given}


async def _start(seeker: Seeker, rows: list[dict[str, Any]], now: float) -> set[str]:
    """Write rows as begun; return the tokens of those that got a lease.

    One that has nothing due once it is in line is written, not given.
    """
    records = await Postgres.fetch(
        _SQL.get("start_transfers", seeker.project_name),
        *(rows, seeker.holder.agent_id, seeker.holder.user_name, seeker.variant),
        *(now, now + LEASE_SECONDS),
    )
    return {record["token"] for record in records}


def _started_row(plan: Plan, token: str | None, now: float) -> dict[str, Any]:
    """Return what `start_transfers` takes."""
    entries = start_files(plan.entries, [file.id for file in plan.files], now)
    counts = count_entries(entries)
    candidate = plan.candidate
    return {
        "representation_id": candidate.representation_id,
        "site_name": candidate.site_name,
        "token": token,
        "source_site": candidate.source_site,
        "files": len(plan.files),
        "status": int(counts.status),
        "data": {"files": entries},
        "files_total": counts.files_total,
        "files_due": counts.files_due,
        "files_failed": counts.files_failed,
        "files_synced": counts.files_synced,
        "files_verified": counts.files_verified,
        "bytes_total": candidate.bytes_total,
        "bytes_done": counts.bytes_done,
        "due_at": counts.due_at(now, now),
        "last_error": counts.last_error,
    }


def _describe(
    seeker: Seeker, plan: Plan, token: str, now: float, checksums: Checksums
) -> dict[str, Any]:
    """Return a transfer as it is answered; its files are encoded while there is time.

    That is while Postgres writes: what is left for later, the agent waits for.
    """
    candidate = plan.candidate
    known = checksums.get(candidate.representation_id, {})
    attempts = plan.attempts()
    files = [
        {
            "id": file_id,
            "path": path,
            "size": size,
            "hash": digest,
            "hashType": kind,
            "checksum": known.get((file_id, size)),
            "attempt": attempt,
        }
        for (file_id, path, size, digest, kind), attempt in zip(
            plan.files, attempts, strict=True
        )
    ]
    return {
        "projectName": seeker.project_name,
        "representationId": candidate.representation_id,
        "siteName": candidate.site_name,
        "sourceSite": candidate.source_site,
        "direction": seeker.route.direction(candidate.site_name),
        "lease": {"token": token, "expiresAt": now + LEASE_SECONDS},
        "priority": candidate.priority,
        "attempt": max(attempts),
        "variant": seeker.variant,
        **candidate.names,
        "files": orjson.Fragment(orjson.dumps(files)),
    }
