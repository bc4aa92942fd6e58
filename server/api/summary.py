"""Reads of the panel: lists of representations, totals, the sites of a project."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from ..checks import check_cursor
from ..domain.site import STUDIO_SITE
from ..errors import InvalidRequestError
from ..host import ClientSiteID, CurrentUser, ProjectName
from ..store.access import Caller, readable_paths
from ..store.filters import Filters
from ..store.representation_list import Order, Slice
from .answers import answer, answer_list
from .inputs import check_text, check_texts
from .list_models import (
    AnchorsAnswerModel,
    AnchorsModel,
    OrderModel,
    QueryAnswerModel,
    QueryModel,
    SummaryAnswerModel,
    SummaryModel,
)
from .models import ErrorModel, SitesModel
from .routing import SiteSyncRoute
from .services import Services

DEFAULT_COUNT = 50


class SummaryRoutes:
    """`representations/query`, `representations/anchors`, `summary` and `sites`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add(
            "/{project_name}/representations/query",
            self.query_representations,
            methods=["POST"],
            responses={200: {"model": QueryAnswerModel}},
        )
        add(
            "/{project_name}/representations/anchors",
            self.list_anchors,
            methods=["POST"],
            responses={200: {"model": AnchorsAnswerModel}},
        )
        add(
            "/{project_name}/summary",
            self.summarize,
            methods=["POST"],
            responses={200: {"model": SummaryAnswerModel}},
        )
        add(
            "/{project_name}/sites",
            self.list_sites,
            responses={200: {"model": SitesModel}},
        )

    async def query_representations(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        request: Request,
        query: QueryModel,
    ) -> Response:
        """Return a part of the list of representations with their state on sites."""
        await self._services.keeper.ensure_ready(project_name)
        filters = query.filters(await readable_paths(Caller(user), project_name))
        names = check_texts("siteNames", query.siteNames)
        part = slice_of(query)
        page = await self._services.representations.page(
            project_name,
            filters,
            part,
            names,
            query.withFiles,
        )
        totals = await self._totals(project_name, filters, query)
        others = {"pageInfo": page.info(), **totals}
        return await answer_list(request, "representations", page.rows(), others)

    async def _totals(
        self, project_name: str, filters: Filters, query: QueryModel
    ) -> dict[str, int | None]:
        total = files = size = None
        if query.withTotal == "estimated":
            total = await self._services.list_totals.estimate(project_name, filters)
        elif query.withTotal:
            sums = await self._services.list_totals.sums(project_name, filters)
            total, files, size = sums.total, sums.files, sums.bytes
        return {"total": total, "totalFiles": files, "totalBytes": size}

    async def list_anchors(
        self, project_name: ProjectName, user: CurrentUser, query: AnchorsModel
    ) -> Response:
        """Return cursors evenly spread over a list, to jump into it."""
        await self._services.keeper.ensure_ready(project_name)
        filters = query.filters(await readable_paths(Caller(user), project_name))
        anchors = await self._services.representations.anchors(
            project_name, filters, order_of(query), query.every, query.most
        )
        return answer({"anchors": anchors.cursors, "total": anchors.total})

    async def summarize(
        self, project_name: ProjectName, user: CurrentUser, wanted: SummaryModel
    ) -> Response:
        """Return totals by site and status, of all or of subtrees of folders."""
        folder_ids = None
        if wanted.folderIds is not None:
            folder_ids = [str(folder_id) for folder_id in wanted.folderIds]
        caller = Caller(user)
        return answer(
            await self.read_summary(project_name, caller, wanted.siteNames, folder_ids)
        )

    async def read_summary(
        self,
        project_name: str,
        caller: Caller,
        site_names: list[str] | None,
        folder_ids: list[str] | None,
    ) -> dict[str, Any]:
        await self._services.keeper.ensure_ready(project_name)
        names = check_texts("siteNames", site_names)
        paths = await readable_paths(caller, project_name)
        store = self._services.summary
        summary = await store.site_totals(project_name, paths)
        content: dict[str, Any] = {
            "sites": _of_sites(summary.totals, names),
            "asOf": summary.as_of,
        }
        if folder_ids is not None:
            content["folders"] = [
                {
                    "folderId": folder.folder_id,
                    "path": folder.path,
                    "sites": _of_sites(folder.totals, names),
                }
                for folder in await store.folder_totals(project_name, paths, folder_ids)
            ]
        return content

    async def list_sites(
        self, project_name: ProjectName, user: CurrentUser, site_id: ClientSiteID
    ) -> Response:
        """Return the sites of a project with totals by status and their agents.

        Active and remote are those of the caller and his machine.
        """
        await self._services.keeper.ensure_ready(project_name)
        caller = Caller(user, site_id)
        return answer(
            {"sites": await describe_sites(self._services, project_name, caller)}
        )


async def describe_sites(
    services: Services, project_name: str, caller: Caller
) -> list[dict[str, Any]]:
    """Describe what a caller sees of the project's sites, `studio` first."""
    sites = await services.configuration.for_caller(project_name, caller)
    paths = await readable_paths(caller, project_name)
    totals = (await services.summary.site_totals(project_name, paths)).totals
    own = [caller.site_id] if caller.site_id is not None else []
    # Also where nothing of the project is yet: it can be wanted there.
    own += await services.agents.live_sites_of(caller.name)
    if caller.is_manager:
        own += await services.agents.seen_machines()
    names = list(dict.fromkeys([STUDIO_SITE, *sites.configured, *own, *sorted(totals)]))
    agents = await services.agents.of_sites(names)
    defaults = await services.configuration.for_project(project_name)
    held = await services.activity.held_sites(project_name)
    serving = await services.agents.serving(defaults, held)
    rates = await services.problems.rates(project_name, paths)
    removing = await services.removals.count(project_name, paths)
    scans = await services.scans.list(project_name)

    def describe(name: str) -> dict[str, Any]:
        return {
            "siteName": name,
            "provider": sites.provider(name),
            "kind": sites.kind(name).value,
            "isActive": name == sites.active_site,
            "isRemote": name == sites.remote_site,
            "totals": totals.get(name, {}),
            "agents": agents.get(name, []),
            "servedBy": serving.get(name, []),
            "moving": rates.get(name, (0, 0.0))[0],
            "bytesPerSecond": rates.get(name, (0, 0.0))[1],
            "removing": removing.get(name, 0),
            "scan": scans.get(name),
        }

    return [describe(name) for name in names]


def slice_of(query: QueryModel) -> Slice:
    """Return which part of the list is asked for.

    :raises InvalidRequestError: forwards and backwards at once, or a bad cursor.
    """
    is_backward = query.last is not None or query.before is not None
    if is_backward and (query.first is not None or query.after is not None):
        msg = "last and before cannot be used together with first and after"
        raise InvalidRequestError("last" if query.last else "before", msg)
    order = order_of(query)
    return Slice(
        count=(query.last if is_backward else query.first) or DEFAULT_COUNT,
        cursor=check_cursor("before", query.before, order.name)
        if is_backward
        else check_cursor("after", query.after, order.name),
        is_backward=is_backward,
        order=order,
    )


def order_of(query: OrderModel) -> Order:
    site_name = query.sortSite or next(iter(query.siteNames or []), STUDIO_SITE)
    return Order(query.sortBy, query.sortDesc, check_text("sortSite", site_name))


def _of_sites(totals: dict[str, Any], names: list[str] | None) -> dict[str, Any]:
    if names is None:
        return totals
    return {name: totals.get(name, {}) for name in names}
