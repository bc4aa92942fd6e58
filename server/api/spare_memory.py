"""Memory that large requests have used goes back to the system.

glibc keeps what is freed below something that is still in use, in each thread's arena,
and the larger the requests, the more: 30 MB of a server's 135 after a few. It gives it
back when it is asked to.
"""

from __future__ import annotations

import ctypes


def give_back_memory() -> None:
    """Give back what is free; takes some milliseconds, in which other threads run.

    C libraries that cannot be asked keep nothing, or for themselves.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
