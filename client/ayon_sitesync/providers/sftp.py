"""SFTP: files on a server, over connections that stay open.

Small files go in batches, large ones with many requests in flight; what was written is
proven by a checksum that the server's shell computes, or is read back.
"""

from __future__ import annotations

import posixpath
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Optional, Union

from ..errors import (
    WRONG_SETTING,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)
from ..paths import resolve_path
from .base import Capabilities, FileStat, NewFile, SiteConfig, WholeFile
from .disk.files import make_part_name
from .ssh import packets
from .ssh.batches import Batch
from .ssh.faults import map_link, map_status, mapping_errors
from .ssh.files import (
    SftpPart,
    SftpReader,
    ask_space,
    encode_path,
    ensure_inside,
    make_stat,
)
from .ssh.folders import RemoteFolders
from .ssh.options import read_options
from .ssh.pool import ConnectionPool, find_pool
from .ssh.session import LinkError, SftpSession, SftpStatusError

POSIX = "linux"
"""Paths on a server are POSIX paths, whatever this machine is."""

HEALTHY_SECONDS = 2.0
FREE_SECONDS = 5.0
"""How long what the server said of its free space is believed."""


class SftpProvider:
    """Files below a site's root folders on an SSH server."""

    capabilities = Capabilities(
        reads_back=True,
        keeps_mtime=True,
        batches=True,
        computes_digests=True,
        resumes=True,
        tells_space=True,
        has_folders=True,
    )

    def __init__(self, config: SiteConfig) -> None:
        """Does not connect. Raises `SiteUnhealthyError` for unusable settings."""
        self._config = config
        self._site_name = config.site_name
        # An empty setting means the top, as for the existing addon.
        self._roots = {name: root or "/" for name, root in config.roots.items()}
        self._pool: ConnectionPool = find_pool(read_options(config))
        self._folders = RemoteFolders(self._roots, config.machine_tag)
        self._healthy: dict[tuple[str, bool], float] = {}
        self._free: dict[str, tuple[float, Optional[int]]] = {}
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
            now, known = time.monotonic(), (root, writable)
            if now - self._healthy.get(known, -HEALTHY_SECONDS) < HEALTHY_SECONDS:
                continue
            reason = self._find_root_fault(root, writable)
            if reason:
                raise SiteUnhealthyError(
                    self._site_name,
                    f"root '{name}' at '{root}' {reason}",
                    WRONG_SETTING,
                )
            self._healthy[known] = now

    def _find_root_fault(self, root: str, writable: bool) -> str:
        space = None
        try:
            with self._pool.lend() as connection:
                found = connection.session.ask_attributes(
                    packets.STAT, encode_path(root)
                )
                if writable:
                    space = ask_space(connection.session, root)
        except SftpStatusError as error:
            if error.code == packets.NO_SUCH_FILE:
                return "is not there; make it on the server"
            return f"cannot be used: {error.text or error.code}"
        except LinkError as error:
            raise map_link(error, self._site_name) from error
        if found.mode is not None and not stat.S_ISDIR(found.mode):
            return "is not a folder"
        if space is not None and space.is_read_only:
            return "is mounted read-only on the server"
        return ""

    def find_free_bytes(self, root_names: Iterable[str]) -> Optional[int]:
        free = [
            self._find_free_bytes(self._roots[name])
            for name in sorted(root_names)
            if name in self._roots
        ]
        known = [count for count in free if count is not None]
        return min(known, default=None)

    def _find_free_bytes(self, root: str) -> Optional[int]:
        """None where the server lacks `statvfs@openssh.com`, or refuses it here."""
        now = time.monotonic()
        at, count = self._free.get(root, (-FREE_SECONDS, None))
        if now - at < FREE_SECONDS:
            return count
        with self._session(root) as session:
            space = ask_space(session, root)
        count = None if space is None else space.free_bytes
        self._free[root] = (now, count)
        return count

    # --- paths -----------------------------------------------------------------------

    def locate(self, rootless: str) -> str:
        return resolve_path(rootless, self._roots, POSIX)

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
                self._folders.check_source(session, path)
                name = encode_path(path)
                found = session.ask_attributes(packets.LSTAT, name)
                if stat.S_ISLNK(found.mode or 0):
                    real_root = self._folders.find_real_root(session, path)
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
                self._folders.make(part.session, folder)
                part.create()
        except BaseException:
            self._folders.distrust(folder)
            self._healthy.clear()
            part.abandon()
            raise
        return part

    def resume_part(self, path: str, token: str, offset: int) -> Optional[SftpPart]:
        part = self._open_part(path, token)
        try:
            with part.mapping_errors():
                self._folders.check_source(part.session, path)
                if part.reopen(offset):
                    return part
        except BaseException:
            part.abandon()
            raise
        part.abandon()
        return None

    def spare_parts(self, tokens: Collection[str]) -> None:
        self._folders.spare(tokens)

    def discard_part(self, path: str, token: str) -> None:
        self.delete(token)

    def _open_part(self, path: str, temporary: str) -> SftpPart:
        connection = self._pool.take()
        self._folders.hold([temporary])
        return SftpPart(
            self._pool,
            connection,
            (path, temporary),
            self._site_name,
            lambda part: self._folders.let_go([part]),
        )

    def delete(self, path: str) -> None:
        with self._session(path) as session:
            try:
                self._folders.check_source(session, path)
                session.expect_ok(session.send_named(packets.REMOVE, encode_path(path)))
            except SftpStatusError as error:
                if error.code != packets.NO_SUCH_FILE:
                    raise

    def prune_folders(self, paths: Iterable[str]) -> None:
        for folder in {posixpath.dirname(path) for path in paths}:
            with suppress(TransferError), self._session(folder) as session:
                self._folders.prune_upwards(session, folder)

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
            return Batch(session, self._site_name, reads=True).stat(
                paths, self._folders
            )

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
                    batch.read(
                        wanted, lambda p: self._folders.find_real_root(session, p)
                    ),
                )
            )
        return [found.get(p) or refused[posixpath.dirname(p)] for p in paths]

    def _find_folder_fault(
        self, session: SftpSession, path: str
    ) -> Optional[TransferError]:
        try:
            self._folders.check_source(session, path)
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
        if refused or any(results.values()):
            self._healthy.clear()
        for path, result in results.items():
            if isinstance(result, RetryableError):
                self._folders.distrust(posixpath.dirname(path))
        return [
            refused.get(posixpath.dirname(f.path)) or results.get(f.path) for f in files
        ]

    def _find_making_fault(
        self, session: SftpSession, folder: str
    ) -> Optional[TransferError]:
        try:
            self._folders.make(session, folder)
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
        self._folders.hold(parts)
        try:
            return Batch(session, self._site_name, reads=False).write(files, parts)
        finally:
            self._folders.let_go(parts)
