"""What the engine sees of a remote: the provider that all kinds behind rclone share."""

from __future__ import annotations

import os
import posixpath
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Callable, Optional, Union

from ...errors import (
    WRONG_SETTING,
    MissingSourceError,
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)
from ...paths import resolve_path
from ..base import Capabilities, FileStat, Provider, SiteConfig, Upload
from ..spool import SpooledPart
from .batches import Batches
from .binary import find_binary
from .daemon import Daemon, Session, find_daemon
from .errors import DaemonLostError, DaemonStartError, RcError, map_rc_error
from .folder_views import FolderViews
from .options import OptionError
from .parts import Parts
from .reading import RemoteReader
from .remotes import RemoteConfig, ensure_remote
from .store import OpenStore, Store
from .uploads import Uploads

HEALTHY_SECONDS = 5.0
FREE_SECONDS = 10.0
"""How long what a storage said of its free space is believed."""
ORPHAN_AGE = "24h"

TIMED_KINDS = frozenset(
    {"azureblob", "b2", "drive", "dropbox", "gcs", "onedrive", "s3", "swift"}
)
"""Kinds that keep the time that they are given."""

FLAT_KINDS = frozenset(
    {"azureblob", "b2", "gcs", "oracleobjectstorage", "qingstor", "s3", "swift"}
)
"""Kinds without folders of their own: one without files is not there."""

FAILURES = (RcError, DaemonLostError, DaemonStartError, OptionError)


class RcloneProvider(ABC):
    """Files of one site behind rclone. `kind`: rclone's name of the type."""

    def __init__(
        self, config: SiteConfig, kind: str, arguments: tuple[str, ...] = ()
    ) -> None:
        self._config = config
        self._kind = kind
        self._arguments = arguments
        self._roots = {
            name: "/" + root.strip("/") for name, root in config.roots.items()
        }
        self._is_rooted = any(root.startswith("/") for root in config.roots.values())
        self._lock = threading.Lock()
        self._opened: Optional[tuple[Session, OpenStore]] = None
        self._healthy: dict[str, float] = {}
        self._views = FolderViews()
        self._parts = Parts(config.machine_tag)
        self._uploads = Uploads(
            kind, config.site_name, self._parts, self._map_file_error
        )
        self._swept: set[str] = set()
        self.capabilities = Capabilities(
            reads_back=False,
            keeps_mtime=kind in TIMED_KINDS,
            takes_files=True,
            takes_many=True,
            has_folders=kind not in FLAT_KINDS,
            tells_space=True,
            limits_bandwidth=True,
        )
        self._rate: Optional[int] = None
        self._has_own_daemon = False
        self._free: Optional[tuple[float, Optional[int]]] = None

    @abstractmethod
    def _make_config(self) -> RemoteConfig:
        """The remote of the site's settings. Raises `OptionError`."""

    def _find_place(self, session: Session) -> tuple[RemoteConfig, str]:
        """The remote, and the start of paths that says which one it is."""
        return self._make_config(), ""

    # --- the daemon ------------------------------------------------------------------

    def find_daemon(self) -> Daemon:
        """The daemon that this site uses. Raises `DaemonStartError`.

        A daemon has one limit for all that it moves: a site with a limit has its own.
        """
        setting = self._config.settings.get("rclone_executable_path") or {}
        binary = find_binary(setting, self._config.platform)
        owner = self._config.site_name if self._has_own_daemon else ""
        return find_daemon(binary, self._arguments, owner)

    def set_bandwidth(self, bytes_per_second: Optional[float]) -> None:
        rate = None if bytes_per_second is None else int(bytes_per_second)
        if rate == self._rate:
            return
        self._rate = rate
        if rate is not None:
            self._has_own_daemon = True
        with suppress(DaemonStartError):  # whoever moves something meets it too
            self.find_daemon().set_bandwidth(rate)

    def find_free_bytes(self, root_names: Iterable[str]) -> Optional[int]:
        now = time.monotonic()
        if self._free is None or now - self._free[0] > FREE_SECONDS:
            with self._using("/") as opened:
                self._free = (now, opened.store.find_free_bytes())
        return self._free[1]

    @contextmanager
    def _using(self, path: str, *, is_source: bool = False) -> Iterator[OpenStore]:
        """The site's store for some calls about `path`; failures become ours."""
        try:
            with self.find_daemon().use() as session:
                yield self._open(session)
        except FAILURES as error:
            if isinstance(error, OptionError):
                self._healthy.clear()
                raise SiteUnhealthyError(
                    self._config.site_name, str(error), WRONG_SETTING
                ) from None
            # Without the cause: it is for this message only.
            raise self._map_error(error, path, is_source=is_source) from None

    def _map_error(
        self, error: Exception, path: str, *, is_source: bool
    ) -> TransferError:
        """What a failure means; the next look at the site is a real one."""
        self._healthy.clear()
        return map_rc_error(
            error, path=path, site_name=self._config.site_name, is_source=is_source
        )

    def _open(self, session: Session) -> OpenStore:
        with self._lock:
            if self._opened is not None and self._opened[0] is session:
                return self._opened[1]
            config, prefix = self._find_place(session)
            name = ensure_remote(session, config)
            store = Store(session, f"{name}:/" if self._is_rooted else f"{name}:")
            opened = OpenStore(store, store.read_facts(), prefix)
            self._opened = (session, opened)
            return opened

    # --- health ----------------------------------------------------------------------

    def check_health(self, root_names: Iterable[str], *, writable: bool) -> None:
        for name in sorted(root_names):
            root = self._roots.get(name)
            if root is None:
                continue  # `locate` refuses the files that name it
            now = time.monotonic()
            if now - self._healthy.get(root, -HEALTHY_SECONDS) < HEALTHY_SECONDS:
                continue
            self._check_root(name, root)
            if writable:
                self._sweep_root(root)
            self._healthy[root] = now

    def _check_root(self, name: str, root: str) -> None:
        try:
            with self._using(root, is_source=True) as opened:
                opened.store.list_folder(opened.to_remote(root))
        except SiteUnhealthyError:
            raise
        except MissingSourceError:
            reason = f"root '{name}' at '{root}' is not there; make it"
            raise SiteUnhealthyError(
                self._config.site_name, reason, WRONG_SETTING
            ) from None
        except TransferError as error:
            # What cannot even be listed is of no use for any file.
            raise SiteUnhealthyError(self._config.site_name, str(error)) from None

    def _sweep_root(self, root: str) -> None:
        """Once: uploads in pieces that killed processes left, which cost money."""
        if self._kind != "s3" or root in self._swept:
            return
        self._swept.add(root)
        with suppress(RetryableError), self._using(root) as opened, suppress(RcError):
            opened.store.abort_uploads(opened.to_remote(root), ORPHAN_AGE)

    # --- files -----------------------------------------------------------------------

    def locate(self, rootless: str) -> str:
        return resolve_path(rootless, self._roots, "linux")

    def stat(self, path: str) -> Optional[FileStat]:
        with self._using(path) as opened:
            remote = opened.to_remote(path)
            self._refuse_duplicates(opened, path)
            found = opened.store.stat(remote, opened.facts.algorithm)
            if found is None and self._views.is_folder(opened, path):
                raise PermanentError(f"'{path}' is not a regular file.")
            return found

    def open_reader(self, path: str) -> RemoteReader:
        found = self.stat(path)
        if found is None:
            raise MissingSourceError(
                f"'{path}' is missing on site '{self._config.site_name}'."
            )
        with self._using(path, is_source=True) as opened:
            return RemoteReader(
                self.find_daemon().use(),
                opened.store.fs,
                opened.to_remote(path),
                found,
                lambda error: self._map_error(error, path, is_source=True),
            )

    def create_part(self, path: str) -> SpooledPart:
        return SpooledPart(path, self._config.site_name, self.take_file)

    def delete(self, path: str) -> None:
        with self._using(path) as opened:
            opened.store.delete(opened.to_remote(path))

    # --- whole files -----------------------------------------------------------------

    def find_digest_algorithm(self) -> str:
        with self._using("/") as opened:
            return opened.facts.algorithm

    def is_new(self, path: str) -> bool:
        return self.are_new([path])[0]

    def take_file(self, upload: Upload) -> bool:
        # rclone follows no link; where it leads was checked when it was opened.
        folder, name = os.path.split(os.path.realpath(upload.local_path))
        with self._using(upload.path) as opened:
            self._refuse_duplicates(opened, upload.path)

            def put(remote: str) -> Optional[FileStat]:
                return opened.store.put(
                    folder,
                    name,
                    remote,
                    size=upload.size,
                    algorithm=opened.facts.algorithm,
                    tick=upload.tick,
                )

            found = self._uploads.publish(opened, upload, put)
            return found.digest is not None and upload.digest is not None

    def shares_store(self, other: Provider) -> bool:
        if not isinstance(other, RcloneProvider):
            return False
        with self._using("/") as own, other._using("/") as theirs:
            return (
                own.facts.copies
                and own.store.session is theirs.store.session
                and (own.store.fs, own.prefix) == (theirs.store.fs, theirs.prefix)
            )

    def copy_within(
        self, source_path: str, path: str, tick: Callable[[int], None]
    ) -> None:
        with self._using(path) as opened:
            source = opened.to_remote(source_path)
            found = opened.store.stat(source, opened.facts.algorithm)
            if found is None:
                raise MissingSourceError(
                    f"'{source_path}' is missing on site '{self._config.site_name}'."
                )
            upload = Upload(
                source_path, path, found.size, found.mtime_ns, found.digest, tick
            )

            def put(remote: str) -> Optional[FileStat]:
                opened.store.copy(source, remote, upload.size, tick)
                return opened.store.stat(remote, opened.facts.algorithm)

            self._uploads.publish(opened, upload, put)

    # --- many files ------------------------------------------------------------------

    def are_new(self, paths: Sequence[str]) -> list[bool]:
        if not paths:
            return []
        with self._using(paths[0]) as opened:
            return [self._views.is_new(opened, path) for path in paths]

    def find_many(
        self, paths: Sequence[str]
    ) -> list[Union[FileStat, TransferError, None]]:
        if not paths:
            return []
        with self._using(paths[0]) as opened:
            results = Batches(opened.store).find(
                [opened.to_remote(path) for path in paths],
                opened.facts.algorithm,
                self._make_counter(opened),
            )
            return [
                self._judge(opened, path, found) for path, found in zip(paths, results)
            ]

    def _judge(
        self, opened: OpenStore, path: str, found: Union[FileStat, RcError, None]
    ) -> Union[FileStat, TransferError, None]:
        if isinstance(found, RcError):
            return self._map_file_error(found, path)
        try:
            self._refuse_duplicates(opened, path)
        except PermanentError as error:
            return error
        if found is None and self._views.is_folder(opened, path):
            return PermanentError(f"'{path}' is not a regular file.")
        return found

    def take_many(
        self, uploads: Sequence[Upload], parallel: int
    ) -> list[Union[bool, TransferError]]:
        if not uploads:
            return []
        with self._using(uploads[0].path) as opened:
            items = self._uploads.publish_many(
                opened, uploads, self._make_counter(opened), parallel
            )
        return [
            item.error
            or (
                item.found is not None
                and item.found.digest is not None
                and item.upload.digest is not None
            )
            for item in items
        ]

    def _map_file_error(self, error: RcError, path: str) -> TransferError:
        mapped = self._map_error(error, path, is_source=False)
        if isinstance(mapped, SiteUnhealthyError):
            raise mapped
        return mapped

    def _make_counter(self, opened: OpenStore) -> Callable[[str], int]:
        """How much was in one of rclone's folders, by a recent look."""

        def count(remote: str) -> int:
            folder = posixpath.join(opened.prefix or "/", remote)
            return self._views.look(opened, folder).count

        return count

    # --- folders ---------------------------------------------------------------------

    def prune_folders(self, paths: Iterable[str]) -> None:
        for folder in {posixpath.dirname(path) for path in paths}:
            with suppress(TransferError), self._using(folder) as opened:
                if opened.facts.keeps_folders:
                    self._prune_upwards(opened, folder)

    def _prune_upwards(self, opened: OpenStore, folder: str) -> None:
        """rclone refuses a folder with anything in it, and that is the end.

        A root keeps its own folders: an empty one looks like storage that is gone.
        """
        roots = set(self._roots.values())
        if not any(folder.startswith(f"{root.rstrip('/')}/") for root in roots):
            return
        parent = posixpath.dirname(folder)
        while not {folder, parent} & roots:
            remote = opened.to_remote(folder)
            try:
                opened.store.remove_folder(remote)
            except RcError:
                return
            self._views.forget(folder)
            self._views.forget(parent)
            self._parts.forget_folder(remote)
            folder, parent = parent, posixpath.dirname(parent)

    # --- what is in the way ----------------------------------------------------------

    def _refuse_duplicates(self, opened: OpenStore, path: str) -> None:
        """Some storage has several files of one name: which one is meant?"""
        if not opened.facts.has_duplicates:
            return
        count = self._views.count_duplicates(opened, path)
        if count > 1:
            raise PermanentError(
                f"'{path}' is there {count} times on site '{self._config.site_name}';"
                " delete all but the right one."
            )
