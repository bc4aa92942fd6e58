"""Digests, and which proof a route gives.

Digests are written `algorithm:hex`. New ones are xxh3 (xxh3-128); without the xxhash
package blake2b of 32 bytes. md5, sha1 and sha256 come from publishing. poly1305 is for
comparing a part with what was sent and is kept nowhere.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable
from typing import Any, Callable, Optional, Protocol

from ..providers.base import POLY1305, Capabilities
from . import poly1305

CONTENT, STORAGE, SIZE = "content", "storage", "size"
"""Proof levels: the target's content was read and compared; the storage said the same
digest that the source has; or only the size is the same."""

DROPBOX_BLOCK_BYTES = 4 * 1024 * 1024


class Hasher(Protocol):
    """What hashlib and xxhash objects have in common here."""

    def update(self, data: memoryview) -> None: ...

    def hexdigest(self) -> str: ...


class DropboxHasher:
    """Dropbox's content hash: sha256 over the sha256 of each block of 4 MiB."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._block = hashlib.sha256()
        self._room = DROPBOX_BLOCK_BYTES

    def update(self, data: memoryview) -> None:
        while data:
            if not self._room:
                self._whole.update(self._block.digest())
                self._block = hashlib.sha256()
                self._room = DROPBOX_BLOCK_BYTES
            taken = data[: self._room]
            self._block.update(taken)
            self._room -= len(taken)
            data = data[len(taken) :]

    def hexdigest(self) -> str:
        whole = self._whole.copy()
        if self._room < DROPBOX_BLOCK_BYTES:
            whole.update(self._block.digest())
        return whole.hexdigest()


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
        "dropbox": DropboxHasher,
    }
    if _xxhash is not None:
        found["xxh3"] = _xxhash.xxh3_128
    return found


_ALGORITHMS = _list_algorithms()
_DIGEST_HEX_LENGTHS = {
    "xxh3": 32,
    "blake2b": 64,
    "md5": 32,
    "sha1": 40,
    "sha256": 64,
    "dropbox": 64,
}


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


def _make_hasher(algorithm: str) -> Hasher:
    if algorithm == POLY1305:
        return poly1305.Poly1305Hasher()
    return _ALGORITHMS[algorithm]()


class Digests:
    """Several digests of one stream of bytes."""

    def __init__(self, algorithms: set[str]) -> None:
        self._algorithms = sorted(algorithms)
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._hashers = {name: _make_hasher(name) for name in self._algorithms}
        self._list = list(self._hashers.values())

    def list_all(self) -> dict[str, str]:
        """Algorithm to hex of all so far; more may come after it."""
        return {name: self._hashers[name].hexdigest() for name in self._list_kept()}

    def has_same_algorithms(self, names: Iterable[str]) -> bool:
        """Whether `list_all` tells of these."""
        return sorted(names) == self._list_kept()

    def _list_kept(self) -> list[str]:
        """Without what can be told at the end only."""
        return [name for name in self._algorithms if name != POLY1305]

    def update(self, data: memoryview) -> None:
        for hasher in self._list:
            hasher.update(data)

    def get(self, algorithm: str) -> str:
        """The digest so far, as `algorithm:hex`."""
        return f"{algorithm}:{self._hashers[algorithm].hexdigest()}"


class Expected:
    """What a file's content must be, as far as it is recorded.

    `known` are digests that this machine can compute again; `algorithm` is the one that
    is reported, `algorithms` are all to compute.
    """

    def __init__(self, checksum: Optional[str], published_hash: Optional[str]) -> None:
        recorded = normalize_checksum(checksum)
        published = None if recorded else normalize_checksum(published_hash)
        self.known = [digest for digest in (recorded, published) if digest]
        # One digest is enough when a recorded one can be computed again.
        self.algorithm = algorithm_of(recorded) if recorded else own_algorithm()
        self.algorithms = {algorithm_of(digest) for digest in self.known}
        self.algorithms.add(self.algorithm)

    def matches(self, digests: Digests) -> bool:
        return all(digests.get(algorithm_of(known)) == known for known in self.known)

    def agrees(self, stored: str) -> bool:
        """Whether a storage's digest is what is recorded, as far as they compare."""
        algorithm = algorithm_of(stored)
        return all(
            known == stored for known in self.known if algorithm_of(known) == algorithm
        )

    def own(self, digests: Digests) -> str:
        """The one that is reported."""
        return digests.get(self.algorithm)


def algorithm_of(checksum: str) -> str:
    return checksum.partition(":")[0]


def is_computable(algorithm: str) -> bool:
    if algorithm == POLY1305:
        return poly1305.is_usable()
    return algorithm in _ALGORITHMS


def is_reported(checksum: str) -> bool:
    """Whether the server records checksums of this kind; some are a storage's own."""
    return algorithm_of(checksum) != "dropbox"
