"""Finds what is wrong in a project, by bounded looks at its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain import problems as tell
from ..domain.problems import MOST_REPRESENTATIONS, Problem, Sample
from ..domain.setting_faults import SettingFault
from ..domain.site import ProjectSites
from ..domain.status import SiteStatus
from ..host import Postgres
from ..sql import QueryFile
from .access import Paths
from .agents import LIVE_SECONDS
from .lists import fetch_list
from .rows import current_time
from .summary import Totals

_SQL = QueryFile("problems")

MOST_ROWS = 1_000
"""So many rows of a site are looked at; counts stop here."""
MOST_FAILED = 500
"""Of failed rows the files are looked at, which costs more."""
MOST_LEASES = 2_000
PATIENCE_SECONDS = 60.0
"""Work that waits no longer than this is no problem."""
REFUSED_SECONDS = 600.0


@dataclass(frozen=True)
class AgentFacts:
    """What agents tell, of all projects: read once for many projects.

    `live_sites` are own sites of live agents.
    """

    live_sites: frozenset[str]
    faults: tuple[tuple[str, tell.SiteFault], ...]
    refused: tuple[tell.RefusedAgent, ...]


@dataclass(frozen=True)
class View:
    """A project as one caller sees it."""

    project_name: str
    sites: ProjectSites
    faults: list[SettingFault]
    paths: Paths
    totals: Totals


class ProblemStore:
    """Reads of what needs somebody's attention."""

    async def agent_facts(self) -> AgentFacts:
        live = await Postgres.fetch(_SQL.get("live_agents"), LIVE_SECONDS)
        refused = await Postgres.fetch(_SQL.get("refused_agents"), REFUSED_SECONDS)
        return AgentFacts(
            live_sites=frozenset(row["site_name"] for row in live),
            faults=tuple(
                (fault["projectName"], _fault(row["hostname"], fault))
                for row in live
                for fault in row["faults"]
            ),
            refused=tuple(
                tell.RefusedAgent(
                    row["site_name"],
                    row["hostname"],
                    row["other_hostname"],
                    row["refused_at"],
                )
                for row in refused
            ),
        )

    async def find(self, view: View, agents: AgentFacts) -> list[Problem]:
        """Return the problems of a project, what to see to first at the beginning."""
        found = [tell.wrong_setting(fault) for fault in view.faults]
        found += [
            tell.unusable_site(fault)
            for project_name, fault in agents.faults
            if project_name == view.project_name
        ]
        names = {*view.totals, *view.sites.configured}
        found += [
            tell.site_id_in_use(agent)
            for agent in agents.refused
            if agent.site_name in names
        ]
        found += await self._unknown_sites(view)
        found += await self._failures(view)
        if view.sites.enabled:
            found += await self._waiting(view, agents.live_sites)
        return tell.sort_problems(found)

    async def rates(
        self, project_name: str, paths: Paths
    ) -> dict[str, tuple[int, float]]:
        """Return how many transfers agents are at, and bytes a second, by site."""
        now = await current_time(project_name)
        query = _SQL.get("rates", project_name, parents="parents")
        return {
            row["site_name"]: (row["moving"], row["rate"])
            for row in await Postgres.fetch(query, paths, now, MOST_LEASES)
        }

    async def _unknown_sites(self, view: View) -> list[Problem]:
        names = [name for name in view.totals if not view.sites.is_shared(name)]
        rows = await Postgres.fetch(_SQL.get("machines"), names)
        known = {row["site_name"] for row in rows}
        return [
            tell.unknown_site(
                name,
                sum(each["representations"] for each in view.totals[name].values()),
            )
            for name in names
            if name not in known
        ]

    async def _failures(self, view: View) -> list[Problem]:
        names = _having(view.totals, SiteStatus.FAILED)
        if not names:
            return []
        query = _SQL.get("failed", view.project_name, parents="parents")
        rows = await fetch_list(
            query, view.paths, names, MOST_FAILED, MOST_REPRESENTATIONS
        )
        return list(_tell_failures(rows, view.totals))

    async def _waiting(self, view: View, live_sites: frozenset[str]) -> list[Problem]:
        """Return what no agent serves, and what one has left half way."""
        now = await current_time(view.project_name)
        stuck = await fetch_list(
            _SQL.get("stuck", view.project_name, parents="parents"),
            view.paths,
            _having(view.totals, SiteStatus.IN_PROGRESS),
            now,
            MOST_ROWS,
            MOST_REPRESENTATIONS,
        )
        unserved = [name for name in view.totals if name not in live_sites]
        waiting = await fetch_list(
            _SQL.get("waiting", view.project_name, parents="parents"),
            view.paths,
            unserved,
            now - PATIENCE_SECONDS,
            MOST_ROWS,
            MOST_REPRESENTATIONS,
            now,
        )
        return [
            *(tell.stuck(_sample(row)) for row in stuck),
            *(
                tell.unserved(_sample(row), not view.sites.is_shared(row["site_name"]))
                for row in waiting
                if row["sources"] and not live_sites.intersection(row["sources"])
            ),
        ]


def _having(totals: Totals, status: SiteStatus) -> list[str]:
    """Return the sites that have rows in a status."""
    return [name for name, statuses in totals.items() if str(int(status)) in statuses]


def _tell_failures(rows: Iterable[Any], totals: Totals) -> Iterator[Problem]:
    by_site: dict[str, dict[str, Any]] = {}
    for row in rows:
        by_site.setdefault(row["site_name"], {})[row["kind"]] = row
    for site_name, found in by_site.items():
        apart = 0
        for kind, describe in (
            ("missing", tell.missing),
            ("missing_source", tell.missing_at_source),
        ):
            if kind in found:
                apart += found[kind]["count"]
                yield describe(_sample(found[kind]))
        if "failed" in found:
            all_failed = totals[site_name][str(int(SiteStatus.FAILED))]
            others = all_failed["representations"] - apart
            yield tell.failed(_sample(found["failed"], max(others, 1)))


def _sample(row: Any, count: int | None = None) -> Sample:
    return Sample(
        site_name=row["site_name"],
        count=row["count"] if count is None else count,
        representation_ids=tuple(row["ids"]),
        since=row["since"],
        message=row.get("message"),
    )


def _fault(hostname: str, fault: Mapping[str, Any]) -> tell.SiteFault:
    return tell.SiteFault(
        site_name=fault["siteName"],
        hostname=hostname,
        code=fault["code"],
        message=fault["message"],
        since=fault["since"],
    )
