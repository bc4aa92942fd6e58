"""A disk with one large file, and its way to a remote behind rclone and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.rclone.daemon import Daemon
from ayon_sitesync.providers.rclone.provider import RcloneProvider
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.transfer.copy_result import CopyResult
from ayon_sitesync.work import TransferFile

LARGE_BYTES = 20_000_000
SLOW_BYTES_PER_SECOND = 10_000_000
FILE = "{root[work]}/sh010/plate.mov"
NAME = "sh010/plate.mov"


class Disk:
    """The machine's own folder with a large file, or ready to take one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.path.parent.mkdir(parents=True)
        config = SiteConfig("disk", {"work": str(folder)}, current_platform(), "beef")
        self.provider = make_provider("local_drive", config)

    def write(self, size: int = LARGE_BYTES) -> bytes:
        content = os.urandom(min(size, 1_000_000)) * max(1, size // 1_000_000)
        self.path.write_bytes(content)
        return content


def transfer(
    source: Provider, target: Provider, tick: Callable[[int], None] = lambda moved: None
) -> CopyResult:
    return copy_file(TransferFile("f1", FILE, None), Route(source, target, tick))


class Once:
    """A `tick` that acts when the first bytes of a copy have moved."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self.acted = False

    def __call__(self, moved: int) -> None:
        if moved and not self.acted:
            self.acted = True
            self._act()


def slow_down(provider: Provider) -> Daemon:
    """The provider's daemon, slow enough to be caught in the middle of a file."""
    assert isinstance(provider, RcloneProvider)
    daemon = provider.find_daemon()
    daemon.set_bandwidth(SLOW_BYTES_PER_SECOND)
    return daemon
