"""What a source must be before it is copied, and how its content is read."""

from __future__ import annotations

import threading
from typing import Callable, Optional

from ..errors import CorruptError, MissingSourceError, RetryableError
from ..providers.base import FileStat, Reader
from .verify import Digests

CHUNK_BYTES = 1024 * 1024


def check_source(path: str, found: Optional[FileStat], size: Optional[int]) -> FileStat:
    """The source as it was found; `size` is what was published, None = unknown.

    Raises `MissingSourceError` or `CorruptError`.
    """
    if found is None:
        raise MissingSourceError(f"'{path}' is missing at the source.")
    if size is not None and found.size != size:
        raise CorruptError(
            f"'{path}' has {found.size} bytes at the source, published were {size}."
        )
    return found


def make_changed_error(path: str) -> RetryableError:
    return RetryableError(f"'{path}' changed while it was copied.")


def make_unpublished_error(path: str) -> CorruptError:
    return CorruptError(
        f"'{path}' differs at the source from what was published; its checksum is"
        " another."
    )


def digest_reader(
    reader: Reader, size: int, algorithms: set[str], tick: Callable[[int], None]
) -> Optional[Digests]:
    """Digests of an open file; None when it does not have `size` bytes."""
    digests = Digests(algorithms)
    done = 0
    buffer = get_buffer()
    while True:
        count = reader.readinto(buffer)
        if not count:
            return digests if done == size else None
        digests.update(buffer[:count])
        done += count
        tick(0)


_buffers = threading.local()


def get_buffer() -> memoryview:
    """This thread's buffer: making one for each small file costs more than copying."""
    view: Optional[memoryview] = getattr(_buffers, "view", None)
    if view is None:
        view = memoryview(bytearray(CHUNK_BYTES))
        _buffers.view = view
    return view
