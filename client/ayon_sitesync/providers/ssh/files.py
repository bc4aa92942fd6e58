"""Open files on a server: read ahead of the reader, written ahead of the answers."""

from __future__ import annotations

import stat
from collections import deque
from types import TracebackType
from typing import Callable, NamedTuple, Optional

from ...errors import STORAGE_FULL, PathError, PermanentError, SiteUnhealthyError
from ..base import UNKNOWN_TIME, FileStat
from . import packets
from .connection import Connection
from .faults import map_link, map_status, mapping_errors
from .packets import Attributes
from .pool import ConnectionPool
from .session import LinkError, SftpSession, SftpStatusError, Space

AHEAD_BYTES = 4 * 1024 * 1024
"""Data on its way for one open file; memory for each is bounded by it."""

NS_PER_SECOND = 1_000_000_000

FSYNC_SECONDS = 60.0
SLOWEST_BYTES_PER_SECOND = 10_000_000
"""A server's disk may write so slowly what its memory has taken: a server gets the
first time and that for the whole file until it has to say that all is on the disk."""


def _ignore(moved: int) -> None:
    """Nobody wants to know."""


def encode_path(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def make_stat(attributes: Attributes, path: str) -> FileStat:
    """Raises `PermanentError` for what is no regular file."""
    mode = attributes.mode
    if mode is not None and stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        raise PermanentError(f"'{path}' is not a regular file.")
    mtime = attributes.mtime or 0
    return FileStat(attributes.size or 0, mtime * NS_PER_SECOND)


class _Piece(NamedTuple):
    request_id: int
    offset: int
    size: int


class SftpReader:
    """An open file that is read ahead; it has a connection for itself."""

    def __init__(
        self,
        pool: ConnectionPool,
        connection: Connection,
        handle: bytes,
        path: str,
        site_name: str,
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._session: SftpSession = connection.session
        self._handle = handle
        self._path = path
        self._site_name = site_name
        self._size = self.stat().size
        self._asked = 0
        self._done = 0
        self._pieces: deque[_Piece] = deque()
        self._left = memoryview(b"")

    def stat(self) -> FileStat:
        with mapping_errors(self._path, self._site_name, is_source=True):
            return make_stat(
                self._session.ask_attributes(packets.FSTAT, self._handle), self._path
            )

    def seek(self, offset: int) -> None:
        """Go on from `offset`. Only before the first read."""
        self._asked = self._done = offset

    def readinto(self, buffer: memoryview) -> int:
        filled = 0
        with mapping_errors(self._path, self._site_name, is_source=True):
            while filled < len(buffer):
                if not self._left:
                    self._left = self._take_piece()
                    if not self._left:
                        break
                count = min(len(self._left), len(buffer) - filled)
                buffer[filled : filled + count] = self._left[:count]
                self._left = self._left[count:]
                filled += count
        self._done += filled
        return filled

    def _ask_ahead(self) -> None:
        step = self._session.read_bytes
        # Behind the end one piece is asked for: a file may have grown.
        end = max(self._size, self._done) + 1
        while self._asked < end and self._asked - self._done < AHEAD_BYTES:
            request_id = self._session.send_read(self._handle, self._asked, step)
            self._pieces.append(_Piece(request_id, self._asked, step))
            self._asked += step

    def _take_piece(self) -> memoryview:
        self._ask_ahead()
        if not self._pieces:
            return memoryview(b"")
        piece = self._pieces.popleft()
        try:
            body = self._session.expect(piece.request_id, packets.DATA)
        except SftpStatusError as error:
            if error.code != packets.EOF:
                raise
            return memoryview(b"")
        data = body.take_bytes()
        missing = piece.size - len(data)
        if missing and piece.offset + len(data) < self._size:
            # A server may give less than asked for: the rest comes before the next.
            offset = piece.offset + len(data)
            request_id = self._session.send_read(self._handle, offset, missing)
            self._pieces.appendleft(_Piece(request_id, offset, missing))
        return data

    def __enter__(self) -> SftpReader:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        _close_handle(self._connection, self._handle)
        self._pool.give(self._connection)


class SftpPart:
    """A temporary file on the server; it has a connection for itself."""

    def __init__(
        self,
        pool: ConnectionPool,
        connection: Connection,
        names: tuple[str, str],
        site_name: str,
        forget: Callable[[str], None],
    ) -> None:
        """`names` are the final and the temporary path; both are in one folder.

        `forget` is called with the temporary path once nobody writes to it any more.
        """
        self._pool = pool
        self._connection = connection
        self._session: SftpSession = connection.session
        self._path, self._temporary = names
        self._site_name = site_name
        self._forget = forget
        self._handle = b""
        self._offset = 0
        self._open_answers: deque[tuple[int, int]] = deque()
        self._ahead = 0
        self._is_published = False
        self._is_kept = False

    # --- begin -----------------------------------------------------------------------

    @property
    def session(self) -> SftpSession:
        return self._session

    def abandon(self) -> None:
        """Nothing was made: give the connection back."""
        self._forget(self._temporary)
        self._pool.give(self._connection)

    def create(self) -> None:
        """Make the temporary file. Raises when its name is taken."""
        flags = packets.OPEN_READ | packets.OPEN_WRITE | packets.OPEN_CREATE
        self._handle = self._session.open(
            encode_path(self._temporary), flags | packets.OPEN_EXCLUSIVE
        )

    def reopen(self, offset: int) -> bool:
        """Go on with a part that is there; False when it does not hold `offset`."""
        name = encode_path(self._temporary)
        try:
            found = self._session.ask_attributes(packets.LSTAT, name)
            if make_stat(found, self._temporary).size < offset:
                return False
            self._handle = self._session.open(
                name, packets.OPEN_READ | packets.OPEN_WRITE
            )
        except (SftpStatusError, PermanentError):
            return False
        self._offset = offset
        return True

    # --- write -----------------------------------------------------------------------

    @property
    def token(self) -> str:
        return self._temporary

    def write(self, data: memoryview) -> None:
        step = self._session.write_bytes
        with self.mapping_errors():
            for start in range(0, len(data), step):
                piece = data[start : start + step]
                request_id = self._session.send_write(self._handle, self._offset, piece)
                self._open_answers.append((request_id, len(piece)))
                self._offset += len(piece)
                self._ahead += len(piece)
            self._take_answers(AHEAD_BYTES)

    def _take_answers(self, ahead_bytes: int) -> None:
        """Take what came; wait until no more than `ahead_bytes` are on their way."""
        while self._open_answers:
            request_id, size = self._open_answers[0]
            is_waiting = self._ahead > ahead_bytes
            if not is_waiting and not self._session.is_answered(request_id):
                return
            self._session.expect_ok(request_id)
            self._open_answers.popleft()
            self._ahead -= size

    def settle(self) -> None:
        """Wait until the server has confirmed all that was written."""
        with self.mapping_errors():
            self._take_answers(-1)

    def _finish_writing(self, tick: Callable[[int], None] = _ignore) -> None:
        self.settle()
        with self.mapping_errors():
            if packets.FSYNC in self._session.extensions:
                request_id = self._session.send_fsync(self._handle)
                patience = FSYNC_SECONDS + self._offset / SLOWEST_BYTES_PER_SECOND
                self._session.wait_long(request_id, patience, tick)
                self._session.expect_ok(request_id)

    # --- prove and publish -----------------------------------------------------------

    def read_back(self) -> SftpReader:
        self._finish_writing()
        connection = self._pool.take()
        try:
            with mapping_errors(self._temporary, self._site_name, is_source=False):
                handle = connection.session.open(
                    encode_path(self._temporary), packets.OPEN_READ
                )
            return SftpReader(
                self._pool, connection, handle, self._temporary, self._site_name
            )
        except BaseException:
            self._pool.give(connection)
            raise

    def compute_digest(
        self, algorithm: str, tick: Callable[[int], None]
    ) -> Optional[str]:
        self._finish_writing(tick)
        shell = self._connection.find_shell()
        if shell is None or algorithm not in shell.algorithms:
            return None
        found = None
        try:
            found = shell.compute_digest(
                algorithm, encode_path(self._temporary), self._offset, tick
            )
        finally:
            if found is None:
                self._connection.drop_shell()
        return found

    def publish(self, mtime_ns: int) -> None:
        self._finish_writing()
        session = self._session
        with self.mapping_errors():
            sent = []
            if mtime_ns != UNKNOWN_TIME:
                handle = packets.encode_text(self._handle)
                mtime = packets.encode_times(mtime_ns // NS_PER_SECOND)
                sent.append(session.send(packets.FSETSTAT, handle, mtime))
            sent.append(session.send_named(packets.CLOSE, self._handle))
            self._handle = b""
            for request_id in sent:
                session.expect_ok(request_id)
            rename(session, self._temporary, self._path)
            self._is_published = True

    def keep(self) -> None:
        """Leave the temporary file for `resume_part`."""
        self._is_kept = True

    def mapping_errors(self) -> _WriteErrors:
        """Turns what the session raises about this file into transfer errors."""
        return _WriteErrors(self._session, self._path, self._site_name)

    def __enter__(self) -> SftpPart:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._handle:
            _close_handle(self._connection, self._handle)
        if not self._is_published and not self._is_kept:
            try:
                name = encode_path(self._temporary)
                # Waited for, so that who looks next does not find it.
                self._session.expect_ok(self._session.send_named(packets.REMOVE, name))
            except (SftpStatusError, LinkError):
                # Gone already, or out of reach: a later sweep removes it.
                pass
        self._forget(self._temporary)
        self._pool.give(self._connection)


def rename(session: SftpSession, old: str, new: str) -> None:
    """Give a file its final name, replacing what has it."""
    names = encode_path(old), encode_path(new)
    try:
        session.expect_ok(session.send_rename(*names))
    except SftpStatusError as error:
        if packets.POSIX_RENAME in session.extensions or error.code != packets.FAILURE:
            raise
        # A server without the extension renames over nothing. For a moment there is
        # no file, never a half one.
        session.expect_ok(session.send_named(packets.REMOVE, names[1]))
        session.expect_ok(session.send_rename(*names))


def _close_handle(connection: Connection, handle: bytes) -> None:
    session = connection.session
    try:
        session.forget_all()
        session.forget(session.send_named(packets.CLOSE, handle))
        session.flush()
    except LinkError:
        connection.close()


class _WriteErrors:
    """Maps errors of writing; a bare failure on a full disk is told as that."""

    def __init__(self, session: SftpSession, path: str, site_name: str) -> None:
        self._session = session
        self._path = path
        self._site_name = site_name

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if isinstance(exc, SftpStatusError):
            if exc.code == packets.FAILURE:
                raise_if_full(self._session, self._path, self._site_name)
            raise map_status(
                exc, path=self._path, site_name=self._site_name, is_source=False
            ) from exc
        if isinstance(exc, LinkError):
            raise map_link(exc, self._site_name) from exc


FULL_BYTES = 1024 * 1024
"""Less free space than this is a full disk."""


def ask_space(session: SftpSession, folder: str) -> Optional[Space]:
    """What is left where `folder` is; None where the server does not tell.

    Raises `LinkError`.
    """
    if packets.STATVFS not in session.extensions:
        return None
    try:
        return session.ask_space(encode_path(folder))
    except SftpStatusError:
        return None


def raise_if_full(session: SftpSession, path: str, site_name: str) -> None:
    """OpenSSH says of a full disk no more than "Failure": look at the space."""
    try:
        space = ask_space(session, path.rpartition("/")[0] or "/")
    except LinkError:
        return
    if space is not None and space.free_bytes < FULL_BYTES:
        reason = "the disk is full; free some space"
        raise SiteUnhealthyError(site_name, reason, STORAGE_FULL)


def ensure_inside(real_path: bytes, real_root: bytes, path: str) -> None:
    """Raise `PathError` for what a link on the server leads out of the root."""
    folder = real_root if real_root.endswith(b"/") else real_root + b"/"
    if real_path != real_root and not real_path.startswith(folder):
        raise PathError(f"'{path}' leads out of its root by a symbolic link.")
