"""How the C library of this process keeps memory that was freed.

glibc gives each thread a pool of its own, up to eight for each processor, and what is
freed in one stays there: sixteen threads that move files in turn held ten times of what
they used at once. With two pools, and with large blocks handed back to the system at
once, a process that moves files for days stays as small as its largest minute.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

MMAP_THRESHOLD, ARENA_MAX = -3, -8
"""Numbers of `mallopt`, from glibc's <malloc.h>."""
POOLS = 2
LARGE_BYTES = 512 * 1024
"""From this size on a block is the system's again once it is freed."""


def bound_memory_pools() -> None:
    """Set both for the rest of this process; nothing where there is no glibc.

    For a process that is an agent and nothing else. Raises nothing.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        # Others have a `mallopt` that means something else, or nothing.
        library.gnu_get_libc_version  # noqa: B018 - raises where it is not there
        library.mallopt(ARENA_MAX, POOLS)
        library.mallopt(MMAP_THRESHOLD, LARGE_BYTES)
