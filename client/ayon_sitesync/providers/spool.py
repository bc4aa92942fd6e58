"""Content that is no file of this machine, collected in one and then moved whole.

What takes whole files takes a stream that breaks for a short file, so nothing is
streamed to such storage.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import Callable, Optional

from ..errors import (
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
    map_os_error,
)
from .base import UNKNOWN_TIME, Reader, Upload

LEFT_OVER_PREFIX = "sitesync-rclone-"
"""Of everything in the folder for temporary files; the process id follows."""


def make_spool() -> Path:
    """An empty file of this process; who dies leaves it to the next one's sweep."""
    descriptor, name = tempfile.mkstemp(prefix=f"{LEFT_OVER_PREFIX}{os.getpid()}-")
    os.close(descriptor)
    return Path(name)


class SpooledPart:
    """A temporary file of this machine that `publish` brings to the storage."""

    def __init__(
        self, path: str, site_name: str, take_file: Callable[[Upload], bool]
    ) -> None:
        self._path = path
        self._site_name = site_name
        self._take_file = take_file
        with self._mapping_errors():
            self._spool = make_spool()
            self._file = self._spool.open("wb", buffering=0)

    def write(self, data: memoryview) -> None:
        with self._mapping_errors():
            while data:
                data = data[self._file.write(data) :]

    def read_back(self) -> Reader:
        raise PermanentError(f"'{self._path}' cannot be read before it is published.")

    def publish(self, mtime_ns: int) -> None:
        with self._mapping_errors():
            self._file.close()
            if mtime_ns != UNKNOWN_TIME:
                os.utime(self._spool, ns=(mtime_ns, mtime_ns))
            size = self._spool.stat().st_size
        self._take_file(
            Upload(str(self._spool), self._path, size, mtime_ns, None, _ignore)
        )

    @contextmanager
    def _mapping_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._map(error) from error

    def _map(self, error: OSError) -> TransferError:
        """It is about a disk of this machine, which is not the site's."""
        mapped = map_os_error(
            error, path=self._path, site_name=self._site_name, is_source=False
        )
        folder = f"the folder for temporary files of this machine, '{gettempdir()}'"
        if isinstance(mapped, SiteUnhealthyError):
            reason = f"{folder}, cannot be used: {mapped.reason}"
            return SiteUnhealthyError(self._site_name, reason, mapped.code)
        make = PermanentError if isinstance(mapped, PermanentError) else RetryableError
        return make(f"'{self._path}' goes through {folder}: {error.strerror or error}.")

    def __enter__(self) -> SpooledPart:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._spool.unlink()


def _ignore(moved: int) -> None:
    """The bytes were counted when they were read from their source."""
