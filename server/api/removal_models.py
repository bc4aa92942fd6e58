"""Requests and answers about removals and scans. JSON keys are camelCase."""

from __future__ import annotations

from typing import Literal

from ..domain.site import MAX_SITE_NAME_LENGTH
from ..host import Field, OPModel
from .models import MAX_FILES, HexId

MAX_REMOVALS = 1000


class FailedRemovalModel(OPModel):
    """A file that is still there. What failed for good is not tried again by itself."""

    id: str = Field(..., max_length=255)
    errorClass: Literal["retryable", "permanent"] = "retryable"
    message: str = ""


class RemovalReportModel(OPModel):
    """What became of files to delete; `deleted` are all so far. `finished` ends it."""

    projectName: str = Field(..., max_length=255)
    representationId: HexId
    siteName: str = Field(..., max_length=MAX_SITE_NAME_LENGTH)
    leaseToken: HexId
    deleted: list[str] = Field(default_factory=list, max_items=MAX_FILES)
    failed: list[FailedRemovalModel] = Field(default_factory=list, max_items=MAX_FILES)
    finished: bool = False


class RemovalFileModel(OPModel):
    id: str
    path: str
    size: int


class RemovalLeaseModel(OPModel):
    token: str
    expiresAt: float


class RemovalModel(OPModel):
    """Files to delete from a site, and nothing else of the representation."""

    projectName: str
    representationId: str
    siteName: str
    lease: RemovalLeaseModel
    variant: str
    files: list[RemovalFileModel]


class RemovalResultModel(OPModel):
    """`cancelled`: the files are wanted again; tell what is deleted, and end."""

    projectName: str
    representationId: str
    siteName: str
    state: Literal["held", "finished", "failed", "cancelled", "paused", "lost"]
    expiresAt: float | None


class ScanOrderModel(OPModel):
    """A scan of the agent's own site that somebody asked for."""

    projectName: str
    siteName: str
    requestedAt: float
