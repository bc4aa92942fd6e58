"""Clouds that list in pages, whose login ends, and that are cut off in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ayon_sitesync.errors import (
    CREDENTIALS_REFUSED,
    CorruptError,
    PermanentError,
    QuotaError,
    SiteUnhealthyError,
    TransferError,
)
from ayon_sitesync.providers.base import Provider
from ayon_sitesync.transfer.copy import CopyResult, Route, copy_file
from ayon_sitesync.transfer.verify import Digests, own_algorithm
from ayon_sitesync.work import TransferFile

from tests.support import drive_mock, dropbox_mock
from tests.support.cloud_mock import Answer, CloudProxy, Request
from tests.support.cloud_storage import DriveStorage, DropboxStorage, run_clouds
from tests.support.drive_mock import DriveMock
from tests.support.dropbox_mock import REFRESH_TOKEN, DropboxMock
from tests.unit.client.disks import MIB, make_disk

PERMISSION_FAULTS = {
    DriveMock: drive_mock.make_permission_fault,
    DropboxMock: dropbox_mock.make_permission_fault,
}
RATE_FAULTS = {
    DriveMock: drive_mock.make_rate_fault,
    DropboxMock: dropbox_mock.make_rate_fault,
}
LOGIN_FAULTS = {
    DriveMock: drive_mock.make_login_fault,
    DropboxMock: dropbox_mock.make_login_fault,
}
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


pytestmark = pytest.mark.usefixtures("impatient")


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
    checksum: str | None = None,
) -> CopyResult:
    file = TransferFile("f1", f"{{root[work]}}/{name}", None, checksum)
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


# --- faults of either -----------------------------------------------------------------

LARGE_BYTES = 20 * MIB
Cloud = DriveStorage | DropboxStorage


@pytest.fixture
def mock(
    storage: Cloud, drive: DriveMock, dropbox: DropboxMock
) -> DriveMock | DropboxMock:
    return drive if isinstance(storage, DriveStorage) else dropbox


def change_content(
    mock: DriveMock | DropboxMock,
    change: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Spoil each file's content on its way here; what is told of it stays."""
    serve = mock.handle

    def serve_changed(request: Request) -> Answer:
        answer = serve(request)
        is_content = request.path.endswith("/files/download")
        if is_content or request.query.get("alt") == "media":
            answer.body = change(answer.body)
        return answer

    monkeypatch.setattr(mock, "handle", serve_changed)


def test_cloud_that_is_cut_off_in_an_upload(storage: Cloud, clouds: Clouds) -> None:
    content = os.urandom(LARGE_BYTES)
    clouds.write("plate.mov", content)
    clouds.proxy.cut_after = LARGE_BYTES // 2
    with pytest.raises(TransferError):
        transfer(clouds.disk, storage.make_provider(), "plate.mov")
    assert storage.list_names() == []
    clouds.proxy.cut_after = None
    assert transfer(clouds.disk, storage.make_provider(), "plate.mov").moved
    assert storage.get("plate.mov") == content


def test_cloud_that_is_cut_off_in_a_download(storage: Cloud, clouds: Clouds) -> None:
    content = os.urandom(LARGE_BYTES)
    storage.put("plate.mov", content)
    clouds.proxy.cut_after = LARGE_BYTES // 2
    with pytest.raises(TransferError):
        transfer(storage.make_provider(), clouds.disk, "plate.mov")
    assert [path for path in clouds.root.rglob("*") if path.is_file()] == []
    clouds.proxy.cut_after = None
    assert transfer(storage.make_provider(), clouds.disk, "plate.mov").moved
    assert (clouds.root / "plate.mov").read_bytes() == content


def test_cloud_that_refuses_writes(
    storage: Cloud, clouds: Clouds, mock: DriveMock | DropboxMock
) -> None:
    clouds.write("a.exr", b"frame")
    mock.faults = [PERMISSION_FAULTS[type(mock)]() for _ in range(20)]
    with pytest.raises(PermanentError, match="ermission"):
        transfer(clouds.disk, storage.make_provider(), "a.exr")
    assert storage.list_names() == []
    mock.faults = []
    assert transfer(clouds.disk, storage.make_provider(), "a.exr").moved


def test_cloud_that_asks_to_slow_down(
    storage: Cloud, clouds: Clouds, mock: DriveMock | DropboxMock
) -> None:
    clouds.write("a.exr", b"frame")
    mock.faults = [RATE_FAULTS[type(mock)]() for _ in range(20)]
    with pytest.raises(QuotaError) as told:
        transfer(clouds.disk, storage.make_provider(), "a.exr")
    assert told.value.retry_after
    mock.faults = []
    assert transfer(clouds.disk, storage.make_provider(), "a.exr").moved


def test_cloud_that_takes_the_credentials_no_longer(
    storage: Cloud,
    clouds: Clouds,
    mock: DriveMock | DropboxMock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clouds.write("a.exr", b"frame")
    with monkeypatch.context() as patched:
        patched.setattr(mock, "handle", lambda request: LOGIN_FAULTS[type(mock)]())
        with pytest.raises(SiteUnhealthyError) as told:
            transfer(clouds.disk, storage.make_provider(), "a.exr")
        assert told.value.code == CREDENTIALS_REFUSED
    assert transfer(clouds.disk, storage.make_provider(), "a.exr").moved


def overwrite(path: Path) -> None:
    path.write_bytes(b"other")


@pytest.mark.parametrize("act", [Path.unlink, overwrite])
def test_source_that_changes_or_goes_in_an_upload(
    storage: Cloud, clouds: Clouds, act: Callable[[Path], object]
) -> None:
    clouds.write("plate.mov", os.urandom(LARGE_BYTES))
    has_acted = False

    def change(moved: int) -> None:
        nonlocal has_acted
        if moved and not has_acted:
            has_acted = True
            act(clouds.root / "plate.mov")

    with pytest.raises(TransferError):
        transfer(clouds.disk, storage.make_provider(), "plate.mov", change)
    assert storage.list_names() == []
    content = os.urandom(LARGE_BYTES)
    clouds.write("plate.mov", content)
    assert transfer(clouds.disk, storage.make_provider(), "plate.mov").moved
    assert storage.get("plate.mov") == content


def shorten(content: bytes) -> bytes:
    return content[:4]


def spoil(content: bytes) -> bytes:
    return b"W" + content[1:]


@pytest.mark.parametrize("change", [shorten, spoil])
def test_d7_download_that_is_cut_or_spoiled_is_no_file(
    storage: Cloud,
    clouds: Clouds,
    mock: DriveMock | DropboxMock,
    change: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage.put("a.exr", b"what was published")
    with monkeypatch.context() as patched:
        change_content(mock, change, patched)
        with pytest.raises(TransferError):
            transfer(storage.make_provider(), clouds.disk, "a.exr")
        assert not (clouds.root / "a.exr").exists()
    assert transfer(storage.make_provider(), clouds.disk, "a.exr").moved


def test_bytes_that_rotted_in_a_cloud(storage: Cloud, clouds: Clouds) -> None:
    """The cloud has another content and the digest of that; what was recorded tells."""
    digests = Digests({own_algorithm()})
    digests.update(memoryview(b"as it was"))
    checksum = digests.get(own_algorithm())
    storage.put("a.exr", b"as it is.")
    with pytest.raises(CorruptError):
        transfer(storage.make_provider(), clouds.disk, "a.exr", checksum=checksum)
    assert not (clouds.root / "a.exr").exists()
