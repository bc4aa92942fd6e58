"""Going on with a large file where an earlier run ended.

What the part holds is proven before: its first bytes are read again on this machine,
from the source or from the part, and must have the digests that the checkpoint has.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Callable, Optional, cast

from ..errors import CorruptError, TransferCancelledError
from ..providers.base import (
    FileStat,
    Part,
    Provider,
    Reader,
    ResumePart,
    ResumeProvider,
    ResumeReader,
)
from .journal import Checkpoint, Journal
from .verify import Digests

RESUME_BYTES = 64 * 1024 * 1024
"""Smaller files start anew. A checkpoint is made each time so many are written."""


@dataclass(frozen=True)
class ResumeRoute:
    """Where a file comes from and goes to, for `Resumption`."""

    source: Provider
    target: Provider
    target_path: str
    tick: Callable[[int], None]


class Resumption:
    """The checkpoints of one copy, a context; without a journal it does nothing."""

    def __init__(
        self, journal: Optional[Journal], key: str, source: str, route: ResumeRoute
    ) -> None:
        """`source` tells which content is copied: path, size, time, checksum."""
        self._key = key
        self._source = source
        self._route = route
        self._next = RESUME_BYTES
        self._is_kept = False
        self._journal = journal if journal and journal.begin(key) else None

    @classmethod
    def make(
        cls,
        journal: Optional[Journal],
        key: str,
        source_name: str,
        before: FileStat,
        route: ResumeRoute,
    ) -> Resumption:
        """For files and routes that are not resumed: one that does nothing."""
        ends = route.source.capabilities, route.target.capabilities
        is_usable = (
            before.size >= 2 * RESUME_BYTES
            and all(end.resumes for end in ends)
            and any(end.is_disk for end in ends)
        )
        source = f"{source_name}\n{before.size}\n{before.mtime_ns}"
        return cls(journal if is_usable else None, key, source, route)

    def find_part(
        self, reader: Reader, digests: Digests
    ) -> Optional[tuple[ResumePart, int]]:
        """The part of an earlier run and how much of it is right.

        `reader` and `digests` are where that part ends, then. None: begin anew.
        """
        checkpoint = self._journal.read(self._key) if self._journal else None
        if checkpoint is None:
            return None
        target = cast(ResumeProvider, self._route.target)
        path = self._route.target_path
        if checkpoint.source != self._source or not digests.has_same_algorithms(
            checkpoint.prefix
        ):
            target.discard_part(path, checkpoint.token)
            return None
        part = target.resume_part(path, checkpoint.token, checkpoint.offset)
        if part is None:
            return None
        if not self._read_prefix(reader, part, digests, checkpoint):
            with part:
                digests.reset()
            cast(ResumeReader, reader).seek(0)
            return None
        self._next = checkpoint.offset + RESUME_BYTES
        self._is_kept = True
        return part, checkpoint.offset

    def _read_prefix(
        self,
        reader: Reader,
        part: ResumePart,
        digests: Digests,
        checkpoint: Checkpoint,
    ) -> bool:
        """Read what is there already where that costs nothing; whether it is right."""
        if self._route.source.capabilities.is_disk:
            self._digest(reader, digests, checkpoint.offset)
        else:
            with part.read_back() as there:
                self._digest(there, digests, checkpoint.offset)
            cast(ResumeReader, reader).seek(checkpoint.offset)
        return digests.list_all() == dict(checkpoint.prefix)

    def _digest(self, reader: Reader, digests: Digests, size: int) -> None:
        buffer = memoryview(bytearray(1024 * 1024))
        left = size
        while left:
            count = reader.readinto(buffer[: min(left, len(buffer))])
            if not count:
                return
            digests.update(buffer[:count])
            left -= count
            self._route.tick(0)

    def note(self, part: Part, done: int, digests: Digests) -> None:
        """Make a checkpoint when it is time for one."""
        if self._journal is None or done < self._next:
            return
        kept = cast(ResumePart, part)
        kept.settle()
        checkpoint = Checkpoint(kept.token, done, digests.list_all(), self._source)
        self._is_kept = self._journal.write(self._key, checkpoint)
        self._next = done + RESUME_BYTES

    def keep(self, part: Part, error: BaseException) -> None:
        """The copy failed: leave the part for the next run, or forget about it.

        What nobody wants any more or is wrong is not gone on with.
        """
        is_over = isinstance(error, CorruptError) or (
            isinstance(error, TransferCancelledError) and not error.goes_on
        )
        if self._is_kept and not is_over:
            cast(ResumePart, part).keep()
        else:
            self.forget()

    def forget(self) -> None:
        """There is nothing to go on with any more."""
        if self._journal is not None:
            self._journal.remove(self._key)

    def __enter__(self) -> Resumption:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._journal is not None:
            self._journal.end(self._key)
