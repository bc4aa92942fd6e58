"""SFTP: files on a server, over connections that stay open.

Small files go in batches, large ones with many requests in flight; what was written is
proven by a checksum that the server's shell computes, or is read back.
"""

from __future__ import annotations

import posixpath
import secrets
import stat
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Optional, Union

from ..errors import (
    WRONG_SETTING,
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)
from ..paths import PART_SUFFIX, resolve_path
from .base import Capabilities, FileStat, NewFile, SiteConfig, WholeFile
from .disk.files import make_part_name
from .ssh import packets
from .ssh.batches import Batch
from .ssh.faults import map_link, map_status, mapping_errors
from .ssh.files import (
    SftpPart,
    SftpReader,
    encode_path,
    ensure_inside,
    make_stat,
)
from .ssh.options import read_options
from .ssh.pool import ConnectionPool, find_pool
from .ssh.session import LinkError, SftpSession, SftpStatusError

POSIX = "linux"
"""Paths on a server are POSIX paths, whatever this machine is."""

TRUST_SECONDS = 60.0
"""How long a folder that was looked at counts as there."""
HEALTHY_SECONDS = 2.0
REMEMBERED_FOLDERS = 10_000

OWN_ABANDONED_SECONDS = 3600
ABANDONED_SECONDS = 24 * 3600
"""Age from which a temporary file is left over: of this machine, of others."""


class SftpProvider:
    """Files below a site's root folders on an SSH server."""

    capabilities = Capabilities(
        reads_back=True,
        keeps_mtime=True,
        batches=True,
        computes_digests=True,
        resumes=True,
        has_folders=True,
    )

    def __init__(self, config: SiteConfig) -> None:
        """Does not connect. Raises `SiteUnhealthyError` for unusable settings."""
        self._config = config
        self._site_name = config.site_name
        # An empty setting means the top, as for the existing addon.
        self._roots = {name: root or "/" for name, root in config.roots.items()}
        self._pool: ConnectionPool = find_pool(read_options(config))
        self._lock = threading.Lock()
        self._folders: dict[str, float] = {}
        self._real_roots: dict[str, bytes] = {}
        self._swept: set[str] = set()
        self._live_parts: set[str] = set()
        self._spared: frozenset[str] = frozenset()
        self._healthy: dict[str, float] = {}
        self._algorithms: Optional[tuple[str, ...]] = None

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._pool.close()

    @contextmanager
    def _session(self, path: str, *, is_source: bool = False) -> Iterator[SftpSession]:
        """A session for a few requests about `path`."""
        try:
            with (
                mapping_errors(path, self._site_name, is_source=is_source),
                self._pool.lend() as connection,
            ):
                yield connection.session
        except TransferError:
            self._healthy.clear()
            raise

    # --- health ----------------------------------------------------------------------

    def check_health(self, root_names: Iterable[str], *, writable: bool) -> None:
        for name in sorted(root_names):
            root = self._roots.get(name)
            if root is None:
                continue  # `locate` refuses the files that name it
            now = time.monotonic()
            if now - self._healthy.get(root, -HEALTHY_SECONDS) < HEALTHY_SECONDS:
                continue
            reason = self._find_root_fault(root)
            if reason:
                raise SiteUnhealthyError(
                    self._site_name,
                    f"root '{name}' at '{root}' {reason}",
                    WRONG_SETTING,
                )
            self._healthy[root] = now

    def _find_root_fault(self, root: str) -> str:
        try:
            with self._pool.lend() as connection:
                found = connection.session.ask_attributes(
                    packets.STAT, encode_path(root)
                )
        except SftpStatusError as error:
            if error.code == packets.NO_SUCH_FILE:
                return "is not there; make it on the server"
            return f"cannot be used: {error.text or error.code}"
        except LinkError as error:
            raise map_link(error, self._site_name) from error
        if found.mode is not None and not stat.S_ISDIR(found.mode):
            return "is not a folder"
        return ""

    # --- paths -----------------------------------------------------------------------

    def locate(self, rootless: str) -> str:
        return resolve_path(rootless, self._roots, POSIX)

    def _find_root(self, path: str) -> str:
        """The root that `path` is below, the longest one that fits."""
        fitting = [
            root
            for root in self._roots.values()
            if path.startswith(root if root.endswith("/") else root + "/")
        ]
        return max(fitting, key=len)

    def _find_real_root(self, session: SftpSession, path: str) -> bytes:
        root = self._find_root(path)
        real = self._real_roots.get(root)
        if real is None:
            real = self._real_roots[root] = session.real_path(encode_path(root))
        return real

    def _is_trusted(self, folder: str) -> bool:
        found = self._folders.get(folder)
        return found is not None and time.monotonic() - found < TRUST_SECONDS

    def _trust(self, session: SftpSession, folder: str) -> None:
        """Refuse a folder that links lead out of its root; remember a good one."""
        real_root = self._find_real_root(session, folder + "/")
        ensure_inside(session.real_path(encode_path(folder)), real_root, folder)
        with self._lock:
            if len(self._folders) > REMEMBERED_FOLDERS:
                self._folders.clear()
            self._folders[folder] = time.monotonic()

    def _check_source_folder(self, session: SftpSession, path: str) -> None:
        folder = posixpath.dirname(path)
        if not self._is_trusted(folder):
            self._trust(session, folder)

    def _make_folder(self, session: SftpSession, folder: str) -> None:
        """Have a folder below a root, parents included, and clean it once."""
        if self._is_trusted(folder):
            return
        root = self._find_root(folder + "/")
        missing = []
        current = folder
        while len(current) > len(root) and not _is_folder(session, current):
            missing.append(current)
            current = posixpath.dirname(current)
        for name in reversed(missing):
            made = session.send(
                packets.MKDIR,
                packets.encode_text(encode_path(name)),
                packets.NO_ATTRIBUTES,
            )
            try:
                session.expect_ok(made)
            except SftpStatusError:
                # Another one may have made it just now.
                if not _is_folder(session, name):
                    raise
        self._trust(session, folder)
        if not missing:
            self._sweep_once(session, folder)

    # --- files -----------------------------------------------------------------------

    def stat(self, path: str) -> Optional[FileStat]:
        (found,) = self.stat_many([path])
        if isinstance(found, TransferError):
            self._healthy.clear()
            raise found
        return found

    def open_reader(self, path: str) -> SftpReader:
        connection = self._pool.take()
        session = connection.session
        try:
            with mapping_errors(path, self._site_name, is_source=True):
                self._check_source_folder(session, path)
                name = encode_path(path)
                found = session.ask_attributes(packets.LSTAT, name)
                if stat.S_ISLNK(found.mode or 0):
                    real_root = self._find_real_root(session, path)
                    ensure_inside(session.real_path(name), real_root, path)
                else:
                    make_stat(found, path)
                handle = session.open(name, packets.OPEN_READ)
                return SftpReader(self._pool, connection, handle, path, self._site_name)
        except BaseException:
            self._healthy.clear()
            self._pool.give(connection)
            raise

    def create_part(self, path: str) -> SftpPart:
        folder, name = posixpath.split(path)
        part = self._open_part(
            path, posixpath.join(folder, make_part_name(name, self._config.machine_tag))
        )
        try:
            with part.mapping_errors():
                self._make_folder(part.session, folder)
                part.create()
        except BaseException:
            self._folders.pop(folder, None)
            self._healthy.clear()
            part.abandon()
            raise
        return part

    def resume_part(self, path: str, token: str, offset: int) -> Optional[SftpPart]:
        part = self._open_part(path, token)
        try:
            with part.mapping_errors():
                self._check_source_folder(part.session, path)
                if part.reopen(offset):
                    return part
        except BaseException:
            part.abandon()
            raise
        part.abandon()
        return None

    def spare_parts(self, tokens: Collection[str]) -> None:
        self._spared = frozenset(tokens)

    def discard_part(self, path: str, token: str) -> None:
        self.delete(token)

    def _open_part(self, path: str, temporary: str) -> SftpPart:
        connection = self._pool.take()
        with self._lock:
            self._live_parts.add(temporary)
        return SftpPart(
            self._pool,
            connection,
            (path, temporary),
            self._site_name,
            self._live_parts.discard,
        )

    def delete(self, path: str) -> None:
        with self._session(path) as session:
            try:
                self._check_source_folder(session, path)
                session.expect_ok(session.send_named(packets.REMOVE, encode_path(path)))
            except SftpStatusError as error:
                if error.code != packets.NO_SUCH_FILE:
                    raise

    def prune_folders(self, paths: Iterable[str]) -> None:
        for folder in {posixpath.dirname(path) for path in paths}:
            with suppress(TransferError), self._session(folder) as session:
                self._prune_upwards(session, folder)

    def _prune_upwards(self, session: SftpSession, folder: str) -> None:
        """Remove folders that are empty. A root keeps its own ones."""
        root = self._find_root(folder + "/").rstrip("/")
        while len(posixpath.dirname(folder).rstrip("/")) > len(root):
            try:
                session.expect_ok(
                    session.send_named(packets.RMDIR, encode_path(folder))
                )
            except SftpStatusError:
                return
            self._folders.pop(folder, None)
            self._swept.discard(folder)
            folder = posixpath.dirname(folder)

    def find_digest_algorithms(self) -> tuple[str, ...]:
        if self._algorithms is None:
            with self._pool.lend() as connection:
                shell = connection.find_shell()
                self._algorithms = shell.algorithms if shell else ()
        return self._algorithms

    # --- many files ------------------------------------------------------------------

    def stat_many(
        self, paths: Sequence[str]
    ) -> list[Union[FileStat, TransferError, None]]:
        with self._session(paths[0]) as session:
            return Batch(session, self._site_name, reads=True).stat(paths)

    def read_many(self, paths: Sequence[str]) -> list[Union[WholeFile, TransferError]]:
        with self._session(paths[0], is_source=True) as session:
            refused: dict[str, TransferError] = {}
            for folder, path in {posixpath.dirname(p): p for p in paths}.items():
                error = self._find_folder_fault(session, path)
                if error is not None:
                    refused[folder] = error
            wanted = [p for p in paths if posixpath.dirname(p) not in refused]
            batch = Batch(session, self._site_name, reads=True)
            found = dict(
                zip(
                    wanted,
                    batch.read(wanted, lambda p: self._find_real_root(session, p)),
                )
            )
        return [found.get(p) or refused[posixpath.dirname(p)] for p in paths]

    def _find_folder_fault(
        self, session: SftpSession, path: str
    ) -> Optional[TransferError]:
        try:
            self._check_source_folder(session, path)
        except SftpStatusError as error:
            return map_status(
                error, path=path, site_name=self._site_name, is_source=True
            )
        except TransferError as error:
            return error
        return None

    def write_many(self, files: Sequence[NewFile]) -> list[Optional[TransferError]]:
        with self._session(files[0].path) as session:
            refused: dict[str, TransferError] = {}
            for folder in {posixpath.dirname(file.path) for file in files}:
                error = self._find_making_fault(session, folder)
                if error is not None:
                    refused[folder] = error
            wanted = [f for f in files if posixpath.dirname(f.path) not in refused]
            results = dict(zip((f.path for f in wanted), self._write(session, wanted)))
        for path, result in results.items():
            if isinstance(result, RetryableError):
                self._folders.pop(posixpath.dirname(path), None)
        return [
            refused.get(posixpath.dirname(f.path)) or results.get(f.path) for f in files
        ]

    def _find_making_fault(
        self, session: SftpSession, folder: str
    ) -> Optional[TransferError]:
        try:
            self._make_folder(session, folder)
        except SftpStatusError as error:
            return map_status(
                error, path=folder, site_name=self._site_name, is_source=False
            )
        except TransferError as error:
            return error
        return None

    def _write(
        self, session: SftpSession, files: Sequence[NewFile]
    ) -> list[Optional[TransferError]]:
        tag = self._config.machine_tag
        parts = []
        for file in files:
            folder, name = posixpath.split(file.path)
            parts.append(posixpath.join(folder, make_part_name(name, tag)))
        with self._lock:
            self._live_parts.update(parts)
        try:
            return Batch(session, self._site_name, reads=False).write(files, parts)
        finally:
            with self._lock:
                self._live_parts.difference_update(parts)

    # --- left-over parts -------------------------------------------------------------

    def _sweep_once(self, session: SftpSession, folder: str) -> None:
        """Remove what killed processes left in a folder.

        Whether a part is still written to cannot be seen from here: its age by the
        server's own clock decides. A part that a journal names is younger or resumed.
        """
        with self._lock:
            if folder in self._swept:
                return
            self._swept.add(folder)
        parts = [
            (name, found.mtime)
            for name, found in session.list_folder(encode_path(folder))
            if name.startswith(b".") and name.endswith(PART_SUFFIX.encode())
        ]
        old = [(n, m) for n, m in parts if m is not None and self._is_own_tag(n) != ""]
        if not old:
            return
        now = self._read_server_time(session, folder)
        for name, mtime in old:
            path = posixpath.join(folder, name.decode("utf-8", "surrogateescape"))
            is_own = self._is_own_tag(name) == "own"
            longest = OWN_ABANDONED_SECONDS if is_own else ABANDONED_SECONDS
            is_held = path in self._live_parts or path in self._spared
            if now - mtime > longest and not is_held:
                session.forget(session.send_named(packets.REMOVE, encode_path(path)))

    def _is_own_tag(self, name: bytes) -> str:
        """`own`, `other`, or "" for what is no part of ours."""
        tag = name[: -len(PART_SUFFIX)].rpartition(b".")[2].decode("ascii", "replace")
        if len(tag) != len(self._config.machine_tag) + 4:
            return ""
        return "own" if tag.startswith(self._config.machine_tag) else "other"

    def _read_server_time(self, session: SftpSession, folder: str) -> int:
        """The server's clock, by the time of a file that is made for it."""
        probe = encode_path(
            posixpath.join(folder, make_part_name("clock", secrets.token_hex(2)))
        )
        flags = packets.OPEN_WRITE | packets.OPEN_CREATE | packets.OPEN_EXCLUSIVE
        handle = session.open(probe, flags)
        try:
            found = session.ask_attributes(packets.FSTAT, handle)
        finally:
            session.forget(session.send_named(packets.CLOSE, handle))
            session.expect_ok(session.send_named(packets.REMOVE, probe))
        return found.mtime or 0


def _is_folder(session: SftpSession, path: str) -> bool:
    try:
        found = session.ask_attributes(packets.STAT, encode_path(path))
    except SftpStatusError as error:
        if error.code == packets.NO_SUCH_FILE:
            return False
        raise
    if found.mode is not None and not stat.S_ISDIR(found.mode):
        raise PermanentError(f"'{path}' is a file in the place of a folder.")
    return True
