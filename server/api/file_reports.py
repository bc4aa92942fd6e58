"""What agents report of files: a thousand in a request, checked in one pass.

A model for each of them took half of the time of a report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from pydantic import ValidationError, errors
from pydantic.error_wrappers import ErrorWrapper

from ..domain.file_reports import FileReport
from ..domain.files import MAX_BIGINT, MAX_MESSAGE_LENGTH
from ..domain.status import SiteStatus
from ..host import Field, OPModel
from .inputs import check_text, clean_message
from .models import MAX_FILES, Bytes

CHECKSUM = (
    "^(xxh3:[0-9a-f]{32}|blake2b:[0-9a-f]{64}|md5:[0-9a-f]{32}"
    "|sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64})$(?!\n)"
)
MAX_ID_LENGTH = 255

_is_checksum = re.compile(CHECKSUM).match
_PROOFS = ("content", "storage", "size")
_STATUSES = {
    int(status): status
    for status in (
        SiteStatus.IN_PROGRESS,
        SiteStatus.QUEUED,
        SiteStatus.FAILED,
        SiteStatus.SYNCED,
    )
}
# What is told of failures, of which there are few.
_FAILURE_KEYS = frozenset({"errorClass", "message", "retryAfterSeconds"})


class FileReportModel(OPModel):
    """`status`: 0 progress, 1 given back, 2 failed, 4 verified and in place.

    `sourceRead`: the source's content was read for that and is the same. A long
    `message` is cut.
    """

    id: str = Field(..., max_length=MAX_ID_LENGTH)
    status: Literal[0, 1, 2, 4]
    bytesDone: Bytes = Bytes(0)
    checksum: str | None = Field(None, regex=CHECKSUM)
    proof: Literal["content", "storage", "size"] | None = None
    sourceRead: bool = False
    errorClass: Literal[
        "retryable", "permanent", "quota", "missing_source", "corrupt"
    ] = "retryable"
    message: str | None = None
    retryAfterSeconds: float | None = Field(None, ge=0, le=30 * 24 * 3600)


class FileReports(list[FileReport]):
    """Reports of files, described and told apart by `FileReportModel`."""

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[[Any], list[FileReport]]]:
        yield cls._read

    @classmethod
    def __modify_schema__(cls, field_schema: dict[str, Any]) -> None:
        field_schema.update(
            type="array", items=FileReportModel.schema(), maxItems=MAX_FILES
        )

    @classmethod
    def _read(cls, value: Any) -> list[FileReport]:
        if not isinstance(value, list):
            raise errors.ListError
        if len(value) > MAX_FILES:
            raise errors.ListMaxLengthError(limit_value=MAX_FILES)
        return [
            _read_plain(item) or _read_any(item, number)
            for number, item in enumerate(value)
        ]


def _read_plain(item: Any) -> FileReport | None:
    """Return what is told of a file in the usual way; None: the model has to look."""
    if type(item) is not dict or not item.keys().isdisjoint(_FAILURE_KEYS):
        return None
    get = item.get
    file_id, done = get("id"), get("bytesDone", 0)
    checksum, proof, is_read = get("checksum"), get("proof"), get("sourceRead", False)
    number = get("status")
    if (
        type(file_id) is str
        and len(file_id) <= MAX_ID_LENGTH
        and file_id.isalnum()
        and file_id.isascii()
        and type(number) is int
        and number in _STATUSES
        and type(done) is int
        and 0 <= done <= MAX_BIGINT
        and (checksum is None or (type(checksum) is str and _is_checksum(checksum)))
        and (proof is None or proof in _PROOFS)
        and type(is_read) is bool
    ):
        return FileReport(file_id, _STATUSES[number], done, checksum, proof, is_read)
    return None


def _read_any(item: Any, number: int) -> FileReport:
    """Return what is told of a file.

    :raises ValidationError: it is wrong.
    """
    try:
        file = FileReportModel.validate(item)
    except (ValidationError, errors.DictError) as error:
        raise ValidationError(
            [ErrorWrapper(error, (number,))], FileReportModel
        ) from None
    return FileReport(
        id=check_text("files.id", file.id),
        status=_STATUSES[file.status],
        bytes_done=int(file.bytesDone),
        checksum=file.checksum,
        proof=file.proof,
        is_source_read=file.sourceRead,
        error_class=file.errorClass,
        message=clean_message((file.message or "")[:MAX_MESSAGE_LENGTH]) or None,
        retry_after_seconds=file.retryAfterSeconds,
    )
