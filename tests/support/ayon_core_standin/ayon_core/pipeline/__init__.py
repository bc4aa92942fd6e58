from __future__ import annotations

from .anatomy import Anatomy

__all__ = ("Anatomy",)
