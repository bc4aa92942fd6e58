"""The queue: claiming transfers, keeping and giving back leases.

Due is a row whose `due_at` has come, that nobody holds, and that a reachable site has
SYNCED. A claim marks the due files IN_PROGRESS and makes a lease; when the lease ends,
files that are still IN_PROGRESS return to QUEUED.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from ..domain.files import (
    RepresentationFile,
    parse_entries,
    return_running,
    start_files,
)
from ..domain.transfer import (
    LEASE_SECONDS,
    Budget,
    Lease,
    Plan,
    attempt_of,
    plan_transfer,
)
from ..host import Postgres
from ..sql import QueryFile, project_schema
from .due_rows import MOST_PENDING, DueRows, Outlook, Seeker
from .leases import (
    AttemptCount,
    Holder,
    count_attempts,
    lease_columns,
    lock_rows_of,
    read_leases,
)
from .rows import Row, RowKey, current_time, write_rows
from .turns import in_turns

_SQL = QueryFile("transfers")

# More would make a query that takes longer to plan than to run.
PROJECTS_AT_ONCE = 50
# Expired leases that one claim gives back, at least, and at most.
FEW_EXPIRED, MOST_EXPIRED = 20, 200


@dataclass(frozen=True)
class Claimed:
    """What a claim gives, and every row that it wrote.

    `has_rows`: there are rows with work on the agent's routes, due or not.
    """

    transfers: list[dict[str, Any]]
    changed: set[RowKey]
    has_rows: bool


class TransferQueue:
    """Lease verbs. Every method is one transaction in one project."""

    def __init__(self) -> None:
        self._due = DueRows()

    async def outlook(self, seeker: Seeker, most: int = MOST_PENDING) -> Outlook:
        """Look at what remains on the agent's routes after a claim."""
        return await self._due.outlook(seeker, most)

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
            return Claimed([], returned, has_rows=False)
        async with Postgres.transaction():
            now = view.now
            found = await self._due.lock(view, seeker, budget.transfers)
            plans = [
                plan_transfer(candidate, budget, now)
                async for candidate in in_turns(found)
                if not budget.is_spent
            ]
            leases = await self._take_leases(seeker, plans, now)
            taken = [plan for plan in plans if _key(plan) in leases]
            # A row that has nothing due once it is in line is written, not given.
            idle = [plan for plan in plans if not plan.files]
            started = [_started_row(plan, now) async for plan in in_turns(taken + idle)]
            sizes = {
                plan.candidate.representation_id: plan.candidate.bytes_total
                for plan in plans
            }
            await write_rows(project, started, sizes)
            await self._start_attempts(seeker, taken, leases, now)
            checksums = await self._checksums(project, taken)
        transfers = [
            _describe(seeker, plan, leases[_key(plan)], now, checksums)
            async for plan in in_turns(taken)
        ]
        changed = returned | {row.key for row in started}
        return Claimed(transfers, changed, has_rows=True)

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
            held = await read_leases(project_name, holder, leases, now)
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
        await Postgres.execute(
            _SQL.get("end_leases", project_name), list(tokens.values())
        )
        await count_attempts(
            project_name,
            [AttemptCount(token, outcome=outcome) for token in tokens.values()],
            now,
        )

    async def _take_leases(
        self, seeker: Seeker, plans: list[Plan], now: float
    ) -> dict[RowKey, str]:
        tokens = {_key(plan): uuid.uuid4().hex for plan in plans if plan.files}
        if not tokens:
            return {}
        sources = {_key(plan): plan.candidate.source_site for plan in plans}
        rows = await Postgres.fetch(
            _SQL.get("take_leases", seeker.project_name),
            [key[0] for key in tokens],
            [key[1] for key in tokens],
            list(tokens.values()),
            [sources[key] for key in tokens],
            seeker.holder.agent_id,
            seeker.holder.user_name,
            seeker.variant,
            now,
            now + LEASE_SECONDS,
        )
        keys = [(row["representation_id"], row["site_name"]) for row in rows]
        return {key: tokens[key] for key in keys}

    async def _start_attempts(
        self, seeker: Seeker, plans: list[Plan], leases: dict[RowKey, str], now: float
    ) -> None:
        if not plans:
            return
        await Postgres.execute(
            _SQL.get("start_attempts", seeker.project_name),
            [plan.candidate.representation_id for plan in plans],
            [plan.candidate.site_name for plan in plans],
            [leases[_key(plan)] for plan in plans],
            [plan.candidate.source_site for plan in plans],
            [len(plan.files) for plan in plans],
            seeker.holder.agent_id,
            seeker.holder.user_name,
            now,
        )

    async def _checksums(
        self, project_name: str, plans: list[Plan]
    ) -> dict[tuple[str, str, int], str]:
        """Return `algorithm:hex` by representation, file and size."""
        if not plans:
            return {}
        rows = await Postgres.fetch(
            _SQL.get("checksums", project_name),
            [plan.candidate.representation_id for plan in plans],
        )
        return {
            (row["representation_id"], row["file_id"], row["size"]): (
                f"{row['algorithm']}:{row['digest']}"
            )
            for row in rows
        }


def _key(plan: Plan) -> RowKey:
    return plan.candidate.representation_id, plan.candidate.site_name


def _started_row(plan: Plan, now: float) -> Row:
    started = start_files(plan.entries, [file.id for file in plan.files], now)
    candidate = plan.candidate
    return Row(*_key(plan), -1, candidate.priority, {}).with_entries(started)


def _describe(
    seeker: Seeker,
    plan: Plan,
    token: str,
    now: float,
    checksums: dict[tuple[str, str, int], str],
) -> dict[str, Any]:
    candidate = plan.candidate

    def describe_file(file: RepresentationFile) -> dict[str, Any]:
        return {
            "id": file.id,
            "path": file.path,
            "size": file.size,
            "hash": file.hash,
            "hashType": file.hash_type,
            "checksum": checksums.get(
                (candidate.representation_id, file.id, file.size)
            ),
            "attempt": attempt_of(plan.entries, file.id),
        }

    return {
        "projectName": seeker.project_name,
        "representationId": candidate.representation_id,
        "siteName": candidate.site_name,
        "sourceSite": candidate.source_site,
        "direction": seeker.route.direction(candidate.site_name),
        "lease": {"token": token, "expiresAt": now + LEASE_SECONDS},
        "priority": candidate.priority,
        "attempt": plan.attempt,
        "variant": seeker.variant,
        **candidate.names,
        "files": [describe_file(file) for file in plan.files],
    }
