"""Verbs over many rows: queue, retry, reset, verify, pause, resume, cancel, priority.

Work goes in slices of representations, one transaction each: whoever waits for a row
waits for one slice. Rows that do not exist yet are made by one statement a slice;
rows that do are locked, changed in Python and written together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..domain.copies import last_copies, verified_ids
from ..domain.files import RepresentationFile, entry_size, parse_files
from ..domain.site import ProjectSites
from ..domain.status import SiteStatus
from ..domain.verbs import CHANGES, ENDS_LEASES, Situation, Verb, is_empty
from ..errors import LastCopyError
from ..host import Postgres
from ..sql import QueryFile
from .rows import (
    DEFAULT_PRIORITY,
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)

_SQL = QueryFile("verbs")

SLICE = 1000
"""Representations of which missing rows are made in one transaction."""
ROWS_AT_ONCE = 200
"""Rows changed in Python before others get their turn."""
MOST_PROBLEMS = 1000
MOST_UNDONE = 10_000
"""More changed rows than that cannot be named in an undo."""

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
_UNDONE_BY = {Verb.PAUSE: Verb.RESUME, Verb.RESUME: Verb.PAUSE}


@dataclass(frozen=True)
class Order:
    """A verb on sites of a project. `priority` None keeps or defaults it.

    `force` lets the last copy go. `is_dry`: nothing is written, everything counted.
    """

    project_name: str
    verb: Verb
    site_names: list[str]
    sites: ProjectSites
    priority: int | None = None
    force: bool = False
    is_dry: bool = False


@dataclass
class Tally:
    """What an order came to so far."""

    matched: int = 0
    changed: int = 0
    files: int = 0
    bytes: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)
    problems_omitted: int = 0
    keys: list[RowKey] = field(default_factory=list)
    made: int = 0
    old_priorities: set[int] = field(default_factory=set)

    def add(self, keys: Iterable[RowKey], files: int, size: int) -> None:
        found = list(keys)
        self.changed += len(found)
        self.files += files
        self.bytes += size
        if len(self.keys) <= MOST_UNDONE:
            self.keys += found

    def refuse(self, key: RowKey, code: str, detail: str) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self.problems_omitted += 1
            return
        self.problems.append(
            {
                "representationId": key[0],
                "siteName": key[1],
                "errorCode": code,
                "detail": detail,
            }
        )


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
        query = "count_priority" if order.is_dry else "set_priority"
        records = await Postgres.fetch(
            _SQL.get(query, order.project_name), ids, order.site_names, order.priority
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
            plan = _Plan(order, rows, await current_time(project), tally)
            for record in records:
                plan.look_at(record["id"], parse_files(record["files"]))
            if not order.is_dry:
                await self._write(order, plan)
        return set(plan.written) | set(plan.gone)

    async def _write(self, order: Order, plan: _Plan) -> None:
        project = order.project_name
        touched = sorted({*plan.written, *plan.gone})
        if order.verb in ENDS_LEASES and touched:
            await Postgres.execute(
                _SQL.get("end_leases", project),
                *_columns(touched),
                ENDS_LEASES[order.verb],
                plan.now,
            )
        await write_rows(project, plan.written.values())
        if plan.gone:
            await Postgres.execute(
                _SQL.get("delete_rows", project), *_columns(sorted(plan.gone))
            )


class _Plan:
    """What an order makes of locked rows: which are written, and which go."""

    def __init__(
        self, order: Order, rows: dict[RowKey, Row], now: float, tally: Tally
    ) -> None:
        self.now = now
        self.written: dict[RowKey, Row] = {}
        self.gone: set[RowKey] = set()
        self._order = order
        self._rows = rows
        self._tally = tally
        self._of: dict[str, list[str]] = {}
        for representation_id, site_name in rows:
            self._of.setdefault(representation_id, []).append(site_name)

    def look_at(self, representation_id: str, files: list[RepresentationFile]) -> None:
        for site_name in self._order.site_names:
            row = self._rows.get((representation_id, site_name))
            if row is None:
                continue
            if self._order.verb == Verb.REMOVE:
                self._remove(row, files)
            else:
                self._change(row, files)

    def _change(self, row: Row, files: list[RepresentationFile]) -> None:
        verb = self._order.verb
        entries = CHANGES[verb](row.entries, self._situation(row, files))
        if entries == row.entries:
            return
        changed = row.with_entries(entries)
        if self._order.priority is not None:
            changed = replace(changed, priority=self._order.priority)
        sizes = {file.id: file.size for file in files}
        ids = {
            name for name, entry in entries.items() if entry != row.entries.get(name)
        }
        self._tally.add([row.key], len(ids), sum(sizes.get(name, 0) for name in ids))
        self._rows[row.key] = changed
        if verb == Verb.CANCEL and is_empty(entries):
            self._drop(row.key)
            return
        self.written[row.key] = changed

    def _remove(self, row: Row, files: list[RepresentationFile]) -> None:
        order = self._order
        if not order.force and self._situation(row, files).last:
            self._tally.refuse(
                row.key, "last_copy", LastCopyError.describe(row.site_name)
            )
            return
        group = {row.site_name} | order.sites.aliases(row.site_name)
        keys = [
            (row.representation_id, name)
            for name in self._of[row.representation_id]
            if name in group and (row.representation_id, name) not in self.gone
        ]
        self._tally.add(
            keys, len(row.entries), sum(map(entry_size, row.entries.values()))
        )
        for key in keys:
            self._drop(key)

    def _drop(self, key: RowKey) -> None:
        self.gone.add(key)
        self.written.pop(key, None)
        del self._rows[key]

    def _situation(self, row: Row, files: list[RepresentationFile]) -> Situation:
        keys = [
            (row.representation_id, name) for name in self._of[row.representation_id]
        ]
        rows = [self._rows[key] for key in keys if key in self._rows]
        group = {row.site_name} | self._order.sites.aliases(row.site_name)
        here = [each.entries for each in rows if each.site_name in group]
        elsewhere = [each.entries for each in rows if each.site_name not in group]
        known = {file.id for file in files}
        return Situation(
            files=files,
            now=self.now,
            last=last_copies(here, elsewhere, known),
            is_proven_elsewhere=any(
                known <= verified_ids(entries) for entries in elsewhere
            ),
        )


def _columns(keys: Iterable[RowKey]) -> tuple[list[str], list[str]]:
    pairs = list(keys)
    return [key[0] for key in pairs], [key[1] for key in pairs]


def undo_of(order: Order, tally: Tally) -> dict[str, Any] | None:
    """Return the verb and body that take an order back; None where nothing does."""
    ids = sorted({key[0] for key in tally.keys})
    is_exact = len(tally.keys) == len(ids) * len(order.site_names)
    if order.is_dry or not ids or not is_exact or tally.changed > MOST_UNDONE:
        return None
    body: dict[str, Any] = {
        "siteNames": order.site_names,
        "selection": {"representationIds": ids},
    }
    if order.verb in _UNDONE_BY:
        return {"verb": _UNDONE_BY[order.verb].value, **body}
    if order.verb == Verb.QUEUE and tally.made == tally.changed:
        return {"verb": Verb.CANCEL.value, **body}
    if order.verb == Verb.PRIORITY and len(tally.old_priorities) == 1:
        [priority] = tally.old_priorities
        return {"verb": Verb.PRIORITY.value, **body, "priority": priority}
    return None
