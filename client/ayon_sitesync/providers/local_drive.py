"""Disks and mounted storage: plain files below the roots of a site.

A part is written beside its final name, flushed to the disk and renamed over it. While
it is written it is locked, so that a later run on this machine can tell a part that
lives from one that a killed process left behind.
"""

from __future__ import annotations

import errno
import importlib
import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from ..errors import (
    NOT_MOUNTED,
    PathError,
    PermanentError,
    SiteUnhealthyError,
    map_os_error,
)
from ..paths import PART_SUFFIX, ensure_inside, resolve_path
from .base import Capabilities, FileStat, SiteConfig


def _load_fcntl() -> Any:
    """File locks; None on Windows, where an open file cannot be removed anyway."""
    try:
        return importlib.import_module("fcntl")
    except ImportError:
        return None


_fcntl = _load_fcntl()

NAME_BYTES = 255
"""Longest file name, in bytes, on the file systems in use."""

ABANDONED_SECONDS = 24 * 3600
"""Age from which a part is stale whatever its lock says (locks fail on some mounts)."""

TRUST_FOLDER_SECONDS = 2.0
REMEMBERED_FOLDERS = 10_000

_O_BINARY = getattr(os, "O_BINARY", 0)
_O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_O_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


def make_part_name(name: str, machine_tag: str) -> str:
    """`.<name>.<8 hex>.sitesync-part`; a long name is cut so that it fits."""
    tail = f".{machine_tag}{secrets.token_hex(2)}{PART_SUFFIX}"
    room = NAME_BYTES - 1 - len(tail)
    kept = os.fsencode(name)[:room].decode("utf-8", "ignore")
    return f".{kept}{tail}"


def drop_page_cache(descriptor: int) -> None:
    """Ask the system to forget cached pages, so that reading asks the storage."""
    advise = getattr(os, "posix_fadvise", None)
    if advise is not None:
        with suppress(OSError):
            advise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def sync_folder(folder: str) -> None:
    """Make renames in `folder` durable where the system can (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY | _O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network mounts cannot sync a folder; the rename itself is done.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


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
        self, path: str, site_name: str, machine_tag: str, kept: str = ""
    ) -> None:
        """`kept` is the temporary file of an earlier run. May raise `OSError`."""
        self._path = path
        self._site_name = site_name
        folder, name = os.path.split(path)
        self._folder = folder
        self._temporary = ""
        self._is_kept = False
        if kept:
            self._temporary = kept
            self._descriptor = os.open(
                kept, os.O_RDWR | _O_BINARY | _O_NOFOLLOW | _O_CLOEXEC
            )
        else:
            self._descriptor = self._open_unique(name, machine_tag)
        self._lock()

    def _open_unique(self, name: str, machine_tag: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        flags |= _O_BINARY | _O_NOFOLLOW | _O_CLOEXEC
        while True:
            self._temporary = os.path.join(
                self._folder, make_part_name(name, machine_tag)
            )
            try:
                return os.open(self._temporary, flags, 0o666)
            except FileExistsError:
                continue

    def _lock(self) -> None:
        if _fcntl is not None:
            with suppress(OSError):
                _fcntl.flock(self._descriptor, _fcntl.LOCK_EX | _fcntl.LOCK_NB)

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
            while data:
                data = data[os.write(self._descriptor, data) :]

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
            if os.utime in os.supports_fd:
                os.utime(self._descriptor, ns=(mtime_ns, mtime_ns))
            if os.name == "nt":
                # Windows renames no open file.
                self._close()
                os.utime(self._temporary, ns=(mtime_ns, mtime_ns))
            os.replace(self._temporary, self._path)
            self._temporary = ""
            self._close()
            sync_folder(self._folder)

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


class LocalDriveProvider:
    """Files below a site's root folders."""

    capabilities = Capabilities(
        reads_back=True,
        keeps_mtime=True,
        is_disk=True,
        resumes=True,
        tells_space=True,
    )

    def __init__(self, config: SiteConfig) -> None:
        self._config = config
        self._inside: dict[str, float] = {}
        self._filled_roots: set[str] = set()
        self._swept: set[str] = set()
        self._swept_lock = threading.Lock()
        self._spared: frozenset[str] = frozenset()

    # --- health ----------------------------------------------------------------------

    def check_health(self, root_names: Iterable[str], *, writable: bool) -> None:
        for name in sorted(root_names):
            root = self._config.roots.get(name)
            if not root:
                continue  # `locate` refuses the files that name it
            reason = self._find_root_fault(root, writable)
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

    # --- paths -----------------------------------------------------------------------

    def locate(self, rootless: str) -> str:
        return resolve_path(rootless, self._config.roots, self._config.platform)

    def _ensure_inside(self, path: str) -> None:
        """Follow links of `path` and refuse what ends outside of all roots."""
        for root in self._config.roots.values():
            with suppress(PathError):
                ensure_inside(path, root)
                return
        raise PathError(f"'{path}' leads out of the roots of its site.")

    def _ensure_folder_inside(self, folder: str) -> None:
        """The same for a folder, remembered shortly: sequences ask for each frame."""
        now = time.monotonic()
        if now - self._inside.get(folder, -TRUST_FOLDER_SECONDS) < TRUST_FOLDER_SECONDS:
            return
        self._ensure_inside(folder)
        if len(self._inside) > REMEMBERED_FOLDERS:
            self._inside.clear()
        self._inside[folder] = now

    # --- files -----------------------------------------------------------------------

    def stat(self, path: str) -> Optional[FileStat]:
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._map(error, path, is_source=False) from error
        if not stat.S_ISREG(found.st_mode):
            raise PermanentError(f"'{path}' is not a regular file.")
        return FileStat(found.st_size, found.st_mtime_ns)

    def open_reader(self, path: str) -> LocalReader:
        self._ensure_folder_inside(os.path.dirname(path))
        flags = os.O_RDONLY | _O_BINARY | _O_CLOEXEC
        if not _O_NOFOLLOW or os.path.islink(path):
            self._ensure_inside(path)
        else:
            # What becomes a link between the two looks is not followed either.
            flags |= _O_NOFOLLOW
        try:
            descriptor = os.open(path, flags)
        except OSError as error:
            raise self._map(error, path, is_source=True) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise PermanentError(f"'{path}' is not a regular file.")
        return LocalReader(descriptor, path, self._config.site_name)

    def create_part(self, path: str) -> LocalPart:
        folder = os.path.dirname(path)
        # The parent decides where the part lands: the final name itself is replaced,
        # never followed.
        self._ensure_folder_inside(folder)
        try:
            if not os.path.isdir(folder):
                self._make_folder(folder)
            self._sweep_once(folder)
            return LocalPart(path, self._config.site_name, self._config.machine_tag)
        except OSError as error:
            raise self._map(error, path, is_source=False) from error

    def resume_part(self, path: str, token: str, offset: int) -> Optional[LocalPart]:
        self._ensure_folder_inside(os.path.dirname(path))
        try:
            if _is_locked(Path(token)):
                return None
            part = LocalPart(
                path, self._config.site_name, self._config.machine_tag, token
            )
            if part.go_on(offset):
                return part
        except OSError:
            return None
        with part:
            return None

    def spare_parts(self, tokens: Collection[str]) -> None:
        self._spared = frozenset(tokens)

    def discard_part(self, path: str, token: str) -> None:
        self.delete(token)

    def _make_folder(self, folder: str) -> None:
        """Make `folder` and its parents below its root, never the root itself.

        A root that is gone is storage that is not mounted: files must not go to what
        lies below its mount point.
        """
        missing = []
        there = folder
        while not os.path.isdir(there) and os.path.dirname(there) != there:
            missing.append(there)
            there = os.path.dirname(there)
        try:
            self._ensure_inside(there)
        except PathError as error:
            reason = f"the root of '{folder}' is not there; mount or make it"
            raise SiteUnhealthyError(
                self._config.site_name, reason, NOT_MOUNTED
            ) from error
        for path in reversed(missing):
            with suppress(FileExistsError):
                os.mkdir(path)

    def delete(self, path: str) -> None:
        self._ensure_folder_inside(os.path.dirname(path))
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._map(error, path, is_source=False) from error

    def _map(self, error: OSError, path: str, *, is_source: bool) -> Exception:
        return map_os_error(
            error, path=path, site_name=self._config.site_name, is_source=is_source
        )

    # --- left-over parts -------------------------------------------------------------

    def _sweep_once(self, folder: str) -> None:
        # Under the lock, so that no thread makes a part here while others are judged.
        with self._swept_lock:
            if folder in self._swept:
                return
            with os.scandir(folder) as entries:
                parts = [e.path for e in entries if e.name.endswith(PART_SUFFIX)]
            for part in parts:
                self._remove_if_stale(Path(part))
            self._swept.add(folder)

    def _remove_if_stale(self, part: Path) -> None:
        with suppress(OSError):
            if str(part) not in self._spared and self.is_left_over(part):
                part.unlink()

    def is_left_over(self, part: Path) -> bool:
        """Whether this machine's killed process left a part, or it is a very old one.

        Another machine's part may live although its lock cannot be seen from here.
        May raise `OSError`.
        """
        tag = part.name[: -len(PART_SUFFIX)].rpartition(".")[2]
        if (
            not part.name.startswith(".")
            or len(tag) != len(self._config.machine_tag) + 4
        ):
            return False
        if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
            return True
        return tag.startswith(self._config.machine_tag) and not _is_locked(part)


def _is_locked(part: Path) -> bool:
    """Whether a live process holds `part`; yes when the system cannot tell."""
    if _fcntl is None:
        return False
    descriptor = os.open(part, os.O_RDWR | _O_CLOEXEC | _O_NOFOLLOW)
    try:
        _fcntl.flock(descriptor, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
