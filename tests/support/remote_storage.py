"""Sites behind rclone for the provider suite, over folders that it can look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider

from tests.support.rclone_servers import (
    ACCESS_KEY,
    PASSWORD,
    SECRET_KEY,
    USER,
    RcloneServer,
    find_rclone,
    obscure,
    serve_s3,
    serve_webdav,
)

EXECUTABLE = {"linux": find_rclone()}


class FolderStorage:
    """A site whose server keeps plain files below `root`."""

    def __init__(
        self, root: Path, make: Callable[[], Provider], take_away: Callable[[], None]
    ) -> None:
        self._root = root
        self.make_provider = make
        self.take_away = take_away

    def put(self, name: str, content: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def get(self, name: str) -> bytes | None:
        path = self._root / name
        return path.read_bytes() if path.exists() else None

    def list_names(self) -> list[str]:
        return sorted(
            path.relative_to(self._root).as_posix()
            for path in self._root.rglob("*")
            if path.is_file()
        )


def make_s3_settings(server: RcloneServer, **changes: Any) -> dict[str, Any]:
    """Settings of an S3 site in bucket `studio`, its root folder `ayon`."""
    return {
        "provider": "Rclone",
        "endpoint": server.url,
        "region": "",
        "bucket": "studio",
        "access_key_id": ACCESS_KEY,
        "secret_access_key": SECRET_KEY,
        "session_token": "",
        "force_path_style": True,
        "roots": "ayon",
        "rclone_executable_path": EXECUTABLE,
        **changes,
    }


def make_webdav_settings(server: RcloneServer, **changes: Any) -> dict[str, Any]:
    """Settings of a WebDAV site by web configuration, its root folder `ayon`."""
    values = {
        "url": server.url,
        "vendor": "other",
        "user": USER,
        "pass": PASSWORD,
        **changes,
    }
    return {
        "config_type": "config_web",
        "config_web": {
            "type": "WebDAV",
            "config_params": [
                {"key": key, "value": value} for key, value in values.items()
            ],
        },
        "root": "/ayon",
        "additional_args": ["--contimeout=5s"],
        "rclone_executable_path": EXECUTABLE,
    }


def make_file_settings(server: RcloneServer, path: Path) -> dict[str, Any]:
    """The same site by rclone's own configuration file, which is made at `path`."""
    path.write_text(
        f"[other]\ntype = memory\n\n[nas]\ntype = webdav\nurl = {server.url}\n"
        f"vendor = other\nuser = {USER}\npass = {obscure(PASSWORD)}\n"
    )
    return {
        "config_type": "config_file",
        "config_file": {
            "rclone_config_path": {"linux": str(path)},
            "remote_name": "nas",
        },
        "root": "/ayon",
        "rclone_executable_path": EXECUTABLE,
    }


def make_remote_provider(
    code: str, settings: dict[str, Any], root: str = "ayon"
) -> Provider:
    roots = {"work": root, "cache": f"{root}/cache"}
    config = SiteConfig("cloud", roots, "linux", "beef", settings=settings)
    return make_provider(code, config)


def make_s3_storage(
    folder: Path, *, is_watched: bool = True
) -> tuple[FolderStorage, RcloneServer]:
    root = folder / "studio" / "ayon"
    root.mkdir(parents=True)
    server = serve_s3(folder, is_watched=is_watched)
    server.start()
    settings = make_s3_settings(server)
    storage = FolderStorage(
        root, lambda: make_remote_provider("s3", settings), server.stop
    )
    return storage, server


def make_webdav_storage(
    folder: Path, *, is_watched: bool = True, config_file: Path | None = None
) -> tuple[FolderStorage, RcloneServer]:
    root = folder / "ayon"
    root.mkdir(parents=True)
    server = serve_webdav(folder, is_watched=is_watched)
    server.start()
    settings = (
        make_file_settings(server, config_file)
        if config_file
        else make_webdav_settings(server)
    )
    storage = FolderStorage(
        root, lambda: make_remote_provider("rclone", settings, "/ayon"), server.stop
    )
    return storage, server
