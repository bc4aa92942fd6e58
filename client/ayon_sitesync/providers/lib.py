"""Names that other addons import from here."""

from .others import ProviderFactory, factory

__all__ = ("ProviderFactory", "factory")
