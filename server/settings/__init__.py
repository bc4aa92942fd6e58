"""Settings of the addon: the keys, scopes and defaults that studios have stored."""

from .conversion import convert_overrides
from .leniency import leave_out_wrong_groups, leaving_out
from .main import SiteSyncSettings

__all__ = [
    "SiteSyncSettings",
    "convert_overrides",
    "leave_out_wrong_groups",
    "leaving_out",
]
