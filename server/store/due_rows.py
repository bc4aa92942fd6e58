"""Due rows: what an agent could be given on its route, found, locked and counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..domain.files import parse_entries, parse_files
from ..domain.reconciliation import is_in_line
from ..domain.rollup import sum_sizes
from ..domain.site import ProjectSites
from ..domain.transfer import Candidate, Route
from ..host import Postgres
from ..sql import QueryFile
from .access import Paths
from .known_files import read_known_files
from .leases import Holder
from .turns import in_turns
from .walks import FEW_ROWS, PIECES_AT_ONCE, Position, RouteKey, Walks

_SQL = QueryFile("transfers")

# `pending` stops counting here: more tells an agent nothing, and counting costs. An
# agent that got all that it asked for needs to know only that there is more.
MOST_PENDING, MORE_PENDING = 100, 10
# Beyond it a claim looks whether a clock that jumped is the reason.
LONG_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Seeker:
    """Who asks for work in one project."""

    project_name: str
    holder: Holder
    route: Route
    paths: Paths
    variant: str
    sites: ProjectSites


@dataclass(frozen=True)
class Outlook:
    """What is left: rows nobody holds, and seconds until the next is due, if known.

    Others' leases count as due when they end unless renewed. Of a long queue one piece
    is looked at, see `walks`.
    """

    pending: int
    next_due_in_seconds: float | None


@dataclass(frozen=True)
class View:
    """What a claim sees before it locks anything."""

    now: float
    has_expired: bool
    legs: list[tuple[str, list[str]]]


class DueRows:
    """Finds what is due, in pieces of the queue."""

    def __init__(self) -> None:
        self._walks = Walks()

    async def look_around(self, seeker: Seeker) -> View:
        legs = list(seeker.route.legs())
        row = await Postgres.fetchrow(
            _SQL.get("look_around", seeker.project_name), [target for target, _ in legs]
        )
        return View(
            now=row["now"],
            has_expired=row["has_expired"],
            legs=[leg for leg in legs if leg[0] in row["targets"]],
        )

    async def lock(self, view: View, seeker: Seeker, limit: int) -> list[Candidate]:
        """Return the best due rows, locked; for use in a transaction."""
        await Postgres.execute(_SQL.get("keep_plans"))
        found: list[Candidate] = []
        for target, sources in view.legs:
            found += await self._walk(seeker, target, sources, view.now, limit)
        best = sorted(found, key=lambda candidate: candidate.order)[:limit]
        return await self._compare(seeker.project_name, best)

    async def _walk(
        self, seeker: Seeker, target: str, sources: list[str], now: float, limit: int
    ) -> list[Candidate]:
        """Lock the best due rows of one target; remember what nobody can take."""
        query = _queue_query("lock_due", seeker.project_name, "is_due")
        end_query = _queue_query("piece_end", seeker.project_name, "is_due")
        key = _route_key(seeker, target, sources)
        position = self._walks.start(key)
        found = await self._lock_fresh(seeker, key, now, limit)
        passed, passed_to, is_end, is_barren = 0, position, False, True
        while len(found) < limit and not is_end and passed < PIECES_AT_ONCE:
            place = (target, now, *position.values)
            records = await Postgres.fetch(
                query, *place, sources, seeker.paths, limit - len(found)
            )
            found += [_candidate(record, now) async for record in in_turns(records)]
            if is_barren and records:
                is_barren = False
                if records[0]["place"] > FEW_ROWS:
                    passed, passed_to = passed + 1, _position(records[0]).before
            if len(found) == limit:
                break
            end = await Postgres.fetchrow(end_query, *place)
            is_end = end is None
            if end is not None:
                position = _position(end)
                if is_barren:
                    passed, passed_to = passed + 1, position
        if passed:
            is_finished = is_end or not is_barren
            self._walks.pass_over(key, passed_to, passed, now, is_finished=is_finished)
        return found

    async def _lock_fresh(
        self, seeker: Seeker, key: RouteKey, now: float, limit: int
    ) -> list[Candidate]:
        """Lock what was written meanwhile in front of where a walk begins."""
        since = self._walks.fresh_since(key)
        if since is None:
            return []
        _, target, sources, _ = key
        records = await Postgres.fetch(
            _queue_query("lock_due", seeker.project_name, "is_due", piece="fresh"),
            *(target, now, *self._walks.start(key).values),
            *(list(sources), seeker.paths, limit, since),
        )
        return [_candidate(record, now) async for record in in_turns(records)]

    async def _compare(
        self, project_name: str, candidates: list[Candidate]
    ) -> list[Candidate]:
        """Add what out-of-date rows are compared with: events may be lost."""
        stale = {
            candidate.representation_id
            for candidate in candidates
            if not is_in_line(candidate.entries, candidate.files)
        }
        if not stale:
            return candidates
        known = await read_known_files(project_name, stale)
        return [
            replace(candidate, known=known.get(candidate.representation_id, {}))
            for candidate in candidates
        ]

    async def outlook(
        self, view: View, seeker: Seeker, most: int = MOST_PENDING
    ) -> Outlook:
        """Look at what remains of a view after a claim.

        :param most: `pending` counts so far.
        """
        if not view.legs:
            return Outlook(0, None)
        project = seeker.project_name
        pending, waits = 0, []
        for target, sources, row in await self._count(view, seeker, most):
            pending += row["pending"]
            wait = row["next_due_in_seconds"]
            look = self._walks.seconds_left(_route_key(seeker, target, sources))
            waits += [] if look is None else [look]
            if wait is None:
                continue
            if wait > LONG_WAIT_SECONDS and await self._bring_forward(
                project, target, view.now
            ):
                wait = 0.0
            waits.append(max(wait, 0.0))
        return Outlook(min(pending, most), min(waits, default=None))

    async def _count(
        self, view: View, seeker: Seeker, most: int
    ) -> list[tuple[str, list[str], Any]]:
        """Return target, sources and what is left of each leg of a view."""
        query = _queue_query("outlook", seeker.project_name, "is_waiting")
        counted = []
        async with Postgres.transaction():
            await Postgres.execute(_SQL.get("keep_plans"))
            for target, sources in view.legs:
                start = self._walks.start(_route_key(seeker, target, sources))
                row = await Postgres.fetchrow(
                    *(query, target, view.now, *start.values),
                    *(sources, seeker.paths, most, seeker.holder.agent_id),
                )
                counted.append((target, sources, row))
        return counted

    async def _bring_forward(
        self, project_name: str, site_name: str, now: float
    ) -> bool:
        """Make due what was queued while the clock was ahead; whether there was any."""
        query = _SQL.get("bring_forward", project_name)
        return bool(await Postgres.fetch(query, site_name, now))


def _queue_query(
    name: str, project_name: str, due: str, *, piece: str = "piece"
) -> str:
    fragments = {"piece": piece, "due": due, "held": "held"}
    return _SQL.get(name, project_name, **fragments, parents="parents", source="source")


def _position(record: Any) -> Position:
    return Position(record["priority"], record["due_at"], record["representation_id"])


def _route_key(seeker: Seeker, target: str, sources: list[str]) -> RouteKey:
    paths = None if seeker.paths is None else tuple(seeker.paths)
    return seeker.project_name, target, tuple(sources), paths


def _candidate(record: Any, now: float) -> Candidate:
    changed_at = record["changed_at"]
    files = parse_files(record["files"])
    return Candidate(
        representation_id=record["representation_id"],
        site_name=record["site_name"],
        source_site=record["source_site"],
        priority=record["priority"],
        due_at=record["due_at"],
        entries=parse_entries(record["data"]),
        files=files,
        bytes_total=sum_sizes(record["files"], files),
        changed_at=now if changed_at is None else changed_at,
        names={
            "folderPath": f"/{record['path']}",
            "product": record["product"],
            "version": record["version"],
            "representation": record["representation"],
        },
    )
