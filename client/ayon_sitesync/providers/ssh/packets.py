"""The packets of SFTP version 3, as numbers and bytes.

Names follow the protocol's draft (draft-ietf-secsh-filexfer-02) and the extensions that
OpenSSH documents in its PROTOCOL file.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = 3, 4, 5, 6, 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME = (
    *(11, 12, 13, 14, 15),
    *(16, 17, 18),
)
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = (
    *(101, 102, 103, 104, 105),
    *(200, 201),
)

OPEN_READ, OPEN_WRITE, OPEN_CREATE, OPEN_EXCLUSIVE = 0x01, 0x02, 0x08, 0x20

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = 0, 1, 2, 3, 4
NO_SPACE, QUOTA_EXCEEDED = 14, 15

POSIX_RENAME = b"posix-rename@openssh.com"
FSYNC = b"fsync@openssh.com"
STATVFS = b"statvfs@openssh.com"
STATVFS_READ_ONLY = 1
LIMITS = b"limits@openssh.com"

_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES = 0x1, 0x2, 0x4, 0x8

_HEADER = struct.Struct(">IBI")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_TWO_U32 = struct.Struct(">II")


class Attributes(NamedTuple):
    """What a server tells of a file; None = it does not tell."""

    size: Optional[int]
    mode: Optional[int]
    mtime: Optional[int]


def encode_header(body_bytes: int, kind: int, request_id: int) -> bytes:
    return _HEADER.pack(body_bytes + 5, kind, request_id)


def encode_text(text: bytes) -> bytes:
    return _U32.pack(len(text)) + text


def encode_u32(number: int) -> bytes:
    return _U32.pack(number)


def encode_u64(number: int) -> bytes:
    return _U64.pack(number)


def encode_times(mtime: int) -> bytes:
    """Attributes that set both times, in whole seconds."""
    return struct.pack(">III", _HAS_TIMES, mtime, mtime)


NO_ATTRIBUTES = _U32.pack(0)


class Body:
    """Reads the fields of an answer one after the other."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._data)

    def take_u32(self) -> int:
        (number,) = _U32.unpack_from(self._data, self._at)
        self._at += 4
        return int(number)

    def take_u64(self) -> int:
        (number,) = _U64.unpack_from(self._data, self._at)
        self._at += 8
        return int(number)

    def take_bytes(self) -> memoryview:
        count = self.take_u32()
        found = self._data[self._at : self._at + count]
        self._at += count
        return found

    def take_attributes(self) -> Attributes:
        flags = self.take_u32()
        size = self.take_u64() if flags & _HAS_SIZE else None
        if flags & _HAS_OWNER:
            self._at += _TWO_U32.size
        mode = self.take_u32() if flags & _HAS_MODE else None
        mtime = None
        if flags & _HAS_TIMES:
            self.take_u32()
            mtime = self.take_u32()
        if flags & 0x80000000:
            for _ in range(self.take_u32()):
                self.take_bytes()
                self.take_bytes()
        return Attributes(size, mode, mtime)
