"""Whether a file is at its target already, with the right content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from ..errors import MissingSourceError, PathError
from ..providers.base import FileStat, Provider, Reader
from .copy_result import CopyResult
from .source_file import digest_reader
from .verify import (
    STORAGE,
    Digests,
    Expected,
    algorithm_of,
    is_reported,
    normalize_checksum,
    proof_level,
)


@dataclass(frozen=True)
class Recognition:
    """One file at both ends. `tick(0)` is called while contents are read."""

    source: Provider
    source_path: str
    target: Provider
    target_path: str
    wanted: Expected
    tick: Callable[[int], None]

    def recognise(self, source: FileStat) -> Optional[CopyResult]:
        """The result when the target already has this content; None when it has not.

        `source` is the source as it was found.
        """
        try:
            found = self.target.stat(self.target_path)
        except PathError:
            # A link to elsewhere: what is copied takes its place.
            return None
        if found is None or found.size != source.size:
            return None
        stored = normalize_checksum(found.digest)
        if stored is not None:
            return self._recognise_stored(stored, source)
        return self._recognise_content(source)

    def _recognise_content(self, source: FileStat) -> Optional[CopyResult]:
        """The same by reading what is there."""
        wanted = self.wanted
        try:
            with self.target.open_reader(self.target_path) as reader:
                there = self._digest(reader, source.size, wanted.algorithms)
        except (PathError, MissingSourceError):
            # A link to elsewhere by now, or gone.
            return None
        if there is None:
            return None
        if wanted.known:
            if not wanted.matches(there):
                return None
        else:
            # Nothing recorded: the source itself says what the content must be.
            with self.source.open_reader(self.source_path) as reader:
                own = self._digest(reader, source.size, wanted.algorithms)
            if own is None or wanted.own(own) != wanted.own(there):
                return None
        return CopyResult(
            source.size,
            wanted.own(there),
            proof_level(self.target.capabilities),
            moved=False,
            source_read=not wanted.known,
        )

    def _recognise_stored(self, stored: str, source: FileStat) -> Optional[CopyResult]:
        """The same by the digest that the storage gives: nothing comes from there."""
        wanted = self.wanted
        algorithm = algorithm_of(stored)
        if source.digest == stored and wanted.agrees(stored):
            checksum = wanted.known[0] if wanted.known else stored
            if is_reported(checksum):
                return CopyResult(
                    source.size, checksum, STORAGE, moved=False, source_read=False
                )
        with self.source.open_reader(self.source_path) as reader:
            own = self._digest(reader, source.size, {*wanted.algorithms, algorithm})
        if own is None or own.get(algorithm) != stored or not wanted.matches(own):
            return None
        return CopyResult(
            source.size, wanted.own(own), STORAGE, moved=False, source_read=True
        )

    def _digest(
        self, reader: Reader, size: int, algorithms: set[str]
    ) -> Optional[Digests]:
        return digest_reader(reader, size, algorithms, self.tick)
