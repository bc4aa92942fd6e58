"""The suite of `provider_suite.py` for each provider: one fixture a kind of storage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import PROVIDERS, make_provider

from tests.contract.provider_suite import ProviderSuite


class DiskStorage:
    """A folder as the root `work` of a site."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def make_provider(self) -> Provider:
        roots = {"work": str(self._root)}
        config = SiteConfig("nas", roots, current_platform(), "beef")
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


def test_every_registered_provider_has_its_suite() -> None:
    suites = {
        name[len("Test") :].lower()
        for name, value in globals().items()
        if isinstance(value, type) and issubclass(value, ProviderSuite)
    }
    assert {code.replace("_", "") for code in PROVIDERS} <= suites
