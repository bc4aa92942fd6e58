"""Google Drive and Dropbox as sites: what they take, give, refuse and copy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ayon_sitesync.errors import (
    CorruptError,
    PermanentError,
    SiteUnhealthyError,
    TransferCancelledError,
)
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.work import TransferFile

from tests.support import drive_mock, dropbox_mock
from tests.support.cloud_mock import CloudProxy
from tests.support.cloud_storage import (
    DriveStorage,
    DropboxStorage,
    make_drive_settings,
    run_clouds,
)
from tests.support.drive_mock import DriveMock
from tests.support.dropbox_mock import EMAIL, REFRESH_TOKEN, DropboxMock
from tests.support.large_file import (
    NAME,
    Disk,
    slow_down,
    transfer,
)

ENDED_TOKEN = json.dumps(
    {
        "access_token": "ended-long-ago",
        "token_type": "bearer",
        "refresh_token": REFRESH_TOKEN,
        "expiry": "2020-01-01T00:00:00Z",
    }
)


class Clouds:
    """Both mocks and a site on each."""

    def __init__(self, folder: Path) -> None:
        self.drive = DriveMock()
        self.dropbox = DropboxMock()
        self._folder = folder

    def make_site(
        self, name: str, proxy: CloudProxy
    ) -> tuple[DriveStorage | DropboxStorage, DriveMock | DropboxMock]:
        if name == "gdrive":
            return DriveStorage(self._folder, self.drive, proxy), self.drive
        return DropboxStorage(self.dropbox, proxy), self.dropbox


@pytest.fixture
def clouds(tmp_path: Path) -> Clouds:
    return Clouds(tmp_path)


@pytest.fixture
def proxy(tmp_path: Path, clouds: Clouds) -> Iterator[CloudProxy]:
    with run_clouds(tmp_path, clouds.drive, clouds.dropbox) as running:
        yield running


QUOTA_FAULTS = {
    "gdrive": drive_mock.make_quota_fault,
    "dropbox": dropbox_mock.make_quota_fault,
}


@pytest.mark.parametrize("name", ["gdrive", "dropbox"])
def test_d36_names_with_apostrophes_are_found_again(
    name: str, clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage, _ = clouds.make_site(name, proxy)
    odd = "it's/the 'final' one's.mov"
    path = disk.path.parent.parent / odd
    path.parent.mkdir(parents=True)
    file = TransferFile("f1", f"{{root[work]}}/{odd}", None)
    for content in (b"the first", b"the second"):
        path.write_bytes(content)
        route = Route(disk.provider, storage.make_provider(), lambda moved: None)
        assert copy_file(file, route).moved
        assert storage.list_names() == [odd]
        assert storage.get(odd) == content
    assert not copy_file(file, route).moved


@pytest.mark.parametrize("name", ["gdrive", "dropbox"])
def test_cloud_takes_and_gives_large_files_proven_by_its_digest(
    name: str, clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage, _ = clouds.make_site(name, proxy)
    content = disk.write()
    assert transfer(disk.provider, storage.make_provider()).proof == "storage"
    assert storage.get(NAME) == content
    disk.path.unlink()
    assert transfer(storage.make_provider(), disk.provider).moved
    assert disk.path.read_bytes() == content


@pytest.mark.parametrize("name", ["gdrive", "dropbox"])
def test_full_cloud_makes_the_site_unhealthy(
    name: str, clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage, mock = clouds.make_site(name, proxy)
    disk.write(1000)
    mock.faults = [QUOTA_FAULTS[name]() for _ in range(20)]
    with pytest.raises(SiteUnhealthyError, match="quota is used up"):
        transfer(disk.provider, storage.make_provider())
    mock.faults = []
    assert transfer(disk.provider, storage.make_provider()).moved


@pytest.mark.parametrize("name", ["gdrive", "dropbox"])
def test_upload_that_is_stored_differently_is_caught_and_removed(
    name: str, clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage, mock = clouds.make_site(name, proxy)
    content = disk.write(1000)
    mock.corrupt_next = True
    with pytest.raises(CorruptError):
        transfer(disk.provider, storage.make_provider())
    assert storage.list_names() == []
    assert transfer(disk.provider, storage.make_provider()).moved
    assert storage.get(NAME) == content


def test_two_files_of_one_name_are_told(
    clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage, _ = clouds.make_site("gdrive", proxy)
    disk.write(100)
    storage.put(NAME, b"one")
    storage.put(NAME, b"two")
    with pytest.raises(PermanentError, match="there 2 times"):
        transfer(disk.provider, storage.make_provider())


def test_copy_inside_a_cloud_brings_nothing_here(
    clouds: Clouds, proxy: CloudProxy
) -> None:
    storage, _ = clouds.make_site("gdrive", proxy)
    assert isinstance(storage, DriveStorage)
    storage.put(NAME, b"content")
    clouds.drive.make_folder("other", storage.parent)
    result = transfer(storage.make_provider(), storage.make_provider("other"))
    assert (result.moved, result.proof) == (True, "storage")
    assert (clouds.drive.copies, clouds.drive.uploads) == (1, 0)


def test_d37_upload_to_a_persons_dropbox_is_watched_and_stopped(
    clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage, _ = clouds.make_site("dropbox", proxy)
    disk.write()
    target = storage.make_provider()
    slow_down(target)

    def cancel(moved: int) -> None:
        if moved:
            raise TransferCancelledError("by the test")

    with pytest.raises(TransferCancelledError):
        transfer(disk.provider, target, cancel)
    assert storage.list_names() == []


def test_d37_team_dropbox_is_used_as_the_member_of_the_settings(
    clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage = DropboxStorage(clouds.dropbox, proxy, team=True)
    disk.write(100)
    transfer(disk.provider, storage.make_provider())
    assert clouds.dropbox.select_users == {"dbmid:1"}
    assert list(clouds.dropbox.files) == ["/team files/ayon/sh010/plate.mov"]


@pytest.mark.parametrize(
    ("roots", "message"),
    [
        ("/Studio/AYON", "'Studio' is not shared.*Studio Drive"),
        ("", "must begin with"),
    ],
)
def test_unknown_drive_is_told_with_those_there_are(
    roots: str, message: str, clouds: Clouds, proxy: CloudProxy
) -> None:
    storage, _ = clouds.make_site("gdrive", proxy)
    assert isinstance(storage, DriveStorage)
    provider = storage.make_provider_at(roots)
    with pytest.raises(SiteUnhealthyError, match=message):
        provider.check_health(["work"], writable=False)


@pytest.mark.parametrize(
    ("work", "cache", "place"),
    [
        ("/Studio Drive/work", "/Cache Drive", "Studio Drive"),
        ("/My Drive/work", "/My Drive/cache", "My Drive/work"),
        ("/My Drive/work", "/Studio Drive/cache", "My Drive/work"),
    ],
)
def test_roots_in_several_drives_are_told(
    work: str, cache: str, place: str, clouds: Clouds, proxy: CloudProxy, tmp_path: Path
) -> None:
    """As `/{root}` in the setting makes them: one remote serves all roots of a site."""
    clouds.drive.make_folder("work", "", shared=True)
    settings = make_drive_settings(tmp_path, "")
    roots = {"cache": cache, "work": work}
    config = SiteConfig("cloud", roots, "linux", "beef", settings=settings)
    provider = make_provider("gdrive", config)
    with pytest.raises(SiteUnhealthyError, match=f"'cache' is not in '/{place}'"):
        provider.check_health(["work"], writable=False)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ('{"access_token": canary-broken', "no JSON as `rclone authorize dropbox`"),
        ('{"refresh_token": "canary"}', "no JSON as `rclone authorize dropbox`"),
        (ENDED_TOKEN, "write the member's e-mail address"),
    ],
)
def test_token_of_dropbox_that_finds_no_member_is_told(
    token: str, message: str, clouds: Clouds, proxy: CloudProxy
) -> None:
    storage = DropboxStorage(clouds.dropbox, proxy, team=True, token=token)
    with pytest.raises(SiteUnhealthyError, match=message) as told:
        storage.make_provider().check_health(["work"], writable=False)
    assert "canary" not in str(told.value)


def test_d37_token_that_ended_serves_a_member_by_address(
    clouds: Clouds, proxy: CloudProxy, disk: Disk
) -> None:
    storage = DropboxStorage(
        *(clouds.dropbox, proxy), team=True, token=ENDED_TOKEN, member=EMAIL
    )
    disk.write(100)
    assert transfer(disk.provider, storage.make_provider()).moved
    assert clouds.dropbox.renewals > 0
