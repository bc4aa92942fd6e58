"""Reads of the panel: lists of representations, and the sites of a project."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from ..domain.cursor import Cursor, decode_cursor
from ..domain.site import STUDIO_SITE
from ..errors import InvalidRequestError
from ..host import ClientSiteID, CurrentUser, ProjectName
from ..store.access import Caller, readable_paths
from ..store.summary import Filters, Slice
from .answers import answer
from .inputs import check_text, check_texts
from .models import ErrorModel, QueryAnswerModel, QueryModel, SitesModel
from .routing import SiteSyncRoute
from .services import Services

DEFAULT_COUNT = 50


class SummaryRoutes:
    """`representations/query` and `sites`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        self.router.add_api_route(
            "/{project_name}/representations/query",
            self.query_representations,
            methods=["POST"],
            responses={200: {"model": QueryAnswerModel}},
        )
        self.router.add_api_route(
            "/{project_name}/sites",
            self.list_sites,
            responses={200: {"model": SitesModel}},
        )

    async def query_representations(
        self, project_name: ProjectName, user: CurrentUser, query: QueryModel
    ) -> Response:
        """Return a part of the list of representations with their state on sites."""
        await self._services.keeper.ensure_ready(project_name)
        filters = Filters(
            paths=await readable_paths(Caller(user), project_name),
            search=check_text("search", query.search or ""),
            folder_ids=_plain(query.folderIds),
            representation_ids=_plain(query.representationIds),
            statuses={
                check_text("statuses", name): [int(status) for status in statuses]
                for name, statuses in (query.statuses or {}).items()
            },
        )
        summary = self._services.summary
        page = await summary.page(
            project_name,
            filters,
            _part(query),
            check_texts("siteNames", query.siteNames),
            query.withFiles,
        )
        total = await summary.total(project_name, filters) if query.withTotal else None
        return answer(
            {"representations": page.rows, "pageInfo": page.info(), "total": total}
        )

    async def list_sites(
        self, project_name: ProjectName, user: CurrentUser, site_id: ClientSiteID
    ) -> Response:
        """Return the sites of a project with totals by status and their agents.

        Active and remote are those of the caller and his machine.
        """
        await self._services.keeper.ensure_ready(project_name)
        caller = Caller(user, site_id)
        sites = await self._services.configuration.for_caller(project_name, caller)
        paths = await readable_paths(caller, project_name)
        totals = await self._services.summary.site_totals(project_name, paths)
        own = [site_id] if site_id is not None else []
        names = list(
            dict.fromkeys([STUDIO_SITE, *sites.configured, *own, *sorted(totals)])
        )
        agents = await self._services.agents.of_sites(names)

        def describe(name: str) -> dict[str, Any]:
            configured = sites.configured.get(name)
            return {
                "siteName": name,
                "provider": configured.provider if configured else "local_drive",
                "kind": sites.kind(name).value,
                "isActive": name == sites.active_site,
                "isRemote": name == sites.remote_site,
                "totals": totals.get(name, {}),
                "agents": agents.get(name, []),
            }

        return answer({"sites": [describe(name) for name in names]})


def _part(query: QueryModel) -> Slice:
    """Return which part of the list is asked for.

    :raises InvalidRequestError: forwards and backwards at once, or a bad cursor.
    """
    is_backward = query.last is not None or query.before is not None
    if is_backward and (query.first is not None or query.after is not None):
        msg = "last and before cannot be used together with first and after"
        raise InvalidRequestError("last" if query.last else "before", msg)
    return Slice(
        count=(query.last if is_backward else query.first) or DEFAULT_COUNT,
        cursor=_cursor("before", query.before)
        if is_backward
        else _cursor("after", query.after),
        is_backward=is_backward,
        sort_by=query.sortBy,
        is_descending=query.sortDesc,
    )


def _cursor(field: str, text: str | None) -> Cursor | None:
    if text is None:
        return None
    try:
        return decode_cursor(text)
    except ValueError as error:
        msg = f"{field}: {error}; take it from pageInfo"
        raise InvalidRequestError(field, msg) from None


def _plain(ids: list[Any] | None) -> list[str] | None:
    return None if ids is None else [str(value) for value in ids]
