"""What the resolvers of one request share: its caller, its loaders, what it costs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from strawberry.dataloader import DataLoader

from ..errors import InvalidRequestError, UnknownProjectError
from ..host import get_project_list
from ..store.access import Caller, Paths, readable_paths
from ..store.availability import AvailabilityStore
from ..store.list_totals import ListTotals
from ..store.representation_list import RepresentationList

# A request may ask for this many rows in all; a row with its files counts as ten.
MOST_COST = 10_000
FILES_COST = 30

VersionKey = tuple[str, str, tuple[str, ...]]


Content = dict[str, Any]
# Representation, site, how many, after which cursor.
RunsWanted = tuple[str, str | None, int, str | None]


@dataclass(frozen=True)
class Backend:
    """What GraphQL reads from, and orders with; contents are those of REST."""

    ensure_ready: Callable[[str], Awaitable[None]]
    representations: RepresentationList
    list_totals: ListTotals
    availability: AvailabilityStore
    describe_sites: Callable[[str, Caller], Awaitable[list[Content]]]
    read_transfers: Callable[[str, Caller, int, list[str] | None], Awaitable[Content]]
    read_history: Callable[[str, Caller, RunsWanted], Awaitable[Content]]
    read_explanation: Callable[[str, Caller, str, str], Awaitable[Content]]
    read_problems: Callable[[str, Caller], Awaitable[list[Content]]]
    read_summary: Callable[
        [str, Caller, list[str] | None, list[str] | None], Awaitable[Content]
    ]
    read_agents: Callable[[Caller], Awaitable[list[Content]]]
    read_pauses: Callable[[Caller], Awaitable[list[Content]]]
    read_job: Callable[[Caller, str], Awaitable[Content]]
    apply_verb: Callable[[str, Caller, str, Content], Awaitable[Content]]
    seed_site: Callable[[str, Caller, Content], Awaitable[Content]]
    set_pause: Callable[[Caller, Content], Awaitable[None]]


@dataclass
class RequestContext:
    """One request. `cost` grows with what is asked for."""

    backend: Backend
    caller: Caller
    cost: int = 0
    _paths: dict[str, Paths] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.versions: DataLoader[VersionKey, dict[str, Any] | None] = DataLoader(
            self._load_versions
        )

    def spend(self, cost: int) -> None:
        """Count what a field asks for.

        :raises InvalidRequestError: the request asks for too much at once.
        """
        self.cost += cost
        if self.cost > MOST_COST:
            msg = (
                f"query: asks for more than {MOST_COST} rows in all (a row with "
                f"files counts {FILES_COST} times): ask for fewer with first or last"
            )
            raise InvalidRequestError("query", msg)

    async def enter(self, project_name: str) -> str:
        """Let the caller into a project whose tables are there; return its name.

        :raises UnknownProjectError: there is none of this name.
        :raises ForbiddenException: the caller has no access to it.
        """
        names = {project.name for project in await get_project_list()}
        if project_name not in names:
            raise UnknownProjectError(project_name)
        await self.caller.user.ensure_project_access(project_name)
        await self.backend.ensure_ready(project_name)
        return project_name

    async def paths(self, project_name: str) -> Paths:
        if project_name not in self._paths:
            self._paths[project_name] = await readable_paths(self.caller, project_name)
        return self._paths[project_name]

    async def _load_versions(
        self, keys: list[VersionKey]
    ) -> list[dict[str, Any] | None]:
        """Read all versions that a request names in one query for each set of sites."""
        groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for project_name, version_id, site_names in keys:
            groups.setdefault((project_name, site_names), []).append(version_id)
        found: dict[VersionKey, dict[str, Any]] = {}
        for (project_name, site_names), version_ids in groups.items():
            paths = await self.paths(project_name)
            versions = await self.backend.availability.of_versions(
                project_name, paths, version_ids, list(site_names)
            )
            for version_id, version in versions.items():
                found[project_name, version_id, site_names] = version
        return [found.get(key) for key in keys]
