"""The suite that every provider passes, over the shelf.

In a checkout of Site Sync, wherever this file is:
`.venv/bin/python -m pytest -c pyproject.toml --rootdir . /path/to/test_shelf.py`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.custom import make_custom_provider

from tests.contract.provider_suite import ProviderSuite

HERE = str(Path(__file__).parent)


def make_config(folder: str) -> SiteConfig:
    """A site as its settings make it; `beef` marks temporary files of this machine."""
    roots = {"work": "projects", "cache": "projects/cache"}
    return SiteConfig("shelf-1", roots, sys.platform, "beef", {"folder": folder})


class ShelfStorage:
    """A site on the shelf, and what is really there: past the provider."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder / "projects"
        self._root.mkdir(parents=True)

    def make_provider(self) -> Provider:
        """As an agent makes it: from a provider folder, by its code."""
        return make_custom_provider("shelf", [HERE], make_config(str(self._folder)))

    def put(self, name: str, content: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def get(self, name: str) -> bytes | None:
        path = self._root / name
        return path.read_bytes() if path.exists() else None

    def list_names(self) -> list[str]:
        found = (path for path in self._root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def take_away(self) -> None:
        shutil.rmtree(self._folder)


class TestShelf(ProviderSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> ShelfStorage:
        return ShelfStorage(tmp_path / "shelf")


def test_setting_that_is_missing_is_named() -> None:
    with pytest.raises(SiteUnhealthyError, match="'folder' in its settings is empty"):
        make_custom_provider("shelf", [HERE], make_config(""))
