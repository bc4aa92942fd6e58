"""Digests, and which proof a route gives.

Digests are written `algorithm:hex`. New ones are xxh3 (xxh3-128); without the xxhash
package blake2b of 32 bytes. md5, sha1 and sha256 come from publishing.
"""

from __future__ import annotations

import hashlib
import importlib
from typing import Any, Callable, Optional, Protocol

from ..providers.base import Capabilities

CONTENT, SIZE = "content", "size"
"""Proof levels: the target's content was read and compared, or only its size."""


class Hasher(Protocol):
    """What hashlib and xxhash objects have in common here."""

    def update(self, data: memoryview) -> None: ...

    def hexdigest(self) -> str: ...


def _load_xxhash() -> Any:
    try:
        return importlib.import_module("xxhash")
    except ImportError:
        return None


_xxhash = _load_xxhash()


def _list_algorithms() -> dict[str, Callable[[], Hasher]]:
    found: dict[str, Callable[[], Hasher]] = {
        "blake2b": lambda: hashlib.blake2b(digest_size=32),
        "md5": lambda: hashlib.md5(usedforsecurity=False),
        "sha1": lambda: hashlib.sha1(usedforsecurity=False),
        "sha256": hashlib.sha256,
    }
    if _xxhash is not None:
        found["xxh3"] = _xxhash.xxh3_128
    return found


_ALGORITHMS = _list_algorithms()
_DIGEST_HEX_LENGTHS = {"xxh3": 32, "blake2b": 64, "md5": 32, "sha1": 40, "sha256": 64}


def own_algorithm() -> str:
    """The algorithm of digests that this machine computes first."""
    return "xxh3" if "xxh3" in _ALGORITHMS else "blake2b"


def normalize_checksum(checksum: Optional[str]) -> Optional[str]:
    """A digest that this machine can compute again, in lower case; else None."""
    if not checksum:
        return None
    algorithm, _, digest = checksum.lower().partition(":")
    if algorithm not in _ALGORITHMS or len(digest) != _DIGEST_HEX_LENGTHS[algorithm]:
        return None
    return f"{algorithm}:{digest}"


def proof_level(capabilities: Capabilities) -> str:
    """The proof that a route to such a target ends with."""
    return CONTENT if capabilities.reads_back else SIZE


class Digests:
    """Several digests of one stream of bytes."""

    def __init__(self, algorithms: set[str]) -> None:
        self._hashers = {name: _ALGORITHMS[name]() for name in sorted(algorithms)}
        self._list = list(self._hashers.values())

    def update(self, data: memoryview) -> None:
        for hasher in self._list:
            hasher.update(data)

    def get(self, algorithm: str) -> str:
        """The digest so far, as `algorithm:hex`."""
        return f"{algorithm}:{self._hashers[algorithm].hexdigest()}"


def algorithm_of(checksum: str) -> str:
    return checksum.partition(":")[0]
