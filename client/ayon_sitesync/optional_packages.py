"""Packages that the client does without, and what it lacks then."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

_LACKS = {
    "paramiko": ("paramiko", "SFTP sites cannot be reached"),
    "rich": ("rich", "tables of the command line are plain"),
    "websocket": ("websocket-client", "work is looked for by the clock only"),
    "xxhash": ("xxhash", "checksums take longer"),
}
"""By module: the package's name, and what is so without it."""


def find_missing() -> Iterator[tuple[str, str]]:
    """Each package that this process does not have, and what is so without it."""
    for module, lack in _LACKS.items():
        if importlib.util.find_spec(module) is None:
            yield lack
