"""Disks and mounted storage: plain files below the roots of a site.

A part is written beside its final name, flushed to the disk and renamed over it. While
it is written it is locked, so that a later run on this machine can tell a part that
lives from one that a killed process left behind.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Optional, Union

from ..errors import (
    NOT_MOUNTED,
    PermanentError,
    SiteUnhealthyError,
    TransferError,
    attempt_each,
    map_os_error,
)
from ..paths import resolve_path
from .base import Capabilities, FileStat, NewFile, SiteConfig, WholeFile
from .disk.batches import BatchWriter, read_whole
from .disk.files import (
    O_BINARY,
    O_CLOEXEC,
    O_NOFOLLOW,
    LocalPart,
    LocalReader,
    lock_file,
    open_part,
)
from .disk.folders import Folders, is_locked


class LocalDriveProvider:
    """Files below a site's root folders."""

    capabilities = Capabilities(
        reads_back=True,
        keeps_mtime=True,
        is_disk=True,
        batches=True,
        resumes=True,
        tells_space=True,
        has_folders=True,
    )

    def __init__(self, config: SiteConfig) -> None:
        self._config = config
        self._folders = Folders(config)
        self._filled_roots: set[str] = set()

    # --- health ----------------------------------------------------------------------

    def check_health(self, root_names: Iterable[str], *, writable: bool) -> None:
        for name in sorted(root_names):
            root = self._config.roots.get(name)
            if not root:
                continue  # `locate` refuses the files that name it
            try:
                reason = self._find_root_fault(root, writable)
            except OSError as error:
                reason = f"cannot be looked at: {error.strerror or error}"
            if reason:
                raise SiteUnhealthyError(
                    self._config.site_name,
                    f"root '{name}' at '{root}' {reason}",
                    NOT_MOUNTED,
                )

    def _find_root_fault(self, root: str, writable: bool) -> str:
        if not os.path.isdir(root):
            return "is not there; mount or make it"
        if not os.access(root, os.R_OK | os.X_OK):
            return "cannot be read; check its permissions"
        if writable and not os.access(root, os.W_OK):
            if _is_read_only(root):
                return "is mounted read-only"
            return "cannot be written to; check its permissions"
        with os.scandir(root) as entries:
            is_empty = next(entries, None) is None
        if not is_empty:
            self._filled_roots.add(root)
        elif not writable or root in self._filled_roots:
            # What has files is not empty: this is the mount point alone.
            return "is empty; is the storage mounted?"
        return ""

    def find_free_bytes(self, root_names: Iterable[str]) -> Optional[int]:
        roots = {self._config.roots.get(name) for name in root_names} - {None, ""}
        free = []
        for root in roots:
            with suppress(OSError):  # the health of the root is another question
                free.append(shutil.disk_usage(str(root)).free)
        return min(free, default=None)

    def locate(self, rootless: str) -> str:
        return resolve_path(rootless, self._config.roots, self._config.platform)

    # --- files -----------------------------------------------------------------------

    def stat(self, path: str) -> Optional[FileStat]:
        # What is behind a link out of the roots is no copy of anything.
        self._folders.trust(os.path.dirname(path))
        try:
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                self._folders.ensure_inside(path)
                found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._map(error, path, is_source=False) from error
        if not stat.S_ISREG(found.st_mode):
            raise PermanentError(f"'{path}' is not a regular file.")
        return FileStat(found.st_size, found.st_mtime_ns)

    def open_reader(self, path: str) -> LocalReader:
        return LocalReader(self._open(path), path, self._config.site_name)

    def _open(self, path: str) -> int:
        self._folders.trust(os.path.dirname(path))
        flags = os.O_RDONLY | O_BINARY | O_CLOEXEC
        if not O_NOFOLLOW or os.path.islink(path):
            self._folders.ensure_inside(path)
        else:
            # What becomes a link between the two looks is not followed either.
            flags |= O_NOFOLLOW
        try:
            descriptor = os.open(path, flags)
        except OSError as error:
            raise self._map(error, path, is_source=True) from error
        try:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        except OSError as error:
            os.close(descriptor)
            raise self._map(error, path, is_source=True) from error
        if not is_file:
            os.close(descriptor)
            raise PermanentError(f"'{path}' is not a regular file.")
        return descriptor

    def create_part(self, path: str) -> LocalPart:
        folder, name = os.path.split(path)
        try:
            self._folders.prepare(folder)
            opened = open_part(folder, name, self._config.machine_tag)
        except OSError as error:
            raise self._map(error, path, is_source=False) from error
        return LocalPart(path, self._config.site_name, opened, self._folders.settle)

    def resume_part(self, path: str, token: str, offset: int) -> Optional[LocalPart]:
        self._folders.trust(os.path.dirname(path))
        try:
            if is_locked(Path(token)):
                return None
            flags = os.O_RDWR | O_BINARY | O_NOFOLLOW | O_CLOEXEC
            descriptor = os.open(token, flags)
            try:
                lock_file(descriptor)
            except OSError:
                os.close(descriptor)
                raise
            part = LocalPart(
                *(path, self._config.site_name, (token, descriptor)),
                self._folders.settle,
            )
            if part.go_on(offset):
                return part
        except OSError:
            return None
        with part:
            return None

    def spare_parts(self, tokens: Collection[str]) -> None:
        self._folders.spare(tokens)

    def discard_part(self, path: str, token: str) -> None:
        self.delete(token)

    def delete(self, path: str) -> None:
        self._folders.trust(os.path.dirname(path))
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._map(error, path, is_source=False) from error

    def prune_folders(self, paths: Iterable[str]) -> None:
        self._folders.prune(paths)

    # --- many files ------------------------------------------------------------------

    def stat_many(
        self, paths: Sequence[str]
    ) -> list[Union[FileStat, TransferError, None]]:
        return list(attempt_each(self.stat, paths))

    def read_many(self, paths: Sequence[str]) -> list[Union[WholeFile, TransferError]]:
        return attempt_each(self._read_whole, paths)

    def _read_whole(self, path: str) -> WholeFile:
        descriptor = self._open(path)
        try:
            return read_whole(descriptor, path)
        except OSError as error:
            raise self._map(error, path, is_source=True) from error
        finally:
            os.close(descriptor)

    def write_many(self, files: Sequence[NewFile]) -> list[Optional[TransferError]]:
        writer = BatchWriter(
            self._folders, self._config.site_name, self._config.machine_tag
        )
        return writer.write(files)

    def _map(self, error: OSError, path: str, *, is_source: bool) -> Exception:
        return map_os_error(
            error, path=path, site_name=self._config.site_name, is_source=is_source
        )


def _is_read_only(root: str) -> bool:
    if not hasattr(os, "statvfs"):  # Windows
        return False
    return bool(os.statvfs(root).f_flag & os.ST_RDONLY)
