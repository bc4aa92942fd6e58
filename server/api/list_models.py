"""Requests and answers of lists, summaries and availability."""

from __future__ import annotations

from typing import Literal

from pydantic import ConstrainedInt

from ..domain.status import SiteStatus
from ..errors import InvalidRequestError
from ..host import Field, OPModel
from ..store.access import Paths
from ..store.filters import Filters
from .inputs import check_text, check_texts
from .models import MAX_INT, Bytes, HexId, HexIds, RowModel, TotalsModel

MAX_PAGE = 1000
MAX_SITES = 100
MAX_NAMES = 1000
MAX_ANCHORS = 1000
# Epoch seconds that Postgres can hold.
MAX_TIME = 253_402_214_400

SortKey = Literal[
    "folder",
    "product",
    "version",
    "representation",
    "id",
    "status",
    "priority",
    "changed",
    "size",
]


class AvailabilityIds(HexIds):
    max_items = 50_000


class VersionNumber(ConstrainedInt):
    """Negative for a hero version."""

    ge = -MAX_INT
    le = MAX_INT


class FilterModel(OPModel):
    """What a list is narrowed to: all conditions hold; null = no condition."""

    search: str | None = Field(
        None, description="Words, each in path, product or representation"
    )
    folderIds: HexIds | None = Field(None, description="With all folders below")
    productIds: HexIds | None = None
    versionIds: HexIds | None = None
    representationIds: HexIds | None = None
    productTypes: list[str] | None = Field(None, max_items=MAX_NAMES)
    representationNames: list[str] | None = Field(None, max_items=MAX_NAMES)
    versions: list[VersionNumber] | None = Field(None, max_items=MAX_NAMES)
    statuses: dict[str, list[SiteStatus]] | None = Field(
        None, description="Wanted statuses by site; -1 also means: no row"
    )
    hasError: bool | None = Field(
        None, description="With a failed file on any site, or without"
    )
    errorText: str | None = Field(None, description="Part of an error, on any site")
    changedSince: float | None = Field(
        None, ge=0, le=MAX_TIME, description="Epoch seconds, on any site"
    )
    minSize: Bytes | None = None
    maxSize: Bytes | None = None
    includeInactive: bool = False

    def filters(self, paths: Paths) -> Filters:
        """Return the checked conditions of a caller who may read `paths`.

        :raises InvalidRequestError: a text cannot be stored, so nothing has it.
        """
        if self.statuses is not None and len(self.statuses) > MAX_SITES:
            msg = f"statuses: at most {MAX_SITES} sites are allowed"
            raise InvalidRequestError("statuses", msg)
        return Filters(
            paths=paths,
            search=check_text("search", self.search or ""),
            folder_ids=self.folderIds,
            representation_ids=self.representationIds,
            product_ids=self.productIds,
            version_ids=self.versionIds,
            product_types=check_texts("productTypes", self.productTypes),
            representation_names=check_texts(
                "representationNames", self.representationNames
            ),
            versions=None if self.versions is None else list(map(int, self.versions)),
            statuses={
                check_text("statuses", name): [int(status) for status in statuses]
                for name, statuses in (self.statuses or {}).items()
            },
            has_error=self.hasError,
            error_text=check_text("errorText", self.errorText or ""),
            changed_since=self.changedSince,
            min_size=None if self.minSize is None else int(self.minSize),
            max_size=None if self.maxSize is None else int(self.maxSize),
            include_inactive=self.includeInactive,
        )


class OrderModel(FilterModel):
    """A filter, and an order by what AYON or a site says of a representation."""

    sortBy: SortKey = "folder"
    sortDesc: bool = False
    sortSite: str | None = Field(
        None,
        description="Whose row counts for status, priority, changed and size: "
        "the first of siteNames if null, else studio. What has no row there is last",
    )
    siteNames: list[str] | None = Field(None, max_items=MAX_SITES)


class QueryModel(OrderModel):
    """What a list of representations shows, and which part of it.

    `first` after the cursor `after`, or `last` before the cursor `before`.
    """

    first: int | None = Field(None, ge=1, le=MAX_PAGE)
    after: str | None = None
    last: int | None = Field(None, ge=1, le=MAX_PAGE)
    before: str | None = None
    withFiles: bool = False
    withTotal: Literal["exact", "estimated"] | bool = Field(
        False,
        description="true = exact; estimated costs nothing, and tells rows only",
    )


class PageInfoModel(OPModel):
    startCursor: str | None
    endCursor: str | None
    hasNextPage: bool
    hasPreviousPage: bool


class QueryAnswerModel(OPModel):
    representations: list[RowModel]
    pageInfo: PageInfoModel
    total: int | None
    totalFiles: int | None = Field(None, description="null unless exact")
    totalBytes: int | None = Field(None, description="null unless exact")


class AnchorsModel(OrderModel):
    """Which list, and how far apart its anchors are."""

    every: int = Field(1000, ge=10, le=MAX_INT)
    most: int = Field(MAX_ANCHORS, ge=1, le=MAX_ANCHORS)


class AnchorsAnswerModel(OPModel):
    anchors: list[str] = Field(
        ..., description="Cursors of rows `every`, 2 * `every`, ... of the list"
    )
    total: int


class AvailabilityModel(OPModel):
    """Either ids of versions or of representations."""

    versionIds: AvailabilityIds | None = None
    representationIds: AvailabilityIds | None = None
    siteNames: list[str] = Field(..., max_items=MAX_SITES)


class VersionAvailabilityModel(OPModel):
    total: int = Field(..., description="Active representations of the version")
    sites: dict[str, int] = Field(..., description="SYNCED ones by site")


class SiteAvailabilityModel(OPModel):
    status: int
    progress: float = Field(..., description="Share of the bytes, 0 to 1")


class AvailabilityAnswerModel(OPModel):
    """What the caller may read of the ids; others are absent."""

    versions: dict[str, VersionAvailabilityModel] | None = None
    representations: dict[str, dict[str, SiteAvailabilityModel]] | None = None


class SummaryModel(OPModel):
    siteNames: list[str] | None = Field(None, max_items=MAX_SITES)
    folderIds: list[HexId] | None = Field(None, max_items=MAX_NAMES)


class FolderSummaryModel(OPModel):
    folderId: str
    path: str
    sites: dict[str, dict[str, TotalsModel]]


class SummaryAnswerModel(OPModel):
    """Totals by site and status."""

    sites: dict[str, dict[str, TotalsModel]]
    folders: list[FolderSummaryModel] | None = None
    asOf: float = Field(..., description="Epoch seconds, at most two seconds ago")
