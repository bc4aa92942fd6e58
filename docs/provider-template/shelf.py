"""A provider to begin with: a studio's own storage, the "shelf".

Copy this file, write `Shelf` anew and keep the shape of the rest. The shelf is
a mounted folder, so that the template runs anywhere; yours asks a server instead.
Settings of a site (*Custom*, *Settings (JSON)*): `{"folder": "/mnt/shelf"}`.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ayon_sitesync.errors import (
    NOT_MOUNTED,
    WRONG_SETTING,
    PermanentError,
    SiteUnhealthyError,
    map_os_error,
)
from ayon_sitesync.paths import PART_SUFFIX, resolve_path
from ayon_sitesync.providers.base import (
    UNKNOWN_TIME,
    Capabilities,
    FileStat,
    SiteConfig,
)

ABANDONED_SECONDS = 3600
"""Age from which a part that this machine left behind is dead."""


class ShelfProvider:
    """Files of one site in one project: a `Provider` of `ayon_sitesync.providers.base`.

    Called from several threads at once: nothing here changes after `__init__`.
    """

    CODE = "shelf"  # what the site's settings name
    capabilities = Capabilities(reads_back=True, keeps_mtime=True)

    def __init__(self, config: SiteConfig) -> None:
        """Look at the settings; do not connect yet."""
        folder = config.settings.get("folder")
        if not isinstance(folder, str) or not folder:
            reason = "'folder' in its settings is empty; name the shelf's folder"
            raise SiteUnhealthyError(config.site_name, reason, WRONG_SETTING)
        self._config = config
        self._shelf = Shelf(Path(folder), config.site_name, config.machine_tag)

    def check_health(self, root_names: Iterable[str], *, writable: bool) -> None:
        for name in sorted(root_names):
            root = self._config.roots.get(name)
            if not root:
                continue  # `locate` refuses the files that name it
            reason = self._shelf.find_fault(root, writable)
            if reason:
                raise SiteUnhealthyError(
                    self._config.site_name, f"root '{name}' {reason}", NOT_MOUNTED
                )

    def locate(self, rootless: str) -> str:
        # Forward slashes on every platform: these are the storage's own paths.
        return resolve_path(rootless, self._config.roots, "linux")

    def stat(self, path: str) -> FileStat | None:
        return self._shelf.stat(path)

    def open_reader(self, path: str) -> ShelfReader:
        with self._shelf.mapping_errors(path, is_source=True):
            return ShelfReader(self._shelf.find(path), path, self._shelf)

    def create_part(self, path: str) -> ShelfPart:
        with self._shelf.mapping_errors(path):
            return ShelfPart(self._shelf.begin(path), path, self._shelf)

    def delete(self, path: str) -> None:
        with self._shelf.mapping_errors(path), suppress(FileNotFoundError):
            self._shelf.find(path).unlink()  # gone already: it may be repeated


class ShelfReader:
    """An open file; belongs to one thread."""

    def __init__(self, file: Path, path: str, shelf: Shelf) -> None:
        self._file: BinaryIO = file.open("rb", buffering=0)
        self._path = path
        self._shelf = shelf

    def readinto(self, buffer: memoryview) -> int:
        with self._shelf.mapping_errors(self._path, is_source=True):
            content = self._file.read(len(buffer))
            buffer[: len(content)] = content
            return len(content)

    def stat(self) -> FileStat:
        found = os.fstat(self._file.fileno())
        return FileStat(found.st_size, found.st_mtime_ns)

    def __enter__(self) -> ShelfReader:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()


class ShelfPart:
    """A temporary file beside its final name; belongs to one thread."""

    def __init__(self, temporary: Path, path: str, shelf: Shelf) -> None:
        self._temporary = temporary
        self._file: BinaryIO = temporary.open("wb", buffering=0)
        self._path = path
        self._shelf = shelf

    def write(self, data: memoryview) -> None:
        with self._shelf.mapping_errors(self._path):
            while data:
                data = data[self._file.write(data) :]

    def read_back(self) -> ShelfReader:
        with self._shelf.mapping_errors(self._path):
            os.fsync(self._file.fileno())
            return ShelfReader(self._temporary, self._path, self._shelf)

    def publish(self, mtime_ns: int) -> None:
        with self._shelf.mapping_errors(self._path):
            os.fsync(self._file.fileno())
            self._file.close()
            if mtime_ns != UNKNOWN_TIME:
                os.utime(self._temporary, ns=(mtime_ns, mtime_ns))
            # One step: others see the older file or the whole new one.
            self._temporary.replace(self._shelf.find(self._path))

    def __enter__(self) -> ShelfPart:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        with suppress(OSError):  # it has its final name, or is cleaned up later
            self._temporary.unlink()


class Shelf:
    """What asks the storage. Paths are the storage's own, as `locate` gives them."""

    def __init__(self, folder: Path, site_name: str, machine_tag: str) -> None:
        self._folder = folder
        self._site_name = site_name
        self._machine_tag = machine_tag

    def find(self, path: str) -> Path:
        return self._folder / path.lstrip("/")

    def find_fault(self, root: str, writable: bool) -> str:
        """Why a root cannot be used; empty when it can."""
        folder = self.find(root)
        if not folder.is_dir():
            return "is not there; mount the shelf, or make the folder"
        if writable and not os.access(folder, os.W_OK):
            return "cannot be written to; check its permissions"
        return ""

    def stat(self, path: str) -> FileStat | None:
        with self.mapping_errors(path):
            try:
                found = self.find(path).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        if not stat.S_ISREG(found.st_mode):
            raise PermanentError(f"'{path}' is not a regular file.")
        return FileStat(found.st_size, found.st_mtime_ns)

    def begin(self, path: str) -> Path:
        """The name of a new part for `path`; its folder is made and cleaned."""
        final = self.find(path)
        final.parent.mkdir(parents=True, exist_ok=True)
        dead_since = time.time() - ABANDONED_SECONDS
        for left in final.parent.glob(f".*.{self._machine_tag}????{PART_SUFFIX}"):
            with suppress(FileNotFoundError):  # another thread cleans too
                if left.stat().st_mtime < dead_since:
                    left.unlink()
        tag = self._machine_tag + secrets.token_hex(2)
        return final.with_name(f".{final.name}.{tag}{PART_SUFFIX}")

    @contextmanager
    def mapping_errors(self, path: str, *, is_source: bool = False) -> Iterator[None]:
        """Turn the storage's errors into those of the contract."""
        try:
            yield
        except OSError as error:
            raise map_os_error(
                error, path=path, site_name=self._site_name, is_source=is_source
            ) from error
