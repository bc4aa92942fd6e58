"""Requests and answers of the agent endpoints. JSON keys are camelCase."""

from __future__ import annotations

from typing import Literal

from ..domain.site import MAX_SITE_NAME_LENGTH
from ..host import Field, OPModel
from .file_reports import FileReports
from .models import MAX_FILES, MAX_INT, Bytes, HexId
from .removal_models import (
    MAX_REMOVALS,
    RemovalModel,
    RemovalReportModel,
    RemovalResultModel,
    ScanOrderModel,
)

MAX_TRANSFERS = 1000
MAX_LEASES = 1000


class AgentModel(OPModel):
    """A process that performs transfers. `roots` are its own site's, resolved.

    They are `{project: {root: path}}`, of older agents `{root: path}`.
    `id` stays over restarts, `runId` is new at each start: what an earlier run of the
    agent held is given back.
    """

    id: HexId
    runId: HexId | None = None
    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)
    hostname: str = Field(..., max_length=255)
    version: str = Field("", max_length=64)
    roots: dict[str, dict[str, str] | str] = Field(default_factory=dict)


class UnusableSiteModel(OPModel):
    """A site that the agent cannot use now in one project."""

    projectName: str = Field(..., max_length=255)
    siteName: str = Field(..., max_length=MAX_SITE_NAME_LENGTH)


class FaultySiteModel(OPModel):
    """A site that cannot be used: `message` says what to do; a long one is cut."""

    projectName: str = Field(..., max_length=255)
    siteName: str = Field(..., min_length=1, max_length=MAX_SITE_NAME_LENGTH)
    code: str = Field(..., regex="^[a-z_]{1,64}$(?!\n)")
    message: str = ""
    since: float = Field(..., ge=0, le=MAX_INT)


class HealthModel(OPModel):
    """What an agent tells of itself; the newest replaces what it told before."""

    bytesPerSecond: float = Field(0.0, ge=0, le=1e15)
    sites: list[FaultySiteModel] = Field(default_factory=list, max_items=1000)


class ClaimModel(OPModel):
    """Ask for work. `projects` null means all that the user may read.

    Nothing is given, and nothing is pending, from or to a site in `exclude`. Agents
    that delete files say how many representations' they take; those that scan say so.
    """

    agent: AgentModel
    projects: list[str] | None = Field(None, max_items=1000)
    serve: list[str] = Field(default_factory=list, max_items=100)
    exclude: list[UnusableSiteModel] = Field(default_factory=list, max_items=1000)
    variant: str = Field("production", max_length=64)
    maxTransfers: int = Field(20, ge=0, le=MAX_TRANSFERS)
    maxRemovals: int = Field(0, ge=0, le=MAX_REMOVALS)
    takesScans: bool = False
    maxFiles: int = Field(2000, ge=1, le=MAX_FILES)
    maxBytes: Bytes = Bytes(10_000_000_000)
    health: HealthModel | None = None


class LeaseModel(OPModel):
    projectName: str = Field(..., max_length=255)
    representationId: HexId
    siteName: str = Field(..., max_length=MAX_SITE_NAME_LENGTH)
    leaseToken: HexId


class TransferReportModel(LeaseModel):
    finished: bool = False
    files: FileReports = Field(default_factory=FileReports)


class ReportModel(OPModel):
    """Results of held transfers; an empty list is a sign of life."""

    agentId: HexId
    transfers: list[TransferReportModel] = Field(
        default_factory=list, max_items=MAX_LEASES
    )
    removals: list[RemovalReportModel] = Field(
        default_factory=list, max_items=MAX_REMOVALS
    )
    claim: ClaimModel | None = None
    health: HealthModel | None = None


class LeasesModel(OPModel):
    agentId: HexId
    leases: list[LeaseModel] = Field(..., max_items=MAX_LEASES)


class ReleaseModel(LeasesModel):
    """`stopping`: the agent ends, so its site is free for another at once."""

    stopping: bool = False


class TransferFileModel(OPModel):
    id: str
    path: str
    size: int
    hash: str
    hashType: str
    checksum: str | None
    attempt: int


class TransferLeaseModel(OPModel):
    token: str
    expiresAt: float


class TransferModel(OPModel):
    projectName: str
    representationId: str
    siteName: str
    sourceSite: str
    direction: Literal["upload", "download"]
    lease: TransferLeaseModel
    priority: int
    attempt: int
    variant: str
    folderPath: str
    product: str
    version: int
    representation: str
    files: list[TransferFileModel]


class ClaimAnswerModel(OPModel):
    transfers: list[TransferModel]
    removals: list[RemovalModel]
    scans: list[ScanOrderModel]
    leaseSeconds: float
    serverTime: float
    nextDueInSeconds: float | None
    pending: int = Field(..., le=MAX_INT)


class RejectedFileModel(OPModel):
    id: str
    errorCode: str
    detail: str


class TransferResultModel(OPModel):
    projectName: str
    representationId: str
    siteName: str
    state: Literal["held", "finished", "lost", "paused", "cancelled"]
    expiresAt: float | None
    rejected: list[RejectedFileModel]


class ClaimErrorModel(OPModel):
    code: int
    errorCode: str
    detail: str


class RefusedClaimModel(OPModel):
    """The claim in a report was refused; the results were taken."""

    error: ClaimErrorModel


class ReportAnswerModel(OPModel):
    transfers: list[TransferResultModel]
    removals: list[RemovalResultModel]
    claimed: ClaimAnswerModel | RefusedClaimModel | None


class RenewedLeaseModel(OPModel):
    projectName: str
    representationId: str
    siteName: str
    state: Literal["held", "lost"]
    expiresAt: float | None


class RenewAnswerModel(OPModel):
    leases: list[RenewedLeaseModel]


class ReleaseAnswerModel(OPModel):
    released: int
