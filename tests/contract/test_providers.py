"""The suite of `provider_suite.py` for each provider: one fixture a kind of storage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.adapter import AdaptedProvider
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import PROVIDERS, make_provider

from tests.contract import test_rclone_providers
from tests.contract.provider_suite import ProviderSuite
from tests.support.sample_provider import FolderProvider
from tests.support.sshd import Sshd


class DiskStorage:
    """A folder as the root `work` of a site."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._roots = {"work": str(root), "cache": str(root / "cache")}

    def make_provider(self) -> Provider:
        config = SiteConfig("nas", self._roots, current_platform(), "beef")
        return make_provider("local_drive", config)

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

    def take_away(self) -> None:
        shutil.rmtree(self._root)


class TestLocalDrive(ProviderSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> DiskStorage:
        root = tmp_path / "nas"
        root.mkdir()
        return DiskStorage(root)


class ServerStorage(DiskStorage):
    """A folder as the root `work` of a site on an OpenSSH server."""

    def __init__(self, root: Path, server: Sshd) -> None:
        super().__init__(root)
        self._root = root
        self._server = server

    def make_provider(self) -> Provider:
        return make_provider(
            "sftp",
            SiteConfig(
                "nas",
                self._roots,
                current_platform(),
                "beef",
                self._server.settings,
                str(self._server.folder),
            ),
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as started:
        yield started


@pytest.fixture(scope="module")
def server_without_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd"), shell=False) as started:
        yield started


class TestSftp(ProviderSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path, server: Sshd) -> ServerStorage:
        root = tmp_path / "nas"
        root.mkdir()
        return ServerStorage(root, server)


class TestSftpWithoutShell(ProviderSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path, server_without_shell: Sshd) -> ServerStorage:
        root = tmp_path / "nas"
        root.mkdir()
        return ServerStorage(root, server_without_shell)


class AdaptedStorage(DiskStorage):
    """The folder that a provider of the existing addon keeps files in."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "projects")
        self._folder = folder

    def make_provider(self) -> Provider:
        settings = {"folder": str(self._folder)}
        config = SiteConfig("own", {}, current_platform(), "beef", settings)
        return AdaptedProvider(FolderProvider, config)

    def take_away(self) -> None:
        shutil.rmtree(self._folder)


class TestAdapted(ProviderSuite):
    """A subclass of `AbstractProvider`, as studios have them."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> AdaptedStorage:
        folder = tmp_path / "storage"
        folder.mkdir()
        return AdaptedStorage(folder)


def test_every_registered_provider_has_its_suite() -> None:
    suites = {
        name[len("Test") :].lower()
        for name, value in {**globals(), **vars(test_rclone_providers)}.items()
        if isinstance(value, type) and issubclass(value, ProviderSuite)
    }
    assert {code.replace("_", "") for code in PROVIDERS} <= suites
