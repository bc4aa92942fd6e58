"""Settings of the addon: the keys, scopes and defaults that studios have stored."""

from .main import SiteSyncSettings

__all__ = ["SiteSyncSettings"]
