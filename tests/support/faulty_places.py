"""Sites of each kind over a folder of this machine that tests do harm to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.adapter import AdaptedProvider
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider

from tests.support.rclone_servers import serve_s3, serve_webdav
from tests.support.remote_storage import (
    make_remote_provider,
    make_s3_settings,
    make_webdav_settings,
)
from tests.support.sample_provider import FolderProvider
from tests.support.small_disk import SmallDisk
from tests.support.sshd import Sshd

KINDS = ("local", "sftp", "s3", "webdav", "custom")
SITE = "brisk-amber-fox"


class Place:
    """A site whose files are below `root` on this machine."""

    def __init__(self, kind: str, root: Path, open_site: Callable[[], Provider]):
        self.kind = kind
        self.root = root
        self.open = open_site
        """Another provider each time, as another process has."""

    def list_files(self) -> dict[str, bytes]:
        """Every file there by its name; the server's own ones are left out."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file()
        }


@contextmanager
def open_place(kind: str, disk: SmallDisk, state: Path) -> Iterator[Place]:
    """A site of that kind that keeps its files on `disk`, its server running."""
    folder = disk.path
    root = {"s3": folder / "studio/ayon", "webdav": folder / "ayon"}.get(
        kind, folder / "projects"
    )
    root.mkdir(parents=True)
    roots = {"work": str(root)}
    platform = current_platform()
    if kind == "local":
        local = SiteConfig(SITE, roots, platform, "beef")
        yield Place(kind, root, lambda: make_provider("local_drive", local))
    elif kind == "sftp":
        with Sshd(state / "sshd", sftp_prefix=disk.inside) as server:
            roots = {"work": str(disk.place / root.relative_to(folder))}
            config = SiteConfig(
                SITE, roots, platform, "beef", server.settings, str(state)
            )
            yield Place(kind, root, lambda: make_provider("sftp", config))
    elif kind == "custom":
        own = SiteConfig(SITE, {}, platform, "beef", {"folder": str(folder)})
        yield Place(kind, root, lambda: AdaptedProvider(FolderProvider, own))
    else:
        yield from _open_served(kind, folder, root)


def _open_served(kind: str, folder: Path, root: Path) -> Iterator[Place]:
    server = serve_s3(folder) if kind == "s3" else serve_webdav(folder)
    server.start()

    def open_site() -> Provider:
        if kind == "s3":
            return make_remote_provider("s3", make_s3_settings(server))
        settings = make_webdav_settings(server)
        return make_remote_provider("rclone", settings, "/ayon")

    try:
        yield Place(kind, root, open_site)
    finally:
        server.stop()
