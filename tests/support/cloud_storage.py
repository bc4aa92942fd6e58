"""Google Drive and Dropbox sites on the mocks, for the suite and for fault tests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ayon_sitesync.providers.base import Provider
from ayon_sitesync.providers.rclone.daemon import stop_daemons

from tests.support.cloud_mock import Answer, CloudProxy, Request, make_private_key
from tests.support.drive_mock import SHARED_DRIVE, DriveMock
from tests.support.dropbox_mock import TOKEN, DropboxMock
from tests.support.remote_storage import EXECUTABLE, make_remote_provider

VARIABLES = ("HTTPS_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@contextmanager
def run_clouds(
    folder: Path, drive: DriveMock, dropbox: DropboxMock
) -> Iterator[CloudProxy]:
    """Both clouds behind a proxy that this process and its daemons use."""

    def handle(request: Request) -> Answer:
        mock = dropbox if "dropbox" in request.host else drive
        return mock.handle(request)

    proxy = CloudProxy(folder, handle)
    proxy.start()
    stop_daemons()
    before = {name: os.environ.get(name) for name in VARIABLES}
    values = (proxy.url, str(proxy.certificate), str(proxy.certificate))
    os.environ.update(zip(VARIABLES, values, strict=True))
    try:
        yield proxy
    finally:
        stop_daemons()
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        proxy.stop()


def make_drive_settings(folder: Path, roots: str) -> dict[str, Any]:
    """Settings with a new service account's key file."""
    key_file = folder / "service-account.json"
    _, pem = make_private_key()
    content = {
        "type": "service_account",
        "project_id": "studio",
        "private_key_id": "canary-key-id-09d2",
        "private_key": pem.decode(),
        "client_email": "sync@studio.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    key_file.write_text(json.dumps(content))
    return {
        "credentials_url": {"linux": ["{NO_SUCH_VARIABLE}/key.json", str(key_file)]},
        "roots": roots,
        "rclone_executable_path": EXECUTABLE,
    }


class DriveStorage:
    """A site on a shared drive, or in a folder that a person shared."""

    def __init__(
        self,
        folder: Path,
        drive: DriveMock,
        proxy: CloudProxy,
        *,
        personal: bool = False,
    ) -> None:
        self._drive = drive
        self.take_away = proxy.take_away
        parent = "" if personal else SHARED_DRIVE
        self.parent = drive.make_folder("AYON", parent, shared=personal)
        self.root = drive.make_folder("work", self.parent)
        place = "My Drive" if personal else "Studio Drive"
        self._base = f"/{place}/AYON"
        self._settings = make_drive_settings(folder, f"{self._base}/work")

    def make_provider(self, folder: str = "work") -> Provider:
        return self.make_provider_at(f"{self._base}/{folder}")

    def make_provider_at(self, root: str) -> Provider:
        return make_remote_provider("gdrive", self._settings, root)

    def put(self, name: str, content: bytes) -> None:
        self._drive.put(self.root, name, content)

    def get(self, name: str) -> bytes | None:
        return self._drive.list_files(self.root).get(name)

    def list_names(self) -> list[str]:
        return sorted(self._drive.list_files(self.root))


class DropboxStorage:
    """A site in a Dropbox, or in a team's folder."""

    def __init__(
        self,
        dropbox: DropboxMock,
        proxy: CloudProxy,
        *,
        team: bool = False,
        token: str = TOKEN,
        member: str = "Kim Lee",
    ) -> None:
        """`member`: as whom a team's Dropbox is used."""
        self._dropbox = dropbox
        self.take_away = proxy.take_away
        self._prefix = "/Team Files/ayon/" if team else "/ayon/"
        dropbox.make_folder(self._prefix.rstrip("/"))
        self._settings = {
            "token": token,
            "team_folder_name": "Team Files" if team else "",
            "acting_as_member": member if team else "",
            "roots": "/ayon",
            "rclone_executable_path": EXECUTABLE,
        }

    def make_provider(self) -> Provider:
        return make_remote_provider("dropbox", self._settings, "/ayon")

    def put(self, name: str, content: bytes) -> None:
        self._dropbox.put(self._prefix + name, content)

    def get(self, name: str) -> bytes | None:
        file = self._dropbox.files.get((self._prefix + name).lower())
        return file.content if file is not None else None

    def list_names(self) -> list[str]:
        return sorted(
            file.path.removeprefix(self._prefix)
            for file in self._dropbox.files.values()
        )
