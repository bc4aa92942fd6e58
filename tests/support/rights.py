"""Root without the right to pass over the permissions of files.

Tests and their servers may run as root, to whom access is never denied. A test takes
that right from its own thread, and starts servers without it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
VERSION_3 = 0x20080522

RIGHTLESS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""What the command of root begins with, so that permissions count for it."""
WITHOUT_RIGHTS = RIGHTLESS if os.getuid() == 0 else ()
"""The same for commands of whoever runs the tests."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@contextmanager
def without_rights() -> Iterator[None]:
    """Permissions count for this thread, whoever it runs as."""
    system = ctypes.CDLL(None, use_errno=True)
    header = _Header(VERSION_3, 0)
    sets = (_Sets * 2)()

    def call(name: str) -> None:
        if getattr(system, name)(ctypes.byref(header), ctypes.byref(sets)) != 0:
            raise OSError(ctypes.get_errno(), name)

    call("capget")
    before = sets[0].effective
    sets[0].effective = before & ~(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
    call("capset")
    try:
        yield
    finally:
        sets[0].effective = before
        call("capset")
