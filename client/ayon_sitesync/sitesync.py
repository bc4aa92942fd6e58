"""Names that other addons import from here."""

from .compat_names import download_last_published_workfile

__all__ = ("download_last_published_workfile",)
