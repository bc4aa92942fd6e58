"""Orders of operators, and what one makes of the rows of a slice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..domain.copies import last_copies, verified_ids
from ..domain.files import RepresentationFile, entry_size
from ..domain.reconciliation import fit_entries
from ..domain.removal import Mark, hide_entries
from ..domain.site import ProjectSites
from ..domain.verbs import CHANGES, TAKES_BACK, Situation, Verb, is_empty
from ..errors import LastCopyError
from .rows import Row, RowKey

MOST_PROBLEMS = 1000
MOST_UNDONE = 10_000
"""More changed rows than that cannot be named in an undo."""

_UNDONE_BY = {Verb.PAUSE: Verb.RESUME, Verb.RESUME: Verb.PAUSE}


@dataclass(frozen=True)
class Order:
    """A verb on sites of a project. `priority` None keeps or defaults it.

    `force` lets the last copy go. `keep_files`: what is removed is only forgotten.
    `is_dry`: nothing is written, everything counted.
    """

    project_name: str
    verb: Verb
    site_names: list[str]
    sites: ProjectSites
    priority: int | None = None
    force: bool = False
    is_dry: bool = False
    keep_files: bool = False
    user_name: str = ""


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
    dropped: int = 0
    old_priorities: set[int] = field(default_factory=set)

    def include(self, other: Tally) -> None:
        """Count what another part of the order came to."""
        self.matched += other.matched
        self.changed += other.changed
        self.files += other.files
        self.bytes += other.bytes
        self.made += other.made
        self.dropped += other.dropped
        self.old_priorities |= other.old_priorities
        self._keep(other.keys)
        room = MOST_PROBLEMS - len(self.problems)
        self.problems += other.problems[:room]
        self.problems_omitted += other.problems_omitted + len(other.problems[room:])

    def add(self, keys: Iterable[RowKey], files: int, size: int) -> None:
        found = list(keys)
        self.changed += len(found)
        self.files += files
        self.bytes += size
        self._keep(found)

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

    def _keep(self, keys: list[RowKey]) -> None:
        if len(self.keys) <= MOST_UNDONE:
            self.keys += keys


class Plan:
    """What an order makes of locked rows: which are written, and which go.

    `marks` and `folders` are needed where files are removed or wanted again.
    """

    def __init__(
        self, order: Order, rows: dict[RowKey, Row], now: float, tally: Tally
    ) -> None:
        self.now = now
        self.written: dict[RowKey, Row] = {}
        self.gone: set[RowKey] = set()
        self.marked: dict[RowKey, Mark] = {}
        self.hurried: set[RowKey] = set()
        self.unmarked: set[RowKey] = set()
        self.marks: dict[RowKey, Mark] = {}
        self.folders: dict[str, str] = {}
        self._restored: set[RowKey] = set()
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
                continue
            if self._order.verb in TAKES_BACK:
                self._take_back(row, files)
            self._change(self._rows[row.key], files)

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
        keys = [] if row.key in self._restored else [row.key]
        self._tally.add(keys, len(ids), sum(sizes.get(name, 0) for name in ids))
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
        rows = [
            each
            for each in self._rows_of_store(row)
            if each.key not in self.marked and each.key not in self.hurried
        ]
        if not rows:
            return
        self._tally.add(
            [each.key for each in rows],
            len(row.entries),
            sum(map(entry_size, row.entries.values())),
        )
        for each in rows:
            self._remove_row(each, files)

    def _remove_row(self, row: Row, files: list[RepresentationFile]) -> None:
        """Forget a row, or mark it so that an agent deletes its files."""
        is_marked = row.key in self.marks
        if is_empty(row.entries) and is_marked and not self._order.keep_files:
            self.hurried.add(row.key)
            return
        if is_empty(row.entries) or self._order.keep_files:
            self._tally.dropped += 1
            self.unmarked.add(row.key)
            self._drop(row.key)
            return
        self.marked[row.key] = Mark(
            representation_id=row.representation_id,
            site_name=row.site_name,
            folder_path=self.folders[row.representation_id],
            files=files,
            entries=row.entries,
        )
        hidden = row.with_entries(hide_entries(row.entries, self.now))
        self._rows[row.key] = self.written[row.key] = hidden

    def _take_back(self, row: Row, files: list[RepresentationFile]) -> None:
        """Undo the removal of a store's rows; the files are there if none was begun.

        A removal that an agent is at stays until he tells what he has deleted.
        """
        for each in self._rows_of_store(row):
            mark = self.marks.get(each.key)
            if mark is None or mark.is_held(self.now):
                continue
            self.unmarked.add(each.key)
            if mark.is_started or mark.entries is None or not is_empty(each.entries):
                continue
            entries = fit_entries(mark.entries, files, self.now)
            restored = each.with_entries(entries)
            self._rows[each.key] = self.written[each.key] = restored
            self._restored.add(each.key)
            size = sum(map(entry_size, entries.values()))
            self._tally.add([each.key], len(entries), size)

    def _rows_of_store(self, row: Row) -> list[Row]:
        """Return a row and those of the other names of its site that are left."""
        names = {row.site_name} | self._order.sites.aliases(row.site_name)
        keys = [
            (row.representation_id, name) for name in self._of[row.representation_id]
        ]
        return [
            self._rows[key] for key in keys if key[1] in names and key in self._rows
        ]

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


def undo_of(order: Order, tally: Tally) -> dict[str, Any] | None:
    """Return the verb and body that take an order back; None where nothing does."""
    keys = {key for key in tally.keys if key[1] in order.site_names}
    ids = sorted({key[0] for key in keys})
    is_exact = len(keys) == len(ids) * len(order.site_names)
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
    if order.verb == Verb.REMOVE and not tally.dropped:
        return {"verb": Verb.QUEUE.value, **body}
    if order.verb == Verb.PRIORITY and len(tally.old_priorities) == 1:
        [priority] = tally.old_priorities
        return {"verb": Verb.PRIORITY.value, **body, "priority": priority}
    return None
