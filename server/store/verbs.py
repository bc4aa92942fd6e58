"""Verbs over many rows: queue, retry, reset, verify, pause, resume, cancel, priority.

Work goes in slices of representations, one transaction each: whoever waits for a row
waits for one slice. Rows that do not exist yet are made by one statement a slice;
rows that do are locked, changed in Python and written together.
"""

from __future__ import annotations

from ..domain.files import parse_files
from ..domain.status import SiteStatus
from ..domain.verbs import ENDS_LEASES, TAKES_BACK, Verb
from ..host import Postgres
from ..sql import QueryFile
from .removal_marks import (
    columns,
    delete_marks,
    folders_of,
    hurry_marks,
    lock_marks,
    write_marks,
)
from .rows import (
    DEFAULT_PRIORITY,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)
from .turns import in_turns
from .verb_plan import Order, Plan, Tally

_SQL = QueryFile("verbs")

SLICE = 1000
"""Representations of which missing rows are made in one transaction."""
ROWS_AT_ONCE = 100
"""Rows changed in Python before others get their turn."""

_CONDITIONS = {
    Verb.QUEUE: "is_not_wanted",
    Verb.SEED: "is_not_synced",
    Verb.RETRY: "is_failed",
    Verb.RESET: "is_there",
    Verb.VERIFY: "is_partly_synced",
    Verb.PAUSE: "is_pausable",
    Verb.RESUME: "is_not_synced",
    Verb.CANCEL: "is_not_synced",
    Verb.REMOVE: "is_there",
}
_CREATES = {Verb.QUEUE: SiteStatus.QUEUED, Verb.SEED: SiteStatus.SYNCED}


class VerbStore:
    """Carries out orders slice by slice."""

    def __init__(self, most_at_once: int = 20_000) -> None:
        """`most_at_once` rows are changed while a request waits; more is a job."""
        self.most_at_once = most_at_once

    async def carry_out(
        self, order: Order, ids: list[str], tally: Tally
    ) -> set[RowKey]:
        """Carry out an order for a slice; return the keys of the rows that changed."""
        condition = _CONDITIONS.get(order.verb, "is_there")
        existing = await Postgres.fetchrow(
            _SQL.get("changing_ids", order.project_name, condition=condition),
            ids,
            order.site_names,
        )
        tally.matched += existing["rows"]
        found = sorted(existing["representation_ids"])
        change = self._change_rows
        if order.verb == Verb.PRIORITY:
            change = self._set_priority
        changed: set[RowKey] = set()
        if order.verb in _CREATES:
            changed |= await self._make_missing(order, ids, tally)
        step = max(ROWS_AT_ONCE // len(order.site_names), 1)
        for start in range(0, len(found), step):
            changed |= await change(order, found[start : start + step], tally)
        return changed

    async def _make_missing(
        self, order: Order, ids: list[str], tally: Tally
    ) -> set[RowKey]:
        project, names = order.project_name, order.site_names
        if order.is_dry:
            query = _SQL.get("count_missing", project)
            row = await Postgres.fetchrow(query, ids, names)
            tally.matched += row["rows"]
            tally.changed += row["rows"]
            tally.made += row["rows"]
            tally.files += row["files"]
            tally.bytes += row["bytes"]
            return set()
        row = await Postgres.fetchrow(
            _SQL.get("insert_missing", project),
            ids,
            names,
            int(_CREATES[order.verb]),
            order.priority or DEFAULT_PRIORITY,
            await current_time(project),
        )
        keys = list(zip(row["representation_ids"], row["site_names"], strict=True))
        tally.matched += len(keys)
        tally.made += len(keys)
        tally.add(keys, row["files"], row["bytes"])
        return set(keys)

    async def _set_priority(
        self, order: Order, ids: list[str], tally: Tally
    ) -> set[RowKey]:
        project = order.project_name
        query = "count_priority" if order.is_dry else "set_priority"
        async with Postgres.transaction():
            if not order.is_dry:
                await lock_representations(project, ids)
            records = await Postgres.fetch(
                _SQL.get(query, project), ids, order.site_names, order.priority
            )
        keys = [(each["representation_id"], each["site_name"]) for each in records]
        tally.add(
            keys,
            sum(each["files"] for each in records),
            sum(each["bytes"] for each in records),
        )
        tally.old_priorities |= {each["old_priority"] for each in records}
        return set(keys)

    async def _change_rows(
        self, order: Order, ids: list[str], tally: Tally
    ) -> set[RowKey]:
        project = order.project_name
        async with Postgres.transaction():
            await lock_representations(project, ids)
            rows = await lock_rows(project, ids)
            records = await Postgres.fetch(_SQL.get("files_of", project), ids)
            plan = Plan(order, rows, await current_time(project), tally)
            if order.verb in TAKES_BACK or order.verb == Verb.REMOVE:
                plan.marks = await lock_marks(project, ids)
            if order.verb == Verb.REMOVE:
                plan.folders = await folders_of(project, ids)
            async for record in in_turns(records):
                plan.look_at(record["id"], parse_files(record["files"]))
            if not order.is_dry:
                await self._write(order, plan)
        return set(plan.written) | set(plan.gone)

    async def _write(self, order: Order, plan: Plan) -> None:
        project = order.project_name
        touched = sorted({*plan.written, *plan.gone})
        # Before the leases end: a removal waits for those of transfers to the site.
        await write_marks(project, plan.marked.values(), order.user_name, plan.now)
        await hurry_marks(project, plan.hurried, plan.now)
        await delete_marks(project, plan.unmarked)
        if order.verb in ENDS_LEASES and touched:
            await Postgres.execute(
                _SQL.get("end_leases", project),
                *columns(touched),
                ENDS_LEASES[order.verb],
                plan.now,
            )
        await write_rows(project, plan.written.values())
        if plan.gone:
            await Postgres.execute(
                _SQL.get("delete_rows", project), *columns(sorted(plan.gone))
            )
