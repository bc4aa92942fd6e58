"""Fields of a project about work: transfers, runs, problems, totals of folders."""

# Annotations must be objects here: AYON loads the addon under a name of its own.

from typing import Any

import strawberry
from strawberry.types import Info

from ..checks import check_ids, check_texts
from ..errors import InvalidRequestError
from .activity_types import (
    Explanation,
    FolderSummary,
    History,
    Problem,
    SiteSummary,
    Summary,
    Transfers,
)
from .loaders import RequestContext
from .shapes import make_shape
from .types import make_totals

GraphInfo = Info[RequestContext, None]

DEFAULT_COUNT = 50
MOST_ROWS = 1000
MOST_FOLDERS = 200
MOST_SITES = 100
# What a field costs that looks at the rows of a project for its few lines.
SEARCH_COST = 100


@strawberry.type
class ProjectActivity:
    name: str

    @strawberry.field
    async def transfers(
        self,
        info: GraphInfo,
        first: int = DEFAULT_COUNT,
        site_names: list[str] | None = None,
    ) -> Transfers:
        """What agents are at, and what comes next; to all sites or the named."""
        info.context.spend(2 * _count(first))
        content = await info.context.backend.read_transfers(
            self.name, info.context.caller, first, check_site_names(site_names)
        )
        return make_shape(Transfers, content)

    @strawberry.field
    async def history(
        self,
        info: GraphInfo,
        representation_id: str,
        site_name: str | None = None,
        first: int = DEFAULT_COUNT,
        after: str | None = None,
    ) -> History:
        """Runs about a representation, newest first."""
        info.context.spend(_count(first))
        content = await info.context.backend.read_history(
            self.name, info.context.caller, (representation_id, site_name, first, after)
        )
        return make_shape(History, content)

    @strawberry.field
    async def explanation(
        self, info: GraphInfo, representation_id: str, site_name: str
    ) -> Explanation:
        """Why a representation is, or is not, on a site: what to see to comes first."""
        info.context.spend(SEARCH_COST)
        content = await info.context.backend.read_explanation(
            self.name, info.context.caller, representation_id, site_name
        )
        return make_shape(Explanation, content)

    @strawberry.field
    async def problems(self, info: GraphInfo) -> list[Problem]:
        """What is wrong: errors first, and of these what began last."""
        info.context.spend(SEARCH_COST)
        context = info.context
        found = await context.backend.read_problems(self.name, context.caller)
        return [make_shape(Problem, each) for each in found]

    @strawberry.field
    async def summary(
        self,
        info: GraphInfo,
        site_names: list[str] | None = None,
        folder_ids: list[str] | None = None,
    ) -> Summary:
        """Totals of the project, and of the named folders with all below."""
        folders = check_ids("folderIds", folder_ids) or []
        if len(folders) > MOST_FOLDERS:
            msg = f"folderIds: at most {MOST_FOLDERS} are allowed"
            raise InvalidRequestError("folderIds", msg)
        info.context.spend(SEARCH_COST * (1 + len(folders)) // 10)
        content = await info.context.backend.read_summary(
            self.name,
            info.context.caller,
            check_site_names(site_names),
            folders or None,
        )
        return Summary(
            sites=_site_summaries(content["sites"]),
            folders=[
                FolderSummary(
                    folder_id=folder["folderId"],
                    path=folder["path"],
                    sites=_site_summaries(folder["sites"]),
                )
                for folder in content.get("folders", [])
            ],
            as_of=content["asOf"],
        )


def check_site_names(names: list[str] | None) -> list[str] | None:
    """Return names of sites that Postgres can hold.

    :raises InvalidRequestError: there are too many, or one cannot be a name.
    """
    if names is not None and len(names) > MOST_SITES:
        msg = f"siteNames: at most {MOST_SITES} are allowed"
        raise InvalidRequestError("siteNames", msg)
    return check_texts("siteNames", names)


def _site_summaries(sites: dict[str, Any]) -> list[SiteSummary]:
    return [
        SiteSummary(site_name=name, totals=make_totals(totals))
        for name, totals in sites.items()
    ]


def _count(first: int) -> int:
    if not 1 <= first <= MOST_ROWS:
        msg = f"first: must be 1 to {MOST_ROWS}"
        raise InvalidRequestError("first", msg)
    return first
