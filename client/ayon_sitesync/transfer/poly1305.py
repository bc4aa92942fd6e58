"""Sums by Poly1305, which two places can be compared by at little cost.

It comes with `cryptography`, which SFTP needs anyway. A build of OpenSSL that is kept
to certified algorithms has none.
"""

from __future__ import annotations

import functools
import importlib

from ..providers.base import POLY1305_KEY


class Poly1305Hasher:
    """The sum of one stream. Once it is told nothing can be added."""

    def __init__(self) -> None:
        home = importlib.import_module("cryptography.hazmat.primitives.poly1305")
        self._sum = home.Poly1305(POLY1305_KEY)
        self._told = ""

    def update(self, data: memoryview) -> None:
        self._sum.update(data)

    def hexdigest(self) -> str:
        if not self._told:
            self._told = self._sum.finalize().hex()
        return self._told


@functools.cache
def is_usable() -> bool:
    """Whether this machine can compute it."""
    try:
        exceptions = importlib.import_module("cryptography.exceptions")
    except ImportError:
        return False
    try:
        Poly1305Hasher()
    except exceptions.UnsupportedAlgorithm:
        return False
    return True
