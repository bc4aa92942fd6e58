"""Names that other addons import from here."""

from .others import AbstractProvider

__all__ = ("AbstractProvider",)
