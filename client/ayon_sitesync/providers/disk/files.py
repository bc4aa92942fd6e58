"""Open files of a disk: one that is read, and one that becomes a new file."""

from __future__ import annotations

import errno
import importlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Callable, Optional

from ...errors import map_os_error
from ...paths import PART_SUFFIX
from ..base import UNKNOWN_TIME, FileStat
from .names import refuse_other_case


def _load_fcntl() -> Any:
    """File locks; None on Windows, where an open file cannot be removed anyway."""
    try:
        return importlib.import_module("fcntl")
    except ImportError:
        return None


fcntl = _load_fcntl()

NAME_BYTES = 255
"""Longest file name, in bytes, on the file systems in use."""

FLUSHED_BYTES = 4 * 1024 * 1024
"""Each time so many are written the system begins to bring them to the disk."""

O_BINARY = getattr(os, "O_BINARY", 0)
O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
O_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


def make_part_name(name: str, machine_tag: str) -> str:
    """`.<name>.<8 hex>.sitesync-part`; a long name is cut so that it fits."""
    tail = f".{machine_tag}{secrets.token_hex(2)}{PART_SUFFIX}"
    room = NAME_BYTES - 1 - len(tail)
    kept = os.fsencode(name)[:room].decode("utf-8", "ignore")
    return f".{kept}{tail}"


def drop_page_cache(descriptor: int) -> None:
    """Ask the system to forget cached pages, so that reading asks the storage.

    What is not on the disk yet begins to go there and is not waited for.
    """
    advise = getattr(os, "posix_fadvise", None)
    if advise is not None:
        with suppress(OSError):
            advise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def lock_file(descriptor: int) -> None:
    """Mark a part as one that lives; where locks fail its age tells."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def open_part(folder: str, name: str, machine_tag: str) -> tuple[str, int]:
    """A new locked part in `folder`: its path and descriptor."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | O_BINARY | O_NOFOLLOW | O_CLOEXEC
    while True:
        path = os.path.join(folder, make_part_name(name, machine_tag))
        try:
            descriptor = os.open(path, flags, 0o666)
        except FileExistsError:
            continue
        lock_file(descriptor)
        return path, descriptor


WINDOWS_ACCESS_DENIED = 5


def put_in_place(part: str, descriptor: int, path: str, mtime_ns: int) -> None:
    """Give a part its time, if known, and its final name; the descriptor is closed
    then."""
    has_time = mtime_ns != UNKNOWN_TIME
    if os.name == "nt":
        # Windows renames no open file.
        os.close(descriptor)
        if has_time:
            os.utime(part, ns=(mtime_ns, mtime_ns))
        _replace(part, path)
        return
    try:
        if has_time:
            os.utime(descriptor, ns=(mtime_ns, mtime_ns))
        _replace(part, path)
    finally:
        os.close(descriptor)


def _replace(part: str, path: str) -> None:
    refuse_other_case(path)
    try:
        os.replace(part, path)
    except PermissionError as error:
        is_refused = getattr(error, "winerror", None) == WINDOWS_ACCESS_DENIED
        # Windows says so as well of a file that somebody has open.
        if is_refused and os.path.isfile(path) and os.access(path, os.W_OK):
            raise OSError(errno.EBUSY, "another program may have it open") from error
        raise


class LocalReader:
    """An open file on a disk."""

    def __init__(
        self,
        descriptor: int,
        path: str,
        site_name: str,
        *,
        owns_descriptor: bool = True,
    ) -> None:
        self._descriptor = descriptor
        self._path = path
        self._site_name = site_name
        self._file = open(  # noqa: SIM115 - closed by __exit__
            descriptor, "rb", buffering=0, closefd=owns_descriptor
        )

    def readinto(self, buffer: memoryview) -> int:
        try:
            return self._file.readinto(buffer) or 0
        except OSError as error:
            raise map_os_error(
                error, path=self._path, site_name=self._site_name, is_source=True
            ) from error

    def seek(self, offset: int) -> None:
        os.lseek(self._descriptor, offset, os.SEEK_SET)

    def stat(self) -> FileStat:
        found = os.fstat(self._descriptor)
        return FileStat(found.st_size, found.st_mtime_ns)

    def __enter__(self) -> LocalReader:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._file.close()


class LocalPart:
    """A locked temporary file in the folder of its final name."""

    def __init__(
        self,
        path: str,
        site_name: str,
        opened: tuple[str, int],
        settle_folder: Callable[[str], None],
    ) -> None:
        """`opened` is a part as `open_part` gives it.

        `settle_folder` makes durable what got its final name in a folder.
        """
        self._path = path
        self._site_name = site_name
        self._settle_folder = settle_folder
        self._temporary, self._descriptor = opened
        self._unflushed = 0
        self._is_kept = False

    @property
    def token(self) -> str:
        return self._temporary

    def go_on(self, offset: int) -> bool:
        """Write on from `offset`; False when there is less."""
        if os.fstat(self._descriptor).st_size < offset:
            return False
        os.ftruncate(self._descriptor, offset)
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        return True

    def settle(self) -> None:
        """What is written is with the system; a checkpoint's digest tells the rest."""

    def keep(self) -> None:
        self._is_kept = True

    def write(self, data: memoryview) -> None:
        with self._mapping_errors():
            write_all(self._descriptor, data)
            self._unflushed += len(data)
            if self._unflushed >= FLUSHED_BYTES:
                # The disk works meanwhile, and the wait at the end is short.
                drop_page_cache(self._descriptor)
                self._unflushed = 0

    def read_back(self) -> LocalReader:
        with self._mapping_errors():
            os.fsync(self._descriptor)
            drop_page_cache(self._descriptor)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        return LocalReader(
            self._descriptor, self._temporary, self._site_name, owns_descriptor=False
        )

    def publish(self, mtime_ns: int) -> None:
        with self._mapping_errors():
            descriptor, self._descriptor = self._descriptor, -1
            put_in_place(self._temporary, descriptor, self._path, mtime_ns)
            self._temporary = ""
            self._settle_folder(os.path.dirname(self._path))

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    @contextmanager
    def _mapping_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise map_os_error(
                error, path=self._path, site_name=self._site_name, is_source=False
            ) from error

    def __enter__(self) -> LocalPart:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        with suppress(OSError):
            self._close()
        if self._temporary and not self._is_kept:
            with suppress(OSError):
                os.unlink(self._temporary)
