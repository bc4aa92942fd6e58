"""What a server's refusal means for the queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import (
    STORAGE_FULL,
    UNREACHABLE,
    MissingSourceError,
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)
from . import packets
from .session import LinkError, SftpStatusError


def map_status(
    error: SftpStatusError, *, path: str, site_name: str, is_source: bool
) -> TransferError:
    """The transfer error that a status about `path` means.

    SFTP version 3 has few codes; what else servers know they put into the text.
    """
    where = f"'{path}' on site '{site_name}'"
    text = error.text.lower()
    if error.code == packets.NO_SPACE or "no space" in text:
        reason = "the disk is full; free some space"
        return SiteUnhealthyError(site_name, reason, STORAGE_FULL)
    if error.code == packets.QUOTA_EXCEEDED or "quota" in text:
        reason = "the server's quota is used up; free some space"
        return SiteUnhealthyError(site_name, reason, STORAGE_FULL)
    if error.code == packets.NO_SUCH_FILE:
        if is_source:
            return MissingSourceError(f"{where} is missing.")
        return RetryableError(f"{where}: its folder was removed meanwhile.")
    if error.code == packets.PERMISSION_DENIED:
        return PermanentError(f"{where}: access is denied; check the permissions.")
    return RetryableError(f"{where}: the server says '{error.text or error.code}'.")


def map_link(error: LinkError, site_name: str) -> SiteUnhealthyError:
    reason = f"the connection is lost: {error}"
    return SiteUnhealthyError(site_name, reason, UNREACHABLE)


@contextmanager
def mapping_errors(path: str, site_name: str, *, is_source: bool) -> Iterator[None]:
    """Turn what the session raises about `path` into transfer errors."""
    try:
        yield
    except SftpStatusError as error:
        raise map_status(
            error, path=path, site_name=site_name, is_source=is_source
        ) from error
    except LinkError as error:
        raise map_link(error, site_name) from error
