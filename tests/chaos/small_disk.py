"""A disk of a few hundred megabytes, to be filled: needs the right to mount."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = b"\0" * (1 << 20)


class SmallDisk:
    """A folder; `is_limited` tells whether it has a size of its own."""

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path = path
        path.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755"]
        mounted = subprocess.run(
            [*command, "sitesync-chaos", str(path)], capture_output=True, check=False
        )
        self.is_limited = mounted.returncode == 0

    @contextmanager
    def filled(self) -> Iterator[None]:
        """No byte is left for the time of the context."""
        ballast = self.path / ".ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(BLOCK):
                pass
        try:
            yield
        finally:
            ballast.unlink()

    def remove(self) -> None:
        if self.is_limited:
            subprocess.run(["umount", "-l", str(self.path)], check=False)
