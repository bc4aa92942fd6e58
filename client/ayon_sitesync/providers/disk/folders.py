"""Folders of a disk site: inside its roots, made, made durable, and cleaned once."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from ...errors import NOT_MOUNTED, PathError, SiteUnhealthyError
from ...paths import PART_SUFFIX, ensure_inside, find_real_path
from ..base import SiteConfig
from .files import O_CLOEXEC, O_NOFOLLOW, fcntl

ABANDONED_SECONDS = 24 * 3600
"""Age from which a part is stale whatever its lock says (locks fail on some mounts)."""

TRUST_SECONDS = 2.0
REMEMBERED_FOLDERS = 10_000


def sync_folder(folder: str) -> None:
    """Make new names in `folder` durable where the system can (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY | O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network mounts cannot sync a folder; the rename itself is done.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


class Folders:
    """The folders of one site; safe to use from any thread."""

    def __init__(self, config: SiteConfig) -> None:
        self._config = config
        self._inside: dict[str, float] = {}
        self._lock = threading.Lock()
        self._swept: set[str] = set()
        self._spared: frozenset[str] = frozenset()
        self._unsettled: dict[str, int] = {}

    # --- inside the roots ------------------------------------------------------------

    def ensure_inside(self, path: str) -> None:
        """Follow links of `path` and refuse what ends outside of all roots."""
        for root in self._config.roots.values():
            with suppress(PathError):
                ensure_inside(path, root)
                return
        raise PathError(f"'{path}' leads out of the roots of its site.")

    def trust(self, folder: str) -> None:
        """The same for a folder, remembered shortly: sequences ask for each frame.

        Folders of one parent are looked at no further up than to that.
        """
        now = time.monotonic()
        if self._is_trusted(folder, now):
            return
        parent = os.path.dirname(folder)
        if not self._is_below(parent, now) or _may_lead_away(folder):
            self.ensure_inside(folder)
        self._remember(folder, now)

    def _is_below(self, parent: str, now: float) -> bool:
        """Whether `parent` is inside; that of a root is not."""
        if not self._is_trusted(parent, now):
            try:
                self.ensure_inside(parent)
            except PathError:
                return False
            self._remember(parent, now)
        return True

    def _is_trusted(self, folder: str, now: float) -> bool:
        return now - self._inside.get(folder, -TRUST_SECONDS) < TRUST_SECONDS

    def _remember(self, folder: str, now: float) -> None:
        if len(self._inside) > REMEMBERED_FOLDERS:
            self._inside.clear()
        self._inside[folder] = now

    # --- made, and made durable ------------------------------------------------------

    def prepare(self, folder: str) -> None:
        """Have `folder` for new files: inside, there, and without stale parts.

        Raises `PathError`, `SiteUnhealthyError` and `OSError`.
        """
        # The parent decides where a file lands: its final name itself is replaced,
        # never followed.
        self.trust(folder)
        if not os.path.isdir(folder):
            self._make(folder)
        self._sweep_once(folder)

    def _make(self, folder: str) -> None:
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
            self.trust(there)
        except PathError as error:
            reason = f"the root of '{folder}' is not there; mount or make it"
            raise SiteUnhealthyError(
                self._config.site_name, reason, NOT_MOUNTED
            ) from error
        for path in reversed(missing):
            parent = os.path.dirname(path)
            with self._lock:
                self._unsettled[parent] = self._unsettled.get(parent, 0) + 1
            with suppress(FileExistsError):
                os.mkdir(path)
                # Nothing can be left over in a new one.
                self._swept.add(path)

    def settle(self, folder: str) -> None:
        """Make durable what got a new name in `folder`, and the folder's own name.

        A power cut must not lose the folder of a file that was reported as there.
        """
        sync_folder(folder)
        for parent, count in self._list_unsettled(folder):
            sync_folder(parent)
            with self._lock:
                # Unless another folder was made in it meanwhile.
                if self._unsettled.get(parent) == count:
                    del self._unsettled[parent]

    def _list_unsettled(self, folder: str) -> list[tuple[str, int]]:
        with self._lock:
            if not self._unsettled:
                return []
            found = []
            parent = os.path.dirname(folder)
            while parent != folder:
                if parent in self._unsettled:
                    found.append((parent, self._unsettled[parent]))
                folder, parent = parent, os.path.dirname(parent)
            return found

    # --- left empty ------------------------------------------------------------------

    def prune(self, files: Iterable[str]) -> None:
        """Remove the folders of deleted files that are empty now, and those above.

        A root keeps its own folders: an empty one looks like storage that is not
        mounted.
        """
        roots = {find_real_path(root) for root in self._config.roots.values()}
        for folder in {os.path.dirname(file) for file in files}:
            with suppress(OSError, PathError):
                self.ensure_inside(folder)
                self._prune_upwards(folder, roots)

    def _prune_upwards(self, folder: str, roots: set[str]) -> None:
        parent = os.path.dirname(folder)
        while not {find_real_path(folder), find_real_path(parent)} & roots:
            os.rmdir(folder)
            self._swept.discard(folder)
            folder, parent = parent, os.path.dirname(parent)

    # --- left-over parts -------------------------------------------------------------

    def spare(self, parts: Collection[str]) -> None:
        """These parts are not left over, whatever they look like."""
        self._spared = frozenset(parts)

    def _sweep_once(self, folder: str) -> None:
        if folder in self._swept:
            return
        # Under the lock, so that no thread makes a part here while others are judged.
        with self._lock:
            if folder in self._swept:
                return
            with os.scandir(folder) as entries:
                parts = [e.path for e in entries if e.name.endswith(PART_SUFFIX)]
            for part in parts:
                self._remove_if_stale(Path(part))
            self._swept.add(folder)

    def _remove_if_stale(self, part: Path) -> None:
        with suppress(OSError):
            if str(part) not in self._spared and is_left_over(
                part, self._config.machine_tag
            ):
                part.unlink()


def _may_lead_away(folder: str) -> bool:
    """Whether it is a link. Of Windows' many kinds not all are told from a folder."""
    return os.name == "nt" or os.path.islink(folder)


def is_left_over(part: Path, machine_tag: str) -> bool:
    """Whether this machine's killed process left a part, or it is a very old one.

    Another machine's part may live although its lock cannot be seen from here. May
    raise `OSError`.
    """
    tag = part.name[: -len(PART_SUFFIX)].rpartition(".")[2]
    if not part.name.startswith(".") or len(tag) != len(machine_tag) + 4:
        return False
    if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
        return True
    return tag.startswith(machine_tag) and not is_locked(part)


def is_locked(part: Path) -> bool:
    """Whether a live process holds `part`; no when the system has no such locks."""
    if fcntl is None:
        return False
    descriptor = os.open(part, os.O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
