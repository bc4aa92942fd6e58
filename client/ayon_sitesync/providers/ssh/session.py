"""One SFTP session: requests go out ahead of their answers.

A session belongs to one thread at a time. `send` returns at once with a number,
`wait` gives the answer to it; what is sent between the two travels together. That is
what makes many small files fast on a long line.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

from . import packets
from .packets import Attributes, Body

FLUSH_BYTES = 256 * 1024
DIRECT_BYTES = 64 * 1024
"""Data from this size on goes out from where it is, without a copy of it all."""
PACKET_BYTES = 32640
"""What of it goes along with its request fills one SSH packet."""
RECEIVE_BYTES = 16 * 1024 * 1024
"""Asked of the channel at once, and its window: answers in flight stay below it."""

PORTABLE_BYTES = 32 * 1024
"""The data in one request that every server takes."""
MOST_BYTES = 255 * 1024

STEP_SECONDS = 1.0
"""How often a long wait looks whether it shall go on."""

SFTP_VERSION = 3
_FIELDS = struct.Struct(">IBI")


class SftpStatusError(Exception):
    """The server answered with a status other than OK."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class LinkError(Exception):
    """The connection is lost, or what came over it is not SFTP."""


class Answer(NamedTuple):
    kind: int
    body: memoryview


STATVFS_NUMBERS = 11


class Space(NamedTuple):
    """What a server says of a file system."""

    free_bytes: int
    is_read_only: bool


class SftpSession:
    """SFTP over an open channel (what paramiko's `Channel` offers is used)."""

    def __init__(self, channel: Any, link_errors: tuple[type[Exception], ...]) -> None:
        """`link_errors` are what the channel raises when the connection is lost."""
        self._channel = channel
        self._link_errors = link_errors
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._rest = b""
        self._answers: dict[int, Answer] = {}
        self._wanted: set[int] = set()
        self._last_id = 0
        self.is_broken = False
        """The link is lost: every request fails at once from then on."""
        self.extensions: dict[bytes, bytes] = {}
        self.read_bytes = self.write_bytes = PORTABLE_BYTES
        self._greet()

    # --- requests and answers --------------------------------------------------------

    def send(self, kind: int, *fields: bytes) -> int:
        """Queue a request; the number that `wait` takes."""
        request_id = self._queue(kind, fields)
        if self._out_bytes >= FLUSH_BYTES:
            self.flush()
        return request_id

    def _queue(self, kind: int, fields: Sequence[bytes], more_bytes: int = 0) -> int:
        """`more_bytes` of the request are sent after what is queued."""
        self._last_id = request_id = (self._last_id + 1) & 0xFFFFFFFF
        size = sum(map(len, fields))
        self._out.append(packets.encode_header(size + more_bytes, kind, request_id))
        self._out += fields
        self._out_bytes += size + _FIELDS.size
        self._wanted.add(request_id)
        return request_id

    def flush(self) -> None:
        """Send what is queued."""
        if not self._out:
            return
        if self.is_broken:
            raise LinkError("it was lost before")
        data = memoryview(b"".join(self._out))
        self._out.clear()
        self._out_bytes = 0
        self._send_all(data)

    def _send_all(self, data: memoryview) -> None:
        try:
            self._channel.sendall(data)
        except self._link_errors as error:
            raise self._lose(_describe(error)) from error

    def wait(self, request_id: int) -> Answer:
        """The answer to a request, whatever it says."""
        if request_id not in self._answers:
            self.flush()
            while request_id not in self._answers:
                self._receive()
        self._wanted.discard(request_id)
        return self._answers.pop(request_id)

    def wait_long(
        self, request_id: int, seconds: float, tick: Callable[[int], None]
    ) -> None:
        """Until the answer is here, longer than for others: a disk may be at work.

        `tick(0)` is called meanwhile; what it raises ends the wait.
        """
        self.flush()
        usual = self._channel.gettimeout()
        until = time.monotonic() + seconds
        self._channel.settimeout(STEP_SECONDS)
        try:
            while request_id not in self._answers:
                tick(0)
                self._receive(is_patient=time.monotonic() < until)
        finally:
            self._channel.settimeout(usual)

    def is_answered(self, request_id: int) -> bool:
        """Whether the answer is here already; takes in what has come."""
        while self._channel.recv_ready():
            self._receive()
        return request_id in self._answers

    def forget(self, request_id: int) -> None:
        """Nobody waits for this answer any more."""
        self._wanted.discard(request_id)
        self._answers.pop(request_id, None)

    def forget_all(self) -> None:
        """Nobody waits for anything: the next user begins anew."""
        self._wanted.clear()
        self._answers.clear()
        self.flush()

    def _lose(self, reason: str) -> LinkError:
        self.is_broken = True
        return LinkError(reason)

    def _receive(self, *, is_patient: bool = False) -> None:
        """Take in what comes. `is_patient`: it is no error when nothing does yet."""
        if self.is_broken:
            raise LinkError("it was lost before")
        try:
            data = self._channel.recv(RECEIVE_BYTES)
        except socket.timeout as error:
            if is_patient:
                return
            raise self._lose(_describe(error)) from error
        except self._link_errors as error:
            raise self._lose(_describe(error)) from error
        self._take_in(data)

    def _take_in(self, data: bytes) -> None:
        if not data:
            raise self._lose("the server closed the connection")
        if self._rest:
            data = self._rest + data
        view = memoryview(data)
        at, end = 0, len(data)
        while end - at >= _FIELDS.size:
            size, kind, request_id = _FIELDS.unpack_from(data, at)
            if size > RECEIVE_BYTES:
                raise self._lose("the server sends what is not SFTP")
            if at + 4 + size > end:
                break
            if request_id in self._wanted:
                self._answers[request_id] = Answer(
                    kind, view[at + _FIELDS.size : at + 4 + size]
                )
            at += 4 + size
        self._rest = data[at:]

    # --- one request at a time -------------------------------------------------------

    def expect(self, request_id: int, kind: int) -> Body:
        """The answer to a request that must be of `kind`.

        Raises `SftpStatusError` for a refusal and for EOF.
        """
        answer = self.wait(request_id)
        if answer.kind == kind:
            return Body(answer.body)
        if answer.kind != packets.STATUS:
            raise self._lose(f"the server answered with packet {answer.kind}")
        raise read_status(answer)

    def expect_ok(self, request_id: int) -> None:
        """Raises `SftpStatusError` unless the server says that it did it."""
        answer = self.wait(request_id)
        if answer.kind != packets.STATUS:
            raise self._lose(f"the server answered with packet {answer.kind}")
        error = read_status(answer)
        if error.code != packets.OK:
            raise error

    def ask_attributes(self, kind: int, path_or_handle: bytes) -> Attributes:
        request_id = self.send(kind, packets.encode_text(path_or_handle))
        return self.expect(request_id, packets.ATTRS).take_attributes()

    def open(self, path: bytes, flags: int) -> bytes:
        request_id = self.send_open(path, flags)
        return bytes(self.expect(request_id, packets.HANDLE).take_bytes())

    def send_open(self, path: bytes, flags: int) -> int:
        return self.send(
            packets.OPEN,
            packets.encode_text(path),
            packets.encode_u32(flags),
            packets.NO_ATTRIBUTES,
        )

    def send_read(self, handle: bytes, offset: int, size: int) -> int:
        return self.send(
            packets.READ,
            packets.encode_text(handle),
            packets.encode_u64(offset),
            packets.encode_u32(size),
        )

    def send_write(self, handle: bytes, offset: int, data: memoryview) -> int:
        """`data` may change as soon as this returns."""
        fields = (
            packets.encode_text(handle),
            packets.encode_u64(offset),
            packets.encode_u32(len(data)),
        )
        if len(data) < DIRECT_BYTES:
            return self.send(packets.WRITE, *fields, bytes(data))
        self.flush()
        first, rest = data[:PACKET_BYTES], data[PACKET_BYTES:]
        request_id = self._queue(packets.WRITE, (*fields, bytes(first)), len(rest))
        self.flush()
        self._send_all(rest)
        return request_id

    def send_named(self, kind: int, name: bytes) -> int:
        """A request whose only field is a path or a handle."""
        return self.send(kind, packets.encode_text(name))

    def send_fsync(self, handle: bytes) -> int:
        """Only where the server has the extension."""
        return self.send(
            packets.EXTENDED,
            packets.encode_text(packets.FSYNC),
            packets.encode_text(handle),
        )

    def send_rename(self, old: bytes, new: bytes) -> int:
        """Replace `new` in one step where the server can; else refused if it exists."""
        names = packets.encode_text(old), packets.encode_text(new)
        if packets.POSIX_RENAME in self.extensions:
            name = packets.encode_text(packets.POSIX_RENAME)
            return self.send(packets.EXTENDED, name, *names)
        return self.send(packets.RENAME, *names)

    def real_path(self, path: bytes) -> bytes:
        return self.take_real_path(self.send_real_path(path))

    def send_real_path(self, path: bytes) -> int:
        return self.send_named(packets.REALPATH, path)

    def take_real_path(self, request_id: int) -> bytes:
        body = self.expect(request_id, packets.NAME)
        body.take_u32()
        return bytes(body.take_bytes())

    def list_folder(self, path: bytes) -> list[tuple[bytes, Attributes]]:
        """Names and attributes in a folder."""
        handle = bytes(
            self.expect(
                self.send_named(packets.OPENDIR, path), packets.HANDLE
            ).take_bytes()
        )
        found: list[tuple[bytes, Attributes]] = []
        try:
            while True:
                body = self.expect(
                    self.send_named(packets.READDIR, handle), packets.NAME
                )
                for _ in range(body.take_u32()):
                    name = bytes(body.take_bytes())
                    body.take_bytes()
                    found.append((name, body.take_attributes()))
        except SftpStatusError as error:
            if error.code != packets.EOF:
                raise
        finally:
            self.forget(self.send_named(packets.CLOSE, handle))
        return found

    def ask_space(self, path: bytes) -> Space:
        """What is left where `path` is. Only where the server has the extension."""
        request_id = self.send(
            packets.EXTENDED,
            packets.encode_text(packets.STATVFS),
            packets.encode_text(path),
        )
        body = self.expect(request_id, packets.EXTENDED_REPLY)
        (_, block, _, _, free, _, _, _, _, flags, _) = (
            body.take_u64() for _ in range(STATVFS_NUMBERS)
        )
        return Space(block * free, bool(flags & packets.STATVFS_READ_ONLY))

    def close(self) -> None:
        self._channel.close()

    # --- start -----------------------------------------------------------------------

    def _greet(self) -> None:
        # Its number is the place of the version in these two packets alone.
        self._out.append(_FIELDS.pack(5, packets.INIT, SFTP_VERSION))
        self._wanted.add(SFTP_VERSION)
        body = Body(self.wait(SFTP_VERSION).body)
        self._last_id = SFTP_VERSION
        while not body.is_done:
            name = bytes(body.take_bytes())
            self.extensions[name] = bytes(body.take_bytes())
        if packets.LIMITS in self.extensions:
            self._read_limits()

    def _read_limits(self) -> None:
        request_id = self.send(packets.EXTENDED, packets.encode_text(packets.LIMITS))
        body = self.expect(request_id, packets.EXTENDED_REPLY)
        body.take_u64()
        read_bytes, write_bytes = body.take_u64(), body.take_u64()
        # 0 = the server names no limit.
        self.read_bytes = min(read_bytes or PORTABLE_BYTES, MOST_BYTES)
        self.write_bytes = min(write_bytes or PORTABLE_BYTES, MOST_BYTES)


def read_status(answer: Answer) -> SftpStatusError:
    body = Body(answer.body)
    code = body.take_u32()
    text = "" if body.is_done else bytes(body.take_bytes()).decode("utf-8", "replace")
    return SftpStatusError(code, text)


def _describe(error: Exception) -> str:
    return str(error) or f"no answer ({type(error).__name__})"
