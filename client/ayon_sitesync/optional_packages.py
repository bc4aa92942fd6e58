"""Packages that the client does without, and what it lacks then."""

from __future__ import annotations

import importlib.util

_LACKS = {
    "paramiko": ("paramiko", "SFTP sites cannot be reached"),
    "websocket": ("websocket-client", "work is looked for by the clock only"),
    "xxhash": ("xxhash", "checksums take longer"),
}
"""By module: the package's name, and what is so without it."""


def list_missing() -> list[str]:
    """A sentence for each package that this process does not have."""
    return [
        f"The package '{package}' is not installed: {effect}. Make a dependency package"
        " for the bundle with AYON's dependency tool."
        for module, (package, effect) in _LACKS.items()
        if importlib.util.find_spec(module) is None
    ]
