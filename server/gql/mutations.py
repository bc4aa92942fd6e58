"""What GraphQL changes: verbs over a selection, seeding, pauses. REST's own rules."""

# Annotations must be objects here: AYON loads the addon under a name of its own.

import enum
from typing import Any

import orjson
import strawberry
from strawberry.utils.str_converters import to_camel_case

from ..domain.verbs import Verb as DomainVerb
from .activity import GraphInfo
from .activity_types import VerbResult
from .shapes import make_shape
from .types import RepresentationFilter

# Each order may touch as many rows as REST's, and counts as this many besides its ids.
ORDER_COST = 500


@strawberry.enum
class Verb(enum.Enum):
    QUEUE = DomainVerb.QUEUE.value
    RETRY = DomainVerb.RETRY.value
    RESET = DomainVerb.RESET.value
    VERIFY = DomainVerb.VERIFY.value
    PAUSE = DomainVerb.PAUSE.value
    RESUME = DomainVerb.RESUME.value
    CANCEL = DomainVerb.CANCEL.value
    PRIORITY = DomainVerb.PRIORITY.value
    REMOVE = DomainVerb.REMOVE.value


@strawberry.enum
class PauseScope(enum.Enum):
    ALL = "all"
    PROJECT = "project"
    SITE = "site"


@strawberry.input(description="Representations: give exactly one of the three")
class Selection:
    representation_ids: list[str] | None = None
    filter: RepresentationFilter | None = None
    all: bool = False


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def apply_verb(  # noqa: PLR0913, PLR0917 - arguments of a field
        self,
        info: GraphInfo,
        project_name: str,
        verb: Verb,
        site_names: list[str],
        selection: Selection,
        priority: int | None = None,
        force: bool = False,
        keep_files: bool = False,
        dry_run: bool = False,
    ) -> VerbResult:
        """Do something to the rows of a selection on sites; see REST's verbs."""
        name = await info.context.enter(project_name)
        _spend(info, selection)
        content = await info.context.backend.apply_verb(
            name,
            info.context.caller,
            verb.value,
            {
                "siteNames": site_names,
                "selection": _plain(selection),
                "priority": priority,
                "force": force,
                "keepFiles": keep_files,
                "dryRun": dry_run,
            },
        )
        return _result(content)

    @strawberry.mutation
    async def seed_site(
        self,
        info: GraphInfo,
        project_name: str,
        site_name: str,
        status: int,
        selection: Selection,
        priority: int | None = None,
        dry_run: bool = False,
    ) -> VerbResult:
        """Bring what was published before to a site (1), or say it is there (4)."""
        name = await info.context.enter(project_name)
        _spend(info, selection)
        content = await info.context.backend.seed_site(
            name,
            info.context.caller,
            {
                "siteName": site_name,
                "status": status,
                "selection": _plain(selection),
                "priority": priority,
                "dryRun": dry_run,
            },
        )
        return _result(content)

    @strawberry.mutation
    async def set_pause(
        self,
        info: GraphInfo,
        scope: PauseScope,
        paused: bool,
        project_name: str | None = None,
        site_name: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Pause everything, a project or a site, or let it go on; true when done."""
        info.context.spend(ORDER_COST)
        body = {
            "scope": scope.value,
            "projectName": project_name,
            "siteName": site_name,
            "paused": paused,
            "reason": reason,
        }
        await info.context.backend.set_pause(info.context.caller, body)
        return True


def _spend(info: GraphInfo, selection: Selection) -> None:
    ids = list(selection.representation_ids or [])
    if selection.filter is not None:
        ids += selection.filter.representation_ids or []
    info.context.spend(ORDER_COST + len(ids))


def _plain(selection: Selection) -> dict[str, Any]:
    """Return a selection as REST takes it."""
    chosen: dict[str, Any] = {
        "representationIds": selection.representation_ids,
        "all": selection.all,
    }
    if selection.filter is not None:
        values = {
            to_camel_case(key): value for key, value in vars(selection.filter).items()
        }
        if selection.filter.statuses is not None:
            values["statuses"] = {
                item.site_name: item.statuses for item in selection.filter.statuses
            }
        chosen["filter"] = values
    return chosen


def _result(content: dict[str, Any]) -> VerbResult:
    undo = content["undo"]
    text = None if undo is None else orjson.dumps(undo).decode()
    return make_shape(VerbResult, {**content, "undo": text})
