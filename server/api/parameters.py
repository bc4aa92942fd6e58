"""Query parameters of `GET state`, the two-site list of the existing addon."""

# Annotations must be objects here: FastAPI does not resolve names of a class.

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query

from ..errors import InvalidRequestError
from ..store.access import Paths
from ..store.two_site_list import TwoSiteQuery
from .inputs import check_ids, check_statuses, check_text, check_texts
from .models import MAX_INT

DEFAULT_PAGE_LENGTH = 50
MAX_PAGE_LENGTH = 10_000

TwoSiteSort = Literal[
    "folder", "product", "version", "representation", "localStatus", "remoteStatus"
]
Texts = Annotated[list[str] | None, Query()]
Statuses = Annotated[list[int] | None, Query()]


@dataclass
class TwoSiteParameters:
    """Filters, order and page. Texts match a part of a name, whatever the case."""

    localSite: Annotated[str, Query(description="Name of the local site")]
    remoteSite: Annotated[str, Query(description="Name of the remote site")]
    representationIds: Texts = None
    repreNameFilter: Texts = None
    folderFilter: str | None = None
    folderIdsFilter: Texts = None
    productFilter: str | None = None
    versionFilter: Annotated[int | None, Query(ge=-MAX_INT, le=MAX_INT)] = None
    versionIdsFilter: Texts = None
    localStatusFilter: Statuses = None
    remoteStatusFilter: Statuses = None
    sortBy: TwoSiteSort = "folder"
    sortDesc: bool = False
    bothOnly: bool = False
    page: Annotated[int, Query(ge=1, le=MAX_INT)] = 1
    pageLength: Annotated[int | None, Query(ge=1)] = None

    def query(self, paths: Paths) -> TwoSiteQuery:
        """Return the checked query.

        :raises InvalidRequestError: a value is not allowed.
        """
        names_ids = (
            self.representationIds is not None or self.versionIdsFilter is not None
        )
        limit = _page_length(self.pageLength, names_ids)
        return TwoSiteQuery(
            local_site=check_text("localSite", self.localSite),
            remote_site=check_text("remoteSite", self.remoteSite),
            paths=paths,
            representation_ids=check_ids("representationIds", self.representationIds),
            representation_names=check_texts("repreNameFilter", self.repreNameFilter),
            folder_name=check_text("folderFilter", self.folderFilter or ""),
            folder_ids=check_ids("folderIdsFilter", self.folderIdsFilter),
            product_name=check_text("productFilter", self.productFilter or ""),
            version=self.versionFilter,
            version_ids=check_ids("versionIdsFilter", self.versionIdsFilter),
            local_statuses=check_statuses("localStatusFilter", self.localStatusFilter),
            remote_statuses=check_statuses(
                "remoteStatusFilter", self.remoteStatusFilter
            ),
            both_only=self.bothOnly,
            sort_by=self.sortBy,
            is_descending=self.sortDesc,
            limit=limit,
            offset=(self.page - 1) * (limit or 0),
        )


def _page_length(page_length: int | None, names_ids: bool) -> int | None:
    if page_length is None:
        return None if names_ids else DEFAULT_PAGE_LENGTH
    if page_length > MAX_PAGE_LENGTH:
        msg = (
            f"pageLength: at most {MAX_PAGE_LENGTH} is allowed; to read more, page "
            "through POST representations/query with a cursor"
        )
        raise InvalidRequestError("pageLength", msg)
    return page_length
