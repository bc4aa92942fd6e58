"""Many small files of a disk together: the disk is waited for once, not for each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Callable, Optional

from ...errors import (
    CorruptError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
    map_os_error,
)
from ..base import FileStat, NewFile, WholeFile
from .files import drop_page_cache, open_part, put_in_place, write_all
from .folders import Folders

OPEN_FILES = 32
"""Parts that one batch has open at once: some systems allow a process but 256."""


def read_whole(descriptor: int, path: str) -> WholeFile:
    """The content of an open file, which must stay as it is meanwhile."""
    before = os.fstat(descriptor)
    content = _read(descriptor, before.st_size)
    found = os.fstat(descriptor)
    if len(content) != found.st_size or found.st_mtime_ns != before.st_mtime_ns:
        raise RetryableError(f"'{path}' changed while it was read.")
    return WholeFile(content, FileStat(found.st_size, found.st_mtime_ns))


def _read(descriptor: int, size: int) -> bytes:
    """All of a file that should have `size` bytes; one more tells a longer one."""
    content = os.read(descriptor, size + 1)
    if len(content) in (0, size):
        return content
    pieces = [content]
    while content:
        content = os.read(descriptor, size + 1)
        pieces.append(content)
    return b"".join(pieces)


@dataclass
class _Part:
    file: NewFile
    path: str
    descriptor: int


class BatchWriter:
    """Writes files to parts, proves them, and gives them their names."""

    def __init__(self, folders: Folders, site_name: str, machine_tag: str) -> None:
        self._folders = folders
        self._site_name = site_name
        self._machine_tag = machine_tag
        self._errors: dict[str, TransferError] = {}

    def write(self, files: Sequence[NewFile]) -> list[Optional[TransferError]]:
        """What is wrong with each file; None = in place, proven and durable.

        Raises `SiteUnhealthyError`.
        """
        for start in range(0, len(files), OPEN_FILES):
            self._write_group(files[start : start + OPEN_FILES])
        return [self._errors.get(file.path) for file in files]

    def _write_group(self, files: Sequence[NewFile]) -> None:
        parts: list[_Part] = []
        try:
            for file in files:
                with self._mapping_errors(file.path):
                    parts.append(self._fill(file))
            steps: tuple[Callable[[_Part], None], ...] = (
                lambda part: os.fsync(part.descriptor),
                self._compare,
                self._publish,
            )
            for step in steps:
                for part in parts:
                    if part.file.path not in self._errors:
                        with self._mapping_errors(part.file.path):
                            step(part)
        finally:
            for part in parts:
                _discard(part)
        self._settle([part.file.path for part in parts])

    def _fill(self, file: NewFile) -> _Part:
        folder, name = os.path.split(file.path)
        self._folders.prepare(folder)
        part = _Part(file, *open_part(folder, name, self._machine_tag))
        try:
            write_all(part.descriptor, memoryview(file.content))
        except OSError:
            _discard(part)
            raise
        # The disk begins at once; one journal's commit then serves all of them.
        drop_page_cache(part.descriptor)
        return part

    @staticmethod
    def _compare(part: _Part) -> None:
        drop_page_cache(part.descriptor)
        os.lseek(part.descriptor, 0, os.SEEK_SET)
        if _read(part.descriptor, len(part.file.content)) != part.file.content:
            raise CorruptError(
                f"'{part.file.path}' read back differently from what was written."
            )

    @staticmethod
    def _publish(part: _Part) -> None:
        descriptor, part.descriptor = part.descriptor, -1
        put_in_place(part.path, descriptor, part.file.path, part.file.mtime_ns)
        part.path = ""

    def _settle(self, paths: Sequence[str]) -> None:
        done = [path for path in paths if path not in self._errors]
        by_folder = {os.path.dirname(path): path for path in done}
        for folder, first in by_folder.items():
            with self._mapping_errors(first):
                self._folders.settle(folder)
            if first in self._errors:
                for path in done:
                    if os.path.dirname(path) == folder:
                        self._errors[path] = self._errors[first]

    @contextmanager
    def _mapping_errors(self, path: str) -> Iterator[None]:
        """Keep what is wrong with one file; raise what is wrong with the site."""
        try:
            yield
        except OSError as error:
            mapped = map_os_error(
                error, path=path, site_name=self._site_name, is_source=False
            )
            if isinstance(mapped, SiteUnhealthyError):
                raise mapped from error
            self._errors[path] = mapped
        except SiteUnhealthyError:
            raise
        except TransferError as error:
            self._errors[path] = error


def _discard(part: _Part) -> None:
    """Close and remove what did not get its final name."""
    with suppress(OSError):
        if part.descriptor >= 0:
            descriptor, part.descriptor = part.descriptor, -1
            os.close(descriptor)
    with suppress(OSError):
        if part.path:
            os.unlink(part.path)
