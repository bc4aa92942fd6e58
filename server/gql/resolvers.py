"""Fields of the GraphQL schema that read something."""

# Annotations must be objects here: AYON loads the addon under a name of its own.

import asyncio
from typing import Any

import strawberry

from ..checks import (
    check_cursor,
    check_ids,
    check_statuses,
    check_text,
    check_texts,
)
from ..domain.files import MAX_BIGINT
from ..domain.site import STUDIO_SITE
from ..errors import InvalidRequestError
from ..store.access import Paths
from ..store.filters import Filters
from ..store.list_totals import Sums
from ..store.representation_list import Order, Page, Slice
from ..store.turns import Gate, in_turns
from .activity import GraphInfo, ProjectActivity, check_site_names
from .loaders import FILES_COST
from .types import (
    PageInfo,
    RepresentationFile,
    RepresentationFilter,
    RepresentationSort,
    Site,
    SiteState,
    VersionAvailability,
    make_file,
    make_site,
    make_site_state,
    make_version,
)

DEFAULT_COUNT = 50
MOST_ROWS = 1000
MOST_IDS = 5000
ROWS_AT_ONCE, ROWS_WITH_FILES_AT_ONCE = 50, 1
"""Rows whose fields are worked out without a pause."""
MAX_TIME = 253_402_214_400


@strawberry.type
class Representation:
    project_name: strawberry.Private[str]
    id: str
    version_id: str
    folder_path: str
    product: str
    product_type: str
    version: int
    name: str
    file_count: int
    size: float
    sites: list[SiteState] = strawberry.field(description="Sites that have a row")
    files: list[RepresentationFile]

    @strawberry.field
    async def version_availability(
        self, info: GraphInfo, site_names: list[str]
    ) -> VersionAvailability | None:
        """Of the version, on the named sites."""
        sites = tuple(check_site_names(site_names) or [])
        key = (self.project_name, self.version_id, sites)
        found = await info.context.versions.load(key)
        return None if found is None else make_version(self.version_id, found)


@strawberry.type
class RepresentationEdge:
    representation: strawberry.Private[Representation]
    gate: strawberry.Private[Gate]
    cursor: str

    @strawberry.field
    async def node(self) -> Representation:
        # A row's fields are worked out without a pause, its files among them: so the
        # rows come in turns, each of a few that share their loaders' queries.
        await self.gate.wait()
        return self.representation


@strawberry.type
class RepresentationConnection:
    project_name: strawberry.Private[str]
    filters: strawberry.Private[Filters]
    edges: list[RepresentationEdge]
    page_info: PageInfo
    counting: strawberry.Private[asyncio.Future[Sums] | None] = None

    @strawberry.field
    async def total_count(self, info: GraphInfo) -> int:
        """Exact number of rows on all pages."""
        totals = info.context.backend.list_totals
        return await totals.total(self.project_name, self.filters)

    @strawberry.field
    async def total_files(self, info: GraphInfo) -> float:
        """Exact number of files of the rows on all pages."""
        return float((await self._count(info)).files)

    @strawberry.field
    async def total_bytes(self, info: GraphInfo) -> float:
        """Bytes of all files of the rows on all pages."""
        return float((await self._count(info)).bytes)

    @strawberry.field
    async def estimated_count(self, info: GraphInfo) -> int:
        """Number of rows as Postgres estimates it, at once."""
        totals = info.context.backend.list_totals
        return await totals.estimate(self.project_name, self.filters)

    async def _count(self, info: GraphInfo) -> Sums:
        """Count once, for whatever fields are asked for."""
        if self.counting is None:
            totals = info.context.backend.list_totals
            self.counting = asyncio.ensure_future(
                totals.sums(self.project_name, self.filters)
            )
        return await self.counting


@strawberry.type
class Project(ProjectActivity):
    @strawberry.field
    async def representations(  # noqa: PLR0913, PLR0917 - arguments of a field
        self,
        info: GraphInfo,
        site_names: list[str] | None = None,
        filter: RepresentationFilter | None = None,
        sort_by: RepresentationSort = RepresentationSort.FOLDER,
        sort_desc: bool = False,
        sort_site: str | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> RepresentationConnection:
        """Representations with their state on sites."""
        sites = check_site_names(site_names)
        site_name = sort_site or next(iter(sites or []), STUDIO_SITE)
        order = Order(sort_by.value, sort_desc, check_text("sortSite", site_name))
        part = _slice(order, first, after, last, before)
        with_files = _is_selected(info.selected_fields, "files")
        info.context.spend(part.count * (FILES_COST if with_files else 1))
        filters = _filters(
            filter or RepresentationFilter(), await info.context.paths(self.name)
        )
        page = await info.context.backend.representations.page(
            self.name, filters, part, sites, with_files
        )
        at_once = ROWS_WITH_FILES_AT_ONCE if with_files else ROWS_AT_ONCE
        return await _connection(self.name, filters, page, at_once)

    @strawberry.field
    async def versions(
        self, info: GraphInfo, ids: list[str], site_names: list[str]
    ) -> list[VersionAvailability]:
        """On which sites versions are; unknown ones are absent."""
        version_ids = list(dict.fromkeys(_ids("ids", ids) or []))
        info.context.spend(len(version_ids))
        sites = tuple(check_site_names(site_names) or [])
        keys = [(self.name, version_id, sites) for version_id in version_ids]
        found = await info.context.versions.load_many(keys)
        return [
            make_version(version_id, version)
            for version_id, version in zip(version_ids, found, strict=True)
            if version is not None
        ]

    @strawberry.field
    async def sites(self, info: GraphInfo) -> list[Site]:
        """Sites with their totals, at most two seconds old."""
        context = info.context
        sites = await context.backend.describe_sites(self.name, context.caller)
        return [make_site(site) for site in sites]


async def _connection(
    project_name: str, filters: Filters, page: Page, rows_at_once: int
) -> RepresentationConnection:
    rows = zip(page.rows(), page.cursors(), strict=True)
    gate = Gate(rows_at_once)
    return RepresentationConnection(
        project_name=project_name,
        filters=filters,
        edges=[
            RepresentationEdge(
                representation=_node(project_name, row),
                gate=gate,
                cursor=cursor,
            )
            async for row, cursor in in_turns(rows)
        ],
        page_info=PageInfo(
            start_cursor=page.info()["startCursor"],
            end_cursor=page.info()["endCursor"],
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
        ),
    )


def _node(project_name: str, row: dict[str, Any]) -> Representation:
    return Representation(
        project_name=project_name,
        id=row["representationId"],
        version_id=row["versionId"],
        folder_path=row["folderPath"],
        product=row["product"],
        product_type=row["productType"],
        version=row["version"],
        name=row["representation"],
        file_count=row["fileCount"],
        size=float(row["size"]),
        sites=[make_site_state(*item) for item in row["sites"].items()],
        files=[make_file(file) for file in row.get("files", [])],
    )


def _is_selected(selections: Any, name: str) -> bool:
    """Tell whether a field of that name is asked for somewhere below."""
    return any(
        getattr(selection, "name", None) == name
        or _is_selected(selection.selections, name)
        for selection in selections
    )


def _ids(field: str, ids: list[str] | None) -> list[str] | None:
    if ids is not None and len(ids) > MOST_IDS:
        msg = f"{field}: at most {MOST_IDS} ids are allowed; POST takes more"
        raise InvalidRequestError(field, msg)
    return check_ids(field, ids)


def _slice(
    order: Order,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Slice:
    is_backward = last is not None or before is not None
    if is_backward and (first is not None or after is not None):
        msg = "last and before cannot be used together with first and after"
        raise InvalidRequestError("last", msg)
    name = "last" if is_backward else "first"
    count = last if is_backward else first
    if count is None:
        count = DEFAULT_COUNT
    if not 1 <= count <= MOST_ROWS:
        msg = f"{name}: must be 1 to {MOST_ROWS}"
        raise InvalidRequestError(name, msg)
    cursor = (
        check_cursor("before", before, order.name)
        if is_backward
        else check_cursor("after", after, order.name)
    )
    return Slice(count, cursor, is_backward, order)


def _filters(wanted: RepresentationFilter, paths: Paths) -> Filters:
    """Return the checked filter.

    :raises InvalidRequestError: a value is not allowed.
    """
    statuses: dict[str, list[int]] = {}
    for item in wanted.statuses or []:
        site_name = check_text("statuses", item.site_name)
        statuses[site_name] = check_statuses("statuses", item.statuses) or []
    check_site_names(list(statuses))
    return Filters(
        paths=paths,
        search=check_text("search", wanted.search or ""),
        folder_ids=_ids("folderIds", wanted.folder_ids),
        representation_ids=_ids("representationIds", wanted.representation_ids),
        product_ids=_ids("productIds", wanted.product_ids),
        version_ids=_ids("versionIds", wanted.version_ids),
        product_types=check_texts("productTypes", wanted.product_types),
        representation_names=check_texts(
            "representationNames", wanted.representation_names
        ),
        versions=wanted.versions,
        statuses=statuses,
        has_error=wanted.has_error,
        error_text=check_text("errorText", wanted.error_text or ""),
        changed_since=_number("changedSince", wanted.changed_since, MAX_TIME),
        min_size=_whole("minSize", wanted.min_size),
        max_size=_whole("maxSize", wanted.max_size),
        include_inactive=wanted.include_inactive,
    )


def _number(field: str, value: float | None, most: float) -> float | None:
    if value is not None and not 0 <= value <= most:
        msg = f"{field}: must be 0 to {most}"
        raise InvalidRequestError(field, msg)
    return value


def _whole(field: str, value: float | None) -> int | None:
    number = _number(field, value, MAX_BIGINT)
    return None if number is None else min(int(number), MAX_BIGINT)
