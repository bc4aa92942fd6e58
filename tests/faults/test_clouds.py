"""Clouds that list in pages, whose login ends, and that are cut off in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ayon_sitesync.errors import SiteUnhealthyError, TransferError
from ayon_sitesync.providers.base import Provider
from ayon_sitesync.transfer.copy import CopyResult, Route, copy_file
from ayon_sitesync.work import TransferFile

from tests.support.cloud_mock import CloudProxy
from tests.support.cloud_storage import DriveStorage, DropboxStorage, run_clouds
from tests.support.drive_mock import DriveMock
from tests.support.dropbox_mock import REFRESH_TOKEN, DropboxMock
from tests.unit.client.disks import MIB, make_disk

NAMES = [f"sh010/f.{number:04}.exr" for number in range(15)]


class Clouds:
    """Both clouds, and a disk with files for them."""

    def __init__(self, base: Path, proxy: CloudProxy) -> None:
        self.base = base
        self.proxy = proxy
        self.root = base / "disk"
        self.disk = make_disk(self.root, "studio")

    def write(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def drive() -> DriveMock:
    return DriveMock()


@pytest.fixture
def dropbox() -> DropboxMock:
    return DropboxMock()


@pytest.fixture
def clouds(tmp_path: Path, drive: DriveMock, dropbox: DropboxMock) -> Iterator[Clouds]:
    with run_clouds(tmp_path, drive, dropbox) as proxy:
        yield Clouds(tmp_path, proxy)


@pytest.fixture(params=["gdrive", "dropbox"])
def storage(
    request: pytest.FixtureRequest,
    clouds: Clouds,
    drive: DriveMock,
    dropbox: DropboxMock,
) -> DriveStorage | DropboxStorage:
    if request.param == "gdrive":
        return DriveStorage(clouds.base, drive, clouds.proxy)
    return DropboxStorage(dropbox, clouds.proxy)


def transfer(
    source: Provider,
    target: Provider,
    name: str,
    tick: Callable[[int], None] = lambda moved: None,
) -> CopyResult:
    file = TransferFile("f1", f"{{root[work]}}/{name}", None)
    return copy_file(file, Route(source, target, tick))


def test_d37_files_beyond_the_first_page_of_a_folder_are_found(
    storage: DriveStorage | DropboxStorage,
    clouds: Clouds,
    drive: DriveMock,
    dropbox: DropboxMock,
) -> None:
    drive.page_size = dropbox.page_size = 4
    for name in NAMES:
        clouds.write(name, name.encode())
        storage.put(name, name.encode())
    provider = storage.make_provider()
    moved = [transfer(clouds.disk, provider, name).moved for name in NAMES]
    assert moved == [False] * len(NAMES)
    # A folder with all its pages, as who looks for what is left over reads it.
    clouds.write("sh010/new.exr", b"new")
    assert transfer(clouds.disk, provider, "sh010/new.exr").moved
    assert sorted([*NAMES, "sh010/new.exr"]) == storage.list_names()


def test_d37_login_to_dropbox_renews_itself(
    clouds: Clouds, dropbox: DropboxMock
) -> None:
    token = {
        "access_token": "ended-long-ago",
        "token_type": "bearer",
        "refresh_token": REFRESH_TOKEN,
        "expiry": "2020-01-01T00:00:00Z",
    }
    storage = DropboxStorage(dropbox, clouds.proxy, token=json.dumps(token))
    clouds.write("a.exr", b"frame")
    assert transfer(clouds.disk, storage.make_provider(), "a.exr").moved
    assert storage.get("a.exr") == b"frame"
    assert dropbox.renewals > 0


def test_d37_login_to_dropbox_that_cannot_be_renewed_is_told(
    clouds: Clouds, dropbox: DropboxMock
) -> None:
    token = {
        "access_token": "ended-long-ago",
        "token_type": "bearer",
        "refresh_token": "taken-back",
        "expiry": "2020-01-01T00:00:00Z",
    }
    storage = DropboxStorage(dropbox, clouds.proxy, token=json.dumps(token))
    with pytest.raises(SiteUnhealthyError, match="credentials") as told:
        storage.make_provider().check_health(["work"], writable=True)
    assert "taken-back" not in str(told.value)


def test_d36_folder_that_is_there_twice_keeps_its_files_together(
    clouds: Clouds, drive: DriveMock
) -> None:
    """Google Drive lets two folders have one name; files must not be in both."""
    storage = DriveStorage(clouds.base, drive, clouds.proxy)
    for _ in range(2):
        drive.make_folder("sh010", storage.root)
    for name in NAMES[:3]:
        clouds.write(name, name.encode())
        assert transfer(clouds.disk, storage.make_provider(), name).moved
        assert not transfer(clouds.disk, storage.make_provider(), name).moved
    folders = {
        file.parent for file in drive.files.values() if file.name.endswith("exr")
    }
    assert len(folders) == 1
    assert storage.list_names() == NAMES[:3]


def test_cloud_that_is_cut_off_in_a_file(clouds: Clouds, dropbox: DropboxMock) -> None:
    storage = DropboxStorage(dropbox, clouds.proxy)
    content = os.urandom(20 * MIB)
    clouds.write("plate.mov", content)

    def cut(moved: int) -> None:
        clouds.proxy.is_gone = True

    with pytest.raises(TransferError):
        transfer(clouds.disk, storage.make_provider(), "plate.mov", cut)
    assert storage.list_names() == []
    clouds.proxy.is_gone = False
    assert transfer(clouds.disk, storage.make_provider(), "plate.mov").moved
    assert storage.get("plate.mov") == content
