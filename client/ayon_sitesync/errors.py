"""Every error of the client half, and the one place that reads operating system errors.

A `TransferError` carries what the queue needs to decide: its class as in the wire
contract (`error_class`) and, when storage names one, the seconds to wait.
A `SiteUnhealthyError` is about a whole site, so that no single file pays for it.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from typing import Callable, ClassVar, Optional, TypeVar, Union

T = TypeVar("T")


class SiteSyncError(Exception):
    """Base of all errors of Site Sync's client half."""


class InputError(SiteSyncError):
    """What the caller gave cannot be used; the message names it and what is allowed."""


class SiteAlreadyPresentError(SiteSyncError):
    """The representation has a row on the site, and the caller did not ask for a new
    one. Kept by name: other addons catch it."""


class ResumableError(SiteSyncError):
    """A provider of others could not go on now and may later. Kept by name."""


class UnknownSiteError(SiteSyncError, ValueError):
    """No such site in the settings. A `ValueError`, as callers in AYON expect."""


class GivenUpError(SiteSyncError, ValueError):
    """A representation failed as often as the caller was ready to wait for."""


# --- transfers -----------------------------------------------------------------------


class TransferError(SiteSyncError):
    """A file could not be transferred. `retry_after` is in seconds, None = unknown."""

    error_class: ClassVar[str] = "retryable"

    def __init__(self, message: str, *, retry_after: Optional[float] = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RetryableError(TransferError):
    """Trying again may help: a busy file, a broken link, a source still changing."""

    error_class = "retryable"


class PermanentError(TransferError):
    """Trying again without a change by someone cannot help."""

    error_class = "permanent"


class QuotaError(TransferError):
    """Storage asks to slow down or refuses more for now."""

    error_class = "quota"


class MissingSourceError(TransferError):
    """The source site does not have the file that its state says it has."""

    error_class = "missing_source"


class CorruptError(TransferError):
    """Content differs from what was published or from what was sent."""

    error_class = "corrupt"


class PathError(PermanentError):
    """A path from the database cannot or must not be used on this machine."""


UNUSABLE = "unusable"
STORAGE_FULL = "storage_full"
NOT_MOUNTED = "not_mounted"
UNREACHABLE = "unreachable"
CREDENTIALS_REFUSED = "credentials_refused"
WRONG_SETTING = "wrong_setting"
DRIVER_MISSING = "driver_missing"
"""Codes of what is wrong with a site, the same in every version."""


class SiteUnhealthyError(TransferError):
    """A whole site cannot be used now: unmounted, full, not configured, refused.

    Files in flight are given back without counting an attempt. `code` is stable.
    """

    def __init__(self, site_name: str, reason: str, code: str = UNUSABLE) -> None:
        super().__init__(f"Site '{site_name}': {reason}")
        self.site_name = site_name
        self.reason = reason
        self.code = code


class SiteClosedError(SiteUnhealthyError):
    """The timetable of a site allows no transfers now; nothing is wrong."""


class TransferCancelledError(SiteSyncError):
    """The transfer was stopped by its owner or lost its lease; nothing is wrong.

    `goes_on`: only for now, so that what is there already is kept.
    """

    def __init__(self, message: str, *, goes_on: bool = False) -> None:
        super().__init__(message)
        self.goes_on = goes_on


def describe_origin(error: BaseException) -> str:
    """Kind and place of an error of others' code, for logs.

    Without its text, which may hold what it was given: passwords, tokens.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = "".join(f"\n  {f.filename}:{f.lineno} in {f.name}" for f in frames)
    return f"{type(error).__name__}{places}"


# --- the server ----------------------------------------------------------------------


class ServerError(SiteSyncError):
    """A request to the AYON server did not succeed."""


class ServerUnreachableError(ServerError):
    """No answer, or one that means "later": refused, timed out, 5xx."""


class NoAnswerError(ServerUnreachableError):
    """Nobody waits any longer for an answer; it may still come."""


class ServerFailedError(ServerUnreachableError):
    """It answered that it failed at this one request (5xx); others may succeed."""


class LoginRefusedError(ServerError):
    """The server does not accept the API key."""


class RequestRefusedError(ServerError):
    """The server understood and refused. `code` is stable, `status` the HTTP number."""

    def __init__(self, message: str, *, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class SiteIdInUseError(RequestRefusedError):
    """Another live agent uses this site id on another machine or with other roots."""


def make_refusal(message: str, status: int, code: str) -> RequestRefusedError:
    """The error that a refusal means."""
    make = SiteIdInUseError if code == "site_id_in_use" else RequestRefusedError
    return make(message, status=status, code=code)


# --- operating system ----------------------------------------------------------------

_SITE_REASONS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EROFS: "the storage is mounted read-only",
    errno.ENOTCONN: "the storage is not connected",
    errno.ESTALE: "the mount is stale; mount it again",
    errno.EHOSTDOWN: "the storage's host is down",
    errno.EHOSTUNREACH: "the storage's host cannot be reached",
    errno.ENODEV: "the storage's device is gone",
    errno.EDQUOT: "the disk quota is used up; free some space",
}
_PERMANENT_REASONS = {
    errno.EACCES: "access is denied; check the permissions",
    errno.EPERM: "the operation is not permitted; check the permissions",
    errno.ENAMETOOLONG: "the name is too long for this storage",
    errno.EISDIR: "a folder is in its place",
    errno.ENOTDIR: "a parent of it is a file",
    errno.EEXIST: "a file is in the place of its folder",
    errno.EINVAL: "the storage does not accept this name",
    errno.ELOOP: "its path is a loop of symbolic links",
    errno.EFBIG: "the file is too large for this storage",
}
_WINDOWS_IN_USE = (32, 33)
"""Sharing and lock violations, which Python calls "access denied"."""


def map_os_error(
    error: OSError, *, path: str, site_name: str, is_source: bool
) -> TransferError:
    """The transfer error that an operating system error about `path` means.

    A missing *source* file is the source's fault; a missing target folder was removed
    meanwhile and is worth another try.
    """
    if error.errno in _SITE_REASONS:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = STORAGE_FULL if is_full else NOT_MOUNTED
        return SiteUnhealthyError(site_name, _SITE_REASONS[error.errno], code)
    if getattr(error, "winerror", None) in _WINDOWS_IN_USE:
        return RetryableError(f"'{path}' on site '{site_name}' is in use.")
    if error.errno == errno.ENOENT and is_source:
        return MissingSourceError(f"'{path}' is missing on site '{site_name}'.")
    if error.errno in _PERMANENT_REASONS:
        reason = _PERMANENT_REASONS[error.errno]
        return PermanentError(f"'{path}' on site '{site_name}': {reason}.")
    reason = error.strerror or type(error).__name__
    return RetryableError(f"'{path}' on site '{site_name}': {reason}.")


def attempt_each(
    work: Callable[[str], T], paths: Sequence[str]
) -> list[Union[T, TransferError]]:
    """What `work` gives for each path, or why it does not.

    Raises `SiteUnhealthyError` at the first that meets it.
    """

    def attempt(path: str) -> Union[T, TransferError]:
        try:
            return work(path)
        except SiteUnhealthyError:
            raise
        except TransferError as error:
            return error

    return [attempt(path) for path in paths]
