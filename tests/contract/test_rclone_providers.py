"""The provider suite for what is behind rclone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.provider_suite import ProviderSuite
from tests.support.cloud_mock import CloudProxy
from tests.support.cloud_storage import DriveStorage, DropboxStorage, run_clouds
from tests.support.drive_mock import DriveMock
from tests.support.dropbox_mock import DropboxMock
from tests.support.remote_storage import (
    FolderStorage,
    make_s3_storage,
    make_webdav_storage,
)


class TestS3(ProviderSuite):
    """`rclone serve s3` on loopback."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[FolderStorage]:
        storage, server = make_s3_storage(tmp_path)
        yield storage
        server.stop()


class TestRclone(ProviderSuite):
    """`rclone serve webdav` on loopback, by web configuration."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[FolderStorage]:
        storage, server = make_webdav_storage(tmp_path)
        yield storage
        server.stop()


class TestRcloneFile(ProviderSuite):
    """The same by a configuration file of rclone's own."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[FolderStorage]:
        storage, server = make_webdav_storage(
            tmp_path, config_file=tmp_path / "rclone.conf"
        )
        yield storage
        server.stop()


class Clouds:
    """The mocks of one test; the proxy and the daemon behind it serve all tests."""

    def __init__(self) -> None:
        self.drive = DriveMock()
        self.dropbox = DropboxMock()


@pytest.fixture(scope="module")
def clouds() -> Clouds:
    return Clouds()


@pytest.fixture(scope="module")
def shared_proxy(
    tmp_path_factory: pytest.TempPathFactory, clouds: Clouds
) -> Iterator[CloudProxy]:
    folder = tmp_path_factory.mktemp("clouds")
    with run_clouds(folder, clouds.drive, clouds.dropbox) as running:
        yield running


@pytest.fixture
def proxy(shared_proxy: CloudProxy, clouds: Clouds) -> CloudProxy:
    """The proxy before empty clouds."""
    clouds.drive.files.clear()
    clouds.dropbox.files.clear()
    clouds.dropbox.folders.clear()
    shared_proxy.is_gone = False
    return shared_proxy


class TestGdrive(ProviderSuite):
    """A shared drive of the mock, by a service account."""

    @pytest.fixture
    def storage(
        self, tmp_path: Path, clouds: Clouds, proxy: CloudProxy
    ) -> DriveStorage:
        return DriveStorage(tmp_path, clouds.drive, proxy)


class TestGdrivePersonal(ProviderSuite):
    """A folder that a person shared with the service account."""

    @pytest.fixture
    def storage(
        self, tmp_path: Path, clouds: Clouds, proxy: CloudProxy
    ) -> DriveStorage:
        return DriveStorage(tmp_path, clouds.drive, proxy, personal=True)


class TestDropbox(ProviderSuite):
    """A person's Dropbox of the mock."""

    @pytest.fixture
    def storage(self, clouds: Clouds, proxy: CloudProxy) -> DropboxStorage:
        return DropboxStorage(clouds.dropbox, proxy)


class TestDropboxTeam(ProviderSuite):
    """A team folder of the mock, as a member that settings name."""

    @pytest.fixture
    def storage(self, clouds: Clouds, proxy: CloudProxy) -> DropboxStorage:
        return DropboxStorage(clouds.dropbox, proxy, team=True)
