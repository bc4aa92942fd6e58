"""Requests and answers of the state and summary endpoints. JSON keys are camelCase.

Answers are built from plain dicts; their models describe them in OpenAPI.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

from pydantic import ConstrainedInt, ConstrainedStr, ValidationError, errors
from pydantic.error_wrappers import ErrorWrapper

from ..domain.files import MAX_BIGINT
from ..domain.status import SiteStatus
from ..host import Field, OPModel
from .long_lists import LongList

MAX_INT = 2**31 - 1
MAX_FILES = 100_000


class HexId(ConstrainedStr):
    """An AYON id: 32 lower case hexadecimal characters."""

    regex = re.compile("^[0-9a-f]{32}$")
    max_length = 32  # `$` alone lets a line feed pass


class HexIds(list[str]):
    """Ids that are checked all at once: one by one, 50,000 hold others up."""

    max_items = 100_000

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[[Any], list[str]]]:
        yield cls._check

    @classmethod
    def __modify_schema__(cls, field_schema: dict[str, Any]) -> None:
        field_schema.update(
            type="array",
            items={
                "type": "string",
                "maxLength": HexId.max_length,
                "pattern": HexId.regex.pattern,
            },
            maxItems=cls.max_items,
        )

    @classmethod
    def _check(cls, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise errors.ListError
        if len(value) > cls.max_items:
            raise errors.ListMaxLengthError(limit_value=cls.max_items)
        is_id = HexId.regex.fullmatch
        for number, each in enumerate(value):
            if not isinstance(each, str) or not is_id(each):
                error = errors.StrRegexError(pattern=HexId.regex.pattern)
                raise ValidationError([ErrorWrapper(error, (number,))], ErrorModel)
        return value


class Bytes(ConstrainedInt):
    """A size that fits into a bigint."""

    ge = 0
    le = MAX_BIGINT


class ErrorModel(OPModel):
    """Every error: the message says what to do, `errorCode` is stable."""

    code: int
    detail: str
    errorCode: str | None = None
    field: str | None = None


class PostedFileModel(OPModel):
    """State of one file. Unknown keys, such as `totalSize`, are ignored."""

    id: str = Field(..., max_length=255)
    fileHash: str
    status: SiteStatus = SiteStatus.NOT_AVAILABLE
    size: Bytes = Bytes(0)
    timestamp: int = Field(
        default_factory=lambda: int(time.time()), ge=0, le=MAX_BIGINT
    )
    message: str | None = Field(None, max_length=10_000)
    retries: int = Field(0, ge=0, le=MAX_INT)
    progress: float | None = Field(None, ge=0, le=100, description="Share, 0 to 1")


class PostedFiles(LongList):
    item_model = PostedFileModel
    max_items = MAX_FILES


class StatePostModel(OPModel):
    files: PostedFiles
    priority: int | None = Field(None, ge=1, le=1000)


class StatusModel(OPModel):
    status: int
    size: int
    totalSize: int
    timestamp: int
    message: str | None = None
    retries: int = 0
    progress: float = Field(0.0, description="Share of the bytes, 0 to 1")


class TwoSiteFileModel(OPModel):
    id: str
    fileHash: str
    size: int
    path: str
    baseName: str
    localStatus: StatusModel
    remoteStatus: StatusModel


class TwoSiteItemModel(OPModel):
    folder: str
    product: str
    version: int
    representation: str
    representationId: str
    fileCount: int
    size: int = Field(..., description="Total size of all files")
    localStatus: StatusModel
    remoteStatus: StatusModel
    versionId: str
    files: list[TwoSiteFileModel]


class TwoSiteListModel(OPModel):
    representations: list[TwoSiteItemModel]


class ParamsModel(OPModel):
    count: int
    names: list[str]


class UserSitesModel(OPModel):
    """The only answer with underscores in its keys."""

    active_site: list[str] = Field(..., alias="active_site")
    remote_site: list[str] = Field(..., alias="remote_site")


class RepresentationStateModel(OPModel):
    representationId: str
    siteName: str
    status: int


class RowSiteModel(OPModel):
    status: int
    filesTotal: int
    filesSynced: int
    filesFailed: int
    filesVerified: int
    bytesTotal: int
    bytesDone: int
    changedAt: float | None
    priority: int
    message: str | None
    isRemoving: bool


class RowFileSiteModel(OPModel):
    status: int
    bytesDone: int
    proof: str | None
    message: str | None
    retries: int


class RowFileModel(OPModel):
    id: str
    path: str
    size: int
    sites: dict[str, RowFileSiteModel]


class RowModel(OPModel):
    representationId: str
    versionId: str
    folderPath: str
    product: str
    productType: str
    version: int
    representation: str
    fileCount: int
    size: int
    sites: dict[str, RowSiteModel]
    files: list[RowFileModel] | None = None


class TotalsModel(OPModel):
    representations: int
    files: int
    filesSynced: int
    filesVerified: int
    filesFailed: int
    bytes: int
    bytesDone: int


class SiteAgentModel(OPModel):
    agentId: str
    hostname: str
    userName: str
    version: str
    seenAt: float
    isLive: bool


class ScanModel(OPModel):
    """The last scan that somebody asked for; `message`: why it could not be done."""

    requestedAt: float
    startedAt: float | None
    finishedAt: float | None
    found: int | None
    missing: int | None
    different: int | None
    message: str | None


class SiteModel(OPModel):
    """`agents` run for the site, `servedBy` for another one and reach this from there.

    `moving` are transfers to it under way, `bytesPerSecond` is what arrives by them.
    """

    siteName: str
    provider: str
    kind: Literal["studio", "configured", "machine"]
    isActive: bool
    isRemote: bool
    totals: dict[str, TotalsModel]
    agents: list[SiteAgentModel]
    servedBy: list[SiteAgentModel]
    moving: int
    bytesPerSecond: float
    removing: int
    scan: ScanModel | None


class SitesModel(OPModel):
    sites: list[SiteModel]
