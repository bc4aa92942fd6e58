"""rclone's failures as ours, and nothing secret in them.

rclone answers with free text and echoes the whole request, credentials included. The
request is never read; the text is searched for values that must not be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Callable

from ...errors import (
    CREDENTIALS_REFUSED,
    DRIVER_MISSING,
    STORAGE_FULL,
    UNREACHABLE,
    WRONG_SETTING,
    CorruptError,
    MissingSourceError,
    PermanentError,
    QuotaError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)

NOT_FOUND = 404
SHOWN_CHARACTERS = 300
HIDDEN = "***"
SHORTEST_SECRET = 4
_LOGIN = re.compile(r"\b(basic|bearer)\s+[\w.~+/=-]{4,}", re.IGNORECASE)
"""A login as HTTP sends it. Some are made of what we never saw in clear."""

SLOW_DOWN_SECONDS = 30.0
DAY_LIMIT_SECONDS = 3600.0


class RcError(Exception):
    """rclone refused a call. The message holds no secret."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class DaemonLostError(Exception):
    """The daemon ended or does not answer; the next use starts another one."""


class DaemonStartError(Exception):
    """The daemon cannot be started; the message is a sentence for the user."""


def scrub(text: str, secrets: Iterable[str]) -> str:
    """`text` on one line, without any of `secrets` and without logins of HTTP."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    text = _LOGIN.sub(rf"\1 {HIDDEN}", text)
    return " ".join(text.split())


def _shorten(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


_URL = re.compile(r'"https?://[^"]*"|\bhttps?://\S+', re.IGNORECASE)


def _remove_names(text: str, path: str) -> str:
    """`text` without addresses and without the names in `path`.

    rclone's errors repeat them, and a file may be called `beauty.401.exr`. Its part is
    called after it; folders above the storage's own root are missing.
    """
    text = _URL.sub(" ", text)
    *folders, name = path.strip("/").split("/")
    if not name:  # the top itself
        return text
    for start in range(len(folders) + 1):
        above = "/".join([*folders[start:], ""])
        pattern = rf"(?<![\w-]){re.escape(above)}\.?{re.escape(name)}[\w.-]*"
        text = re.sub(pattern, " ", text)
    for start in range(len(folders) - 1):
        text = text.replace("/".join(folders[start:]), " ")
    return text


def _make_status_pattern(number: int, phrase: str) -> str:
    """Finds a status of HTTP, and no number that means something else."""
    return (
        rf"\b(error|status|code|response|http)\W{{0,4}}(code\W{{0,3}})?{number}\b"
        rf"|\b{number} {phrase}|\({number}\b"
    )


_SITE_FAULTS = (
    (
        r"SignatureDoesNotMatch|InvalidAccessKeyId|InvalidToken|ExpiredToken"
        r"|unauthorized|invalid_access_token|expired_access_token"
        r"|invalid_grant|invalid_client|invalid_select_user|missing_scope"
        r"|login required|unable to authenticate|invalid credentials"
        r"|private key should be|couldn't decode|error reading service account|"
        + _make_status_pattern(401, "unauthorized"),
        "the storage does not accept the credentials; check them in its settings",
        CREDENTIALS_REFUSED,
    ),
    (
        r"storageQuotaExceeded|insufficient_space|QuotaExceeded"
        r"|teamDriveFileLimitExceeded|no space left on (remote|storage)|"
        + _make_status_pattern(507, "insufficient"),
        "the storage's quota is used up; free some space",
        STORAGE_FULL,
    ),
    (
        r"NoSuchBucket",
        "its bucket does not exist; check the root folder",
        WRONG_SETTING,
    ),
    (
        r"connection refused|no such host|network is unreachable|no route to host"
        r"|x509|certificate|proxyconnect|server misbehaving",
        "the storage cannot be reached",
        UNREACHABLE,
    ),
    (
        r"no space left on device",
        "a disk of this machine is full; free some space",
        STORAGE_FULL,
    ),
)

_FILE_FAULTS: tuple[tuple[str, Callable[[str], TransferError]], ...] = (
    (
        r"dailyLimitExceeded|uploadLimitExceeded|download(ing)?Quota"
        r"|sharingRateLimitExceeded",
        lambda text: QuotaError(text, retry_after=DAY_LIMIT_SECONDS),
    ),
    (
        r"rateLimitExceeded|too_many_(requests|write_operations)|SlowDown"
        r"|TooManyRequests|RequestLimitExceeded|"
        + _make_status_pattern(429, "too many"),
        lambda text: QuotaError(text, retry_after=SLOW_DOWN_SECONDS),
    ),
    (r"corrupted on transfer|hashe?s? differ|BadDigest", CorruptError),
    (r"source file is being updated", RetryableError),
    (
        r"AccessDenied|permission denied|is a directory|not a file"
        r"|name too long|KeyTooLong|malformed_path|disallowed_name"
        r"|insufficientFilePermissions|no_write_permission|restricted_content|"
        + _make_status_pattern(403, "forbidden"),
        PermanentError,
    ),
)


def map_rc_error(
    error: Exception, *, path: str, site_name: str, is_source: bool
) -> TransferError:
    """The transfer error that a failed call about `path` means."""
    where = f"'{path}' on site '{site_name}'"
    if isinstance(error, DaemonStartError):
        return SiteUnhealthyError(site_name, str(error), DRIVER_MISSING)
    if not isinstance(error, RcError):
        return RetryableError(f"{where}: {error}")
    text = str(error)
    meaning = _remove_names(text, path)
    for pattern, reason, code in _SITE_FAULTS:
        if re.search(pattern, meaning, re.IGNORECASE):
            return SiteUnhealthyError(site_name, f"{reason} ({_shorten(text)})", code)
    for pattern, make in _FILE_FAULTS:
        if re.search(pattern, meaning, re.IGNORECASE):
            return make(f"{where}: {_shorten(text)}")
    if error.status == NOT_FOUND and is_source:
        return MissingSourceError(f"'{path}' is missing on site '{site_name}'.")
    return RetryableError(f"{where}: {_shorten(text)}")
