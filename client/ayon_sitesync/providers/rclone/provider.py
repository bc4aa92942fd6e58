"""What the engine sees of a remote: the provider that all kinds behind rclone share."""

from __future__ import annotations

import os
import posixpath
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Callable, Optional

from ...errors import (
    WRONG_SETTING,
    CorruptError,
    MissingSourceError,
    PermanentError,
    SiteUnhealthyError,
    TransferError,
)
from ...paths import PART_SUFFIX, resolve_path
from ..base import Capabilities, FileStat, Provider, SiteConfig, Upload
from ..spool import SpooledPart
from .binary import find_binary
from .daemon import Daemon, Session, find_daemon, is_process
from .errors import (
    NOT_FOUND,
    DaemonLostError,
    DaemonStartError,
    RcError,
    map_rc_error,
)
from .options import OptionError
from .reading import RemoteReader
from .remotes import RemoteConfig, ensure_remote
from .store import Store, StoreFacts

HEALTHY_SECONDS = 5.0
FREE_SECONDS = 10.0
"""How long what a storage said of its free space is believed."""
FOLDER_SECONDS = 30.0
REMEMBERED_FOLDERS = 1000
ABANDONED_SECONDS = 24 * 3600
ORPHAN_AGE = "24h"
NAME_BYTES = 255
TAG_LENGTH = 4
TOKEN_LENGTH = 16

ATOMIC_KINDS = frozenset(
    {
        "azureblob",
        "b2",
        "box",
        "drive",
        "dropbox",
        "gcs",
        "onedrive",
        "oracleobjectstorage",
        "qingstor",
        "s3",
        "storj",
        "swift",
    }
)
"""Kinds that show a file only when it is whole; on others a part is renamed."""

REPLACING_KINDS = frozenset({"webdav"})
"""Kinds whose move puts the new file in the place of an older one at once."""

TIMED_KINDS = frozenset(
    {"azureblob", "b2", "drive", "dropbox", "gcs", "onedrive", "s3", "swift"}
)
"""Kinds that keep the time that they are given."""

FAILURES = (RcError, DaemonLostError, DaemonStartError, OptionError)


@dataclass(frozen=True)
class FolderView:
    """What was in a folder a moment ago."""

    folders: frozenset[str]
    files: frozenset[str]
    duplicates: Mapping[str, int]
    seen_at: float


@dataclass(frozen=True)
class OpenStore:
    """A store of one session. `prefix`: the start of our paths that is not in it."""

    store: Store
    facts: StoreFacts
    prefix: str


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
        self._folder_lock = threading.Lock()
        self._opened: Optional[tuple[Session, OpenStore]] = None
        self._healthy: dict[str, float] = {}
        self._views: dict[str, FolderView] = {}
        self._swept: set[str] = set()
        self.capabilities = Capabilities(
            reads_back=False,
            keeps_mtime=kind in TIMED_KINDS,
            takes_files=True,
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
            self._healthy.clear()
            if isinstance(error, OptionError):
                raise SiteUnhealthyError(
                    self._config.site_name, str(error), WRONG_SETTING
                ) from None
            # Without the cause: it is for this message only.
            raise map_rc_error(
                error,
                path=path,
                site_name=self._config.site_name,
                is_source=is_source,
            ) from None

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
                opened.store.list_folder(_to_remote(opened, root))
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
        with self._using(root) as opened, suppress(RcError):
            opened.store.abort_uploads(_to_remote(opened, root), ORPHAN_AGE)

    # --- files -----------------------------------------------------------------------

    def locate(self, rootless: str) -> str:
        return resolve_path(rootless, self._roots, "linux")

    def stat(self, path: str) -> Optional[FileStat]:
        with self._using(path) as opened:
            remote = _to_remote(opened, path)
            self._refuse_duplicates(opened, path)
            found = opened.store.stat(remote, opened.facts.algorithm)
            if found is None and self._is_folder(opened, path):
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
                _to_remote(opened, path),
                found,
                lambda error: map_rc_error(
                    error, path=path, site_name=self._config.site_name, is_source=True
                ),
            )

    def create_part(self, path: str) -> SpooledPart:
        return SpooledPart(path, self._config.site_name, self.take_file)

    def delete(self, path: str) -> None:
        with self._using(path) as opened:
            opened.store.delete(_to_remote(opened, path))

    # --- whole files -----------------------------------------------------------------

    def find_digest_algorithm(self) -> str:
        with self._using("/") as opened:
            return opened.facts.algorithm

    def is_new(self, path: str) -> bool:
        folder, name = posixpath.split(path)
        with self._using(path) as opened:
            view = self._look_at(opened, folder)
        return name not in view.files and name not in view.folders

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

            found = self._publish(opened, upload, put)
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
            source = _to_remote(opened, source_path)
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

            self._publish(opened, upload, put)

    def _publish(
        self,
        opened: OpenStore,
        upload: Upload,
        put: Callable[[str], Optional[FileStat]],
    ) -> FileStat:
        """Have `put` write it, under another name where half files would show."""
        remote = _to_remote(opened, upload.path)
        is_atomic = self._kind in ATOMIC_KINDS
        if not is_atomic:
            self._prepare_folder(opened, posixpath.dirname(remote))
        written = remote if is_atomic else self._make_part_name(remote)
        try:
            found = put(written)
            if found is None or not _is_same(found, upload):
                raise CorruptError(
                    f"'{upload.path}' was stored differently from what was sent to"
                    f" site '{self._config.site_name}'."
                )
            if not is_atomic:
                opened.store.move(
                    written, remote, replaces=self._kind in REPLACING_KINDS
                )
        except BaseException as error:
            # Nothing shows of an upload that stopped where storage is atomic.
            if not is_atomic or isinstance(error, CorruptError):
                with suppress(RcError, DaemonLostError):
                    opened.store.delete(written)
            raise
        return found

    # --- what is in the way ----------------------------------------------------------

    def _look_at(self, opened: OpenStore, folder: str) -> FolderView:
        """The folder of a path, looked at once for many files."""
        now = time.monotonic()
        view = self._views.get(folder)
        if view is not None and now - view.seen_at < FOLDER_SECONDS:
            return view
        try:
            entries = opened.store.list_folder(_to_remote(opened, folder))
        except RcError as error:
            if error.status != NOT_FOUND:
                raise
            entries = []
        counts = Counter(entry.name for entry in entries if not entry.is_folder)
        view = FolderView(
            frozenset(entry.name for entry in entries if entry.is_folder),
            frozenset(counts),
            {name: count for name, count in counts.items() if count > 1},
            now,
        )
        if len(self._views) > REMEMBERED_FOLDERS:
            self._views.clear()
        self._views[folder] = view
        return view

    def _is_folder(self, opened: OpenStore, path: str) -> bool:
        folder, name = posixpath.split(path)
        return name in self._look_at(opened, folder).folders

    def _refuse_duplicates(self, opened: OpenStore, path: str) -> None:
        """Some storage has several files of one name: which one is meant?"""
        if not opened.facts.has_duplicates:
            return
        folder, name = posixpath.split(path)
        count = self._look_at(opened, folder).duplicates.get(name, 1)
        if count > 1:
            raise PermanentError(
                f"'{path}' is there {count} times on site '{self._config.site_name}';"
                " delete all but the right one."
            )

    # --- parts -----------------------------------------------------------------------

    def _make_part_name(self, remote: str) -> str:
        """Its token: this machine, this process, and what makes it the only one."""
        folder, name = posixpath.split(remote)
        token = f"{self._config.machine_tag}{os.getpid():08x}{secrets.token_hex(2)}"
        tail = f".{token}{PART_SUFFIX}"
        kept = name.encode()[: NAME_BYTES - 1 - len(tail)].decode("utf-8", "ignore")
        return posixpath.join(folder, f".{kept}{tail}")

    def _prepare_folder(self, opened: OpenStore, folder: str) -> None:
        """Once a folder: make it, for one thread only, since servers lock meanwhile.

        Removes parts of dead processes of this machine, and very old ones.
        """
        with self._folder_lock:
            if folder in self._swept:
                return
            opened.store.make_folder(folder)
            for entry in opened.store.list_folder(folder):
                if self._is_stale(entry.name, entry.mtime_ns):
                    with suppress(RcError):
                        opened.store.delete(posixpath.join(folder, entry.name))
            self._swept.add(folder)

    def _is_stale(self, name: str, mtime_ns: int) -> bool:
        if not (name.startswith(".") and name.endswith(PART_SUFFIX)):
            return False
        token = name[: -len(PART_SUFFIX)].rpartition(".")[2]
        if mtime_ns and time.time() - mtime_ns / 1e9 > ABANDONED_SECONDS:
            return True
        if len(token) != TOKEN_LENGTH or token[:TAG_LENGTH] != self._config.machine_tag:
            return False
        return not is_process(int(token[TAG_LENGTH : TAG_LENGTH + 8], 16))


def _to_remote(opened: OpenStore, path: str) -> str:
    """rclone's path of one of ours."""
    if path == opened.prefix or path.startswith(opened.prefix + "/"):
        path = path[len(opened.prefix) :]
    return path.strip("/")


def _is_same(found: FileStat, upload: Upload) -> bool:
    """Whether the storage has the right size, and the right digest if it has one."""
    if found.size != upload.size:
        return False
    return None in (found.digest, upload.digest) or found.digest == upload.digest
