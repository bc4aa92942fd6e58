"""Many small files at once: each step of all files goes out together.

A batch costs about as many round trips as one file does, so a sequence of small frames
over a long line is as fast as the line.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Union

from ...errors import CorruptError, RetryableError, TransferError
from ..base import UNKNOWN_TIME, FileStat, NewFile, WholeFile
from . import packets
from .faults import map_status
from .files import encode_path, ensure_inside, make_stat, raise_if_full, rename
from .folders import RemoteFolders
from .packets import Attributes
from .session import SftpSession, SftpStatusError

NS_PER_SECOND = 1_000_000_000


@dataclass
class _File:
    """One file of a batch. After an error the steps leave it out."""

    path: str
    error: Optional[TransferError] = None
    handle: bytes = b""
    found: Optional[Attributes] = None
    whole: Optional[WholeFile] = None
    new: Optional[NewFile] = None
    part: str = ""
    reads: list[tuple[int, int]] = field(default_factory=list)


class Batch:
    """One batch on one session. Raises `LinkError` when the connection is lost."""

    def __init__(self, session: SftpSession, site_name: str, *, reads: bool) -> None:
        self._session = session
        self._site_name = site_name
        self._reads = reads

    def _each(
        self,
        files: Sequence[_File],
        send: Callable[[_File], Any],
        take: Callable[[_File, Any], None],
    ) -> None:
        """Send for every file, then take every answer."""
        sent = [(file, send(file)) for file in files if file.error is None]
        for file, request in sent:
            file.error = self._take(file, request, take)

    def _take(
        self, file: _File, request: Any, take: Callable[[_File, Any], None]
    ) -> Optional[TransferError]:
        try:
            take(file, request)
        except SftpStatusError as error:
            full = None
            if error.code == packets.FAILURE and not self._reads:
                full = self._find_full(file)
            return full or map_status(
                error,
                path=file.path,
                site_name=self._site_name,
                is_source=self._reads,
            )
        except TransferError as error:
            return error
        return None

    def _find_full(self, file: _File) -> Optional[TransferError]:
        try:
            raise_if_full(self._session, file.path, self._site_name)
        except TransferError as error:
            return error
        return None

    def _send_reads(self, file: _File, size: int) -> list[tuple[int, int]]:
        """Requests for all content, and for one byte more than there should be."""
        step = self._session.read_bytes
        return [
            (self._session.send_read(file.handle, at, min(step, size + 1 - at)), at)
            for at in range(0, size + 1, step)
        ]

    def _take_content(self, reads: list[tuple[int, int]], size: int) -> bytes:
        """At most `size` + 1 bytes: a file that has grown shows it."""
        content = bytearray()
        for request_id, at in reads:
            try:
                data = self._session.expect(request_id, packets.DATA).take_bytes()
            except SftpStatusError as error:
                if error.code != packets.EOF:
                    raise
                continue
            if len(content) != at:
                raise RetryableError("the server gave less than was asked for")
            content += data
        return bytes(content)

    # --- stat ------------------------------------------------------------------------

    def stat(
        self, paths: Sequence[str], folders: RemoteFolders
    ) -> list[Union[FileStat, TransferError, None]]:
        """What is at each path; None = nothing. Links out of a root are refused."""
        session = self._session
        files = [_File(path) for path in paths]
        stats: dict[int, FileStat] = {}

        def send_look(file: _File) -> int:
            return session.send_named(packets.LSTAT, encode_path(file.path))

        def take_look(file: _File, request_id: int) -> None:
            try:
                body = session.expect(request_id, packets.ATTRS)
            except SftpStatusError as error:
                if error.code != packets.NO_SUCH_FILE:
                    raise
                return
            file.found = body.take_attributes()

        def judge(file: _File, fault: Optional[TransferError]) -> None:
            if fault is not None:
                raise fault
            found = file.found
            if found is not None and stat.S_ISLNK(found.mode or 0):
                found = self._follow_link(file, folders)
            if found is not None:
                stats[id(file)] = make_stat(found, file.path)

        self._each(files, send_look, take_look)
        there = {posixpath.dirname(file.path) for file in files if file.found}
        faults = folders.find_faults(session, there)
        self._each(files, lambda f: faults.get(posixpath.dirname(f.path)), judge)
        return [file.error or stats.get(id(file)) for file in files]

    def _follow_link(self, file: _File, folders: RemoteFolders) -> Optional[Attributes]:
        """What a link within its root leads to; None = nothing."""
        name = encode_path(file.path)
        try:
            real = self._session.real_path(name)
            ensure_inside(
                real, folders.find_real_root(self._session, file.path), file.path
            )
            return self._session.ask_attributes(packets.STAT, name)
        except SftpStatusError as error:
            if error.code != packets.NO_SUCH_FILE:
                raise
            return None

    # --- read ------------------------------------------------------------------------

    def read(
        self, paths: Sequence[str], find_real_root: Callable[[str], bytes]
    ) -> list[Union[WholeFile, TransferError]]:
        """Whole contents; what a link leads out of its root is refused."""
        session = self._session
        files = [_File(path) for path in paths]

        def send_open(file: _File) -> tuple[int, int]:
            name = encode_path(file.path)
            look = session.send_named(packets.LSTAT, name)
            return look, session.send_open(name, packets.OPEN_READ)

        def take_open(file: _File, sent: tuple[int, int]) -> None:
            look, opened = sent
            try:
                file.found = session.expect(look, packets.ATTRS).take_attributes()
            except SftpStatusError:
                session.forget(opened)
                raise
            file.handle = bytes(session.expect(opened, packets.HANDLE).take_bytes())
            if stat.S_ISLNK(file.found.mode or 0):
                real = session.real_path(encode_path(file.path))
                ensure_inside(real, find_real_root(file.path), file.path)
                file.found = session.ask_attributes(packets.FSTAT, file.handle)
            make_stat(file.found, file.path)

        def send_read(file: _File) -> tuple[list[tuple[int, int]], int]:
            size = (file.found and file.found.size) or 0
            return (
                self._send_reads(file, size),
                session.send_named(packets.FSTAT, file.handle),
            )

        def take_read(file: _File, sent: tuple[list[tuple[int, int]], int]) -> None:
            reads, look = sent
            size = (file.found and file.found.size) or 0
            content = self._take_content(reads, size)
            after = session.expect(look, packets.ATTRS).take_attributes()
            found = make_stat(after, file.path)
            if len(content) != found.size or after.mtime != (
                file.found and file.found.mtime
            ):
                raise RetryableError(f"'{file.path}' changed while it was read.")
            file.whole = WholeFile(content, found)

        self._each(files, send_open, take_open)
        self._each(files, send_read, take_read)
        self._close(files)
        results: list[Union[WholeFile, TransferError]] = []
        for file in files:
            result = file.error or file.whole
            assert result is not None
            results.append(result)
        return results

    def _close(self, files: Sequence[_File]) -> None:
        for file in files:
            if file.handle:
                self._session.forget(
                    self._session.send_named(packets.CLOSE, file.handle)
                )
        self._session.flush()

    # --- write -----------------------------------------------------------------------

    def write(
        self, wanted: Sequence[NewFile], parts: Sequence[str]
    ) -> list[Optional[TransferError]]:
        """Write each to its part, read it back, give it its final name."""
        session = self._session
        flags = packets.OPEN_READ | packets.OPEN_WRITE
        flags |= packets.OPEN_CREATE | packets.OPEN_EXCLUSIVE
        files = [
            _File(new.path, new=new, part=part) for new, part in zip(wanted, parts)
        ]

        def send_open(file: _File) -> int:
            return session.send_open(encode_path(file.part), flags)

        def take_open(file: _File, request_id: int) -> None:
            file.handle = bytes(session.expect(request_id, packets.HANDLE).take_bytes())

        def send_rename(file: _File) -> int:
            return session.send_rename(encode_path(file.part), encode_path(file.path))

        def take_rename(file: _File, request_id: int) -> None:
            if packets.POSIX_RENAME in session.extensions:
                session.expect_ok(request_id)
                return
            try:
                session.expect_ok(request_id)
            except SftpStatusError:
                rename(session, file.part, file.path)

        self._each(files, send_open, take_open)
        self._each(files, self._send_content, self._take_proof)
        self._each(files, send_rename, take_rename)
        self._remove_parts([file for file in files if file.error and file.handle])
        return [file.error for file in files]

    def _send_content(self, file: _File) -> tuple[list[int], list[tuple[int, int]]]:
        """Content, time, flush, and the way back: all in one go."""
        session, new = self._session, file.new
        assert new is not None
        step, content = session.write_bytes, memoryview(new.content)
        sent = [
            session.send_write(file.handle, at, content[at : at + step])
            for at in range(0, len(content), step)
        ]
        if new.mtime_ns != UNKNOWN_TIME:
            mtime = packets.encode_times(new.mtime_ns // NS_PER_SECOND)
            handle = packets.encode_text(file.handle)
            sent.append(session.send(packets.FSETSTAT, handle, mtime))
        if packets.FSYNC in session.extensions:
            sent.append(session.send_fsync(file.handle))
        reads = self._send_reads(file, len(new.content))
        sent.append(session.send_named(packets.CLOSE, file.handle))
        return sent, reads

    def _take_proof(
        self, file: _File, sent: tuple[list[int], list[tuple[int, int]]]
    ) -> None:
        *written, closed = sent[0]
        for request_id in written:
            self._session.expect_ok(request_id)
        assert file.new is not None
        back = self._take_content(sent[1], len(file.new.content))
        self._session.expect_ok(closed)
        if back != file.new.content:
            raise CorruptError(
                f"'{file.path}' read back differently from what was written."
            )

    def _remove_parts(self, files: Sequence[_File]) -> None:
        sent = [
            self._session.send_named(packets.REMOVE, encode_path(file.part))
            for file in files
        ]
        for request_id in sent:
            self._session.wait(request_id)
