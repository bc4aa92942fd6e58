"""Errors of the REST interface: each class fixes the HTTP status and a stable code.

The message is a sentence that names the field and says what to do. AYON answers with
`{"code": <status>, "detail": <message>, "errorCode": ..., ...}`; at 403 and 503 it
leaves out all but `code` and `detail`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .host import AyonException


class SiteSyncError(AyonException):
    """Base of all errors that a caller sees."""

    status: ClassVar[int] = 500
    error_code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail, errorCode=self.error_code, **extra)


class InvalidRequestError(SiteSyncError):
    """A field is missing or has a value that is not allowed."""

    status: ClassVar[int] = 400
    error_code = "invalid_request"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, field=field)


class BodyTooLargeError(SiteSyncError):
    """The request's body is larger than any that means something."""

    status: ClassVar[int] = 413
    error_code = "body_too_large"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, field="body")


class LocalSiteNameError(SiteSyncError):
    """`local` is each machine's own name for itself; nothing is stored under it."""

    status: ClassVar[int] = 400
    error_code = "local_site_name"

    def __init__(self) -> None:
        super().__init__(
            "siteName must not be 'local': use the site id of the machine",
            field="siteName",
        )


class UnknownFileError(SiteSyncError):
    """Posted file ids are not files of the representation; nothing was written."""

    status: ClassVar[int] = 400
    error_code = "unknown_file"


class UnknownSiteError(SiteSyncError):
    """The site is neither configured, nor a machine, nor in the project's states."""

    status: ClassVar[int] = 404
    error_code = "unknown_site"

    def __init__(self, site_name: str) -> None:
        super().__init__(
            f"siteName '{site_name[:80]}' is not known: add it to the Site Sync "
            "settings, or send the machine's id in the x-ayon-site-id header",
            field="siteName",
        )


class UnknownProjectError(SiteSyncError):
    status: ClassVar[int] = 404
    error_code = "unknown_project"

    def __init__(self, project_name: str, field: str = "projects") -> None:
        super().__init__(f"Project '{project_name[:80]}' does not exist", field=field)


class UnknownRepresentationError(SiteSyncError):
    status: ClassVar[int] = 404
    error_code = "unknown_representation"

    def __init__(self, representation_id: str) -> None:
        super().__init__(
            f"Representation {representation_id} does not exist",
            field="representationId",
        )


class UnknownJobError(SiteSyncError):
    status: ClassVar[int] = 404
    error_code = "unknown_job"

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"There is no job '{job_id[:80]}': finished ones are kept for a week",
            field="jobId",
        )


class NotAllowedError(SiteSyncError):
    """The caller may not do this; the message says who may."""

    status: ClassVar[int] = 403
    error_code = "not_allowed"


class LastCopyError(SiteSyncError):
    """Removing this would leave no synced copy anywhere."""

    status: ClassVar[int] = 409
    error_code = "last_copy"

    def __init__(self, site_name: str) -> None:
        super().__init__(self.describe(site_name), siteName=site_name)

    @staticmethod
    def describe(site_name: str) -> str:
        return (
            f"'{site_name}' holds the only synced copy of this representation: sync "
            "it to another site first, or let a manager remove it with force=true"
        )


class NewerStateError(SiteSyncError):
    """What was to be written is older than what somebody wrote since."""

    status: ClassVar[int] = 409
    error_code = "newer_state"

    def __init__(self, site_name: str) -> None:
        super().__init__(
            f"The state on '{site_name}' was written after writtenAt; it stays",
            siteName=site_name,
        )


class SiteIdInUseError(SiteSyncError):
    """Two agents run under one site id on different machines or roots."""

    status: ClassVar[int] = 409
    error_code = "site_id_in_use"

    def __init__(self, site_name: str, hostname: str) -> None:
        self.hostname = hostname
        super().__init__(
            f"siteName '{site_name}' is in use by an agent on '{hostname}': stop it, "
            "or give this machine a site id of its own (AYON_SITE_ID)",
            siteName=site_name,
            hostname=hostname,
        )


class TooManyWaitersError(SiteSyncError):
    """So many clients wait for events already that this one may not."""

    status: ClassVar[int] = 429
    error_code = "too_many_waiters"

    def __init__(self) -> None:
        super().__init__(
            "Too many clients wait for events: look for them again in a minute"
        )


class NotReadyError(SiteSyncError):
    """The project's tables are being prepared in the background."""

    status: ClassVar[int] = 503
    error_code = "not_ready"

    def __init__(self, project_name: str) -> None:
        super().__init__(
            f"Site Sync is preparing its tables in project '{project_name}': "
            "try again in a few seconds"
        )


class DatabaseFullError(SiteSyncError):
    """What was to be written is not; what is known can still be read."""

    status: ClassVar[int] = 503
    error_code = "database_full"

    def __init__(self) -> None:
        super().__init__(
            "The database of AYON has no space left, so nothing was written: free "
            "space on its disk, then try again"
        )


class DatabaseAwayError(SiteSyncError):
    """The connection broke, or the database did not answer in time."""

    status: ClassVar[int] = 503
    error_code = "database_away"

    def __init__(self) -> None:
        super().__init__(
            "The database of AYON broke off or did not answer in time: try again in "
            "a few seconds"
        )


class CrossedError(SiteSyncError):
    """Deletions in AYON crossed this each time that it was tried."""

    status: ClassVar[int] = 503
    error_code = "crossed"

    def __init__(self) -> None:
        super().__init__(
            "A project, or entities in it, were deleted or renamed in the middle of "
            "it: try again"
        )
