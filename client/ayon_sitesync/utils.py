"""Names that other addons import from here."""

from .compat_names import get_linked_representation_id, time_function
from .errors import ResumableError, SiteAlreadyPresentError
from .statuses import SiteSyncStatus, SyncStatus

__all__ = (
    "ResumableError",
    "SiteAlreadyPresentError",
    "SiteSyncStatus",
    "SyncStatus",
    "get_linked_representation_id",
    "time_function",
)
