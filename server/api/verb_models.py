"""Requests and answers of verbs over many rows. JSON keys are camelCase."""

from __future__ import annotations

from typing import Any, Literal

from ..domain.site import MAX_SITE_NAME_LENGTH
from ..errors import InvalidRequestError
from ..host import Field, OPModel
from .list_models import MAX_SITES, FilterModel
from .models import HexIds

VerbName = Literal[
    "queue",
    "remove",
    "retry",
    "reset",
    "verify",
    "pause",
    "resume",
    "cancel",
    "priority",
]


class SelectionModel(OPModel):
    """Representations: by id, by a filter, or all. Give exactly one of the three."""

    representationIds: HexIds | None = None
    filter: FilterModel | None = None
    all: bool = False

    def check(self) -> None:
        """Let a selection through that says one thing.

        :raises InvalidRequestError: none or several of the three are given.
        """
        given = [self.representationIds is not None, self.filter is not None, self.all]
        if sum(given) != 1:
            msg = (
                "selection: give exactly one of representationIds, filter and all=true"
            )
            raise InvalidRequestError("selection", msg)


class OrderModel(OPModel):
    """`dryRun` counts what would change and changes nothing."""

    selection: SelectionModel
    priority: int | None = Field(None, ge=1, le=1000)
    dryRun: bool = False


class VerbModel(OrderModel):
    """`force` is for managers: it lets the last copy go.

    `keepFiles`: what is removed is only forgotten, else agents delete its files.
    """

    siteNames: list[str] = Field(..., min_items=1, max_items=MAX_SITES)
    force: bool = False
    keepFiles: bool = False


class SeedModel(OrderModel):
    """Status 1 queues what has no row, 4 says that it is there already."""

    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)
    status: Literal[1, 4]


class ProblemModel(OPModel):
    representationId: str
    siteName: str
    errorCode: str
    detail: str


class VerbAnswerModel(OPModel):
    """`matched` and `changed` count rows. With a `jobId` the counts are the job's."""

    matched: int
    changed: int
    files: int
    bytes: int
    problems: list[ProblemModel]
    problemsOmitted: int
    undo: dict[str, Any] | None
    jobId: str | None


class JobModel(OPModel):
    jobId: str
    verb: str
    projectName: str
    userName: str
    state: Literal["running", "finished", "failed"]
    matched: int
    changed: int
    files: int
    bytes: int
    problems: list[ProblemModel]
    problemsOmitted: int
    startedAt: float
    finishedAt: float | None
    detail: str | None
