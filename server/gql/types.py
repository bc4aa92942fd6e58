"""Types of the GraphQL schema, in AYON's conventions; ids are 32 hex characters.

Sizes are Float: they are whole numbers that may not fit into GraphQL's Int.
"""

# Annotations must be objects here: AYON loads the addon under a name of its own.

import enum
from typing import Any

import strawberry

from ..domain.status import SiteStatus


@strawberry.enum
class RepresentationSort(enum.Enum):
    FOLDER = "folder"
    PRODUCT = "product"
    VERSION = "version"
    REPRESENTATION = "representation"
    ID = "id"
    STATUS = "status"
    PRIORITY = "priority"
    CHANGED = "changed"
    SIZE = "size"


@strawberry.input(description="Wanted statuses on a site; -1 also means: no row")
class StatusFilter:
    site_name: str
    statuses: list[int]


@strawberry.input(description="All conditions hold; null = no condition")
class RepresentationFilter:
    search: str | None = None
    folder_ids: list[str] | None = None
    product_ids: list[str] | None = None
    version_ids: list[str] | None = None
    representation_ids: list[str] | None = None
    product_types: list[str] | None = None
    representation_names: list[str] | None = None
    versions: list[int] | None = None
    statuses: list[StatusFilter] | None = None
    has_error: bool | None = None
    error_text: str | None = None
    changed_since: float | None = None
    min_size: float | None = None
    max_size: float | None = None
    include_inactive: bool = False


@strawberry.type(description="State of a representation on a site")
class SiteState:
    site_name: str
    status: int
    status_name: str
    progress: float
    files_total: int
    files_synced: int
    files_failed: int
    files_verified: int
    bytes_total: float
    bytes_done: float
    changed_at: float | None
    priority: int
    message: str | None
    is_removing: bool


@strawberry.type(description="State of a file on a site")
class FileState:
    site_name: str
    status: int
    bytes_done: float
    proof: str | None
    message: str | None
    retries: int


@strawberry.type
class RepresentationFile:
    id: str
    path: str
    size: float
    sites: list[FileState]


@strawberry.type(description="How many representations of a version are SYNCED")
class SiteCount:
    site_name: str
    synced: int


@strawberry.type
class VersionAvailability:
    id: str
    total: int = strawberry.field(description="Active representations")
    sites: list[SiteCount]


@strawberry.type
class StatusTotals:
    status: int
    status_name: str
    representations: int
    files: int
    files_synced: int
    files_verified: int
    files_failed: int
    bytes: float
    bytes_done: float


@strawberry.type
class Agent:
    agent_id: str
    hostname: str
    user_name: str
    version: str
    seen_at: float
    is_live: bool


@strawberry.type
class Site:
    site_name: str
    provider: str
    kind: str
    is_active: bool
    is_remote: bool
    totals: list[StatusTotals]
    agents: list[Agent]


@strawberry.type
class PageInfo:
    start_cursor: str | None
    end_cursor: str | None
    has_next_page: bool
    has_previous_page: bool


def status_name(status: int) -> str:
    return SiteStatus(status).name


def make_site_state(site_name: str, state: dict[str, Any]) -> SiteState:
    """Make the state out of the row's; see `store/list_rows.py`."""
    status, total = state["status"], state["bytesTotal"] or 0
    done = state["bytesDone"] or 0
    share = min(done / total, 1.0) if total else 0.0
    return SiteState(
        site_name=site_name,
        status=status,
        status_name=status_name(status),
        progress=1.0 if status == SiteStatus.SYNCED else share,
        files_total=state["filesTotal"],
        files_synced=state["filesSynced"],
        files_failed=state["filesFailed"],
        files_verified=state["filesVerified"],
        bytes_total=float(total),
        bytes_done=float(done),
        changed_at=state["changedAt"],
        priority=state["priority"],
        message=state["message"],
        is_removing=state["isRemoving"],
    )


def make_file(file: dict[str, Any]) -> RepresentationFile:
    return RepresentationFile(
        id=file["id"],
        path=file["path"],
        size=float(file["size"]),
        sites=[
            FileState(
                site_name=site_name,
                status=state["status"],
                bytes_done=float(state["bytesDone"]),
                proof=state["proof"],
                message=state["message"],
                retries=state["retries"],
            )
            for site_name, state in file["sites"].items()
        ],
    )


def make_version(version_id: str, found: dict[str, Any]) -> VersionAvailability:
    sites = [SiteCount(site_name=name, synced=n) for name, n in found["sites"].items()]
    return VersionAvailability(id=version_id, total=found["total"], sites=sites)


def make_totals(totals: dict[str, dict[str, int]]) -> list[StatusTotals]:
    return [
        StatusTotals(
            status=int(status),
            status_name=status_name(int(status)),
            representations=counts["representations"],
            files=counts["files"],
            files_synced=counts["filesSynced"],
            files_verified=counts["filesVerified"],
            files_failed=counts["filesFailed"],
            bytes=float(counts["bytes"]),
            bytes_done=float(counts["bytesDone"]),
        )
        for status, counts in totals.items()
    ]


def make_site(site: dict[str, Any]) -> Site:
    return Site(
        site_name=site["siteName"],
        provider=site["provider"],
        kind=site["kind"],
        is_active=site["isActive"],
        is_remote=site["isRemote"],
        totals=make_totals(site["totals"]),
        agents=[
            Agent(
                agent_id=agent["agentId"],
                hostname=agent["hostname"],
                user_name=agent["userName"],
                version=agent["version"],
                seen_at=agent["seenAt"],
                is_live=agent["isLive"],
            )
            for agent in site["agents"]
        ],
    )
