"""Settings of the addon: the keys, scopes and defaults that studios have stored."""

from .conversion import convert_overrides
from .leniency import leaving_out
from .main import SiteSyncSettings

__all__ = ["SiteSyncSettings", "convert_overrides", "leaving_out"]
