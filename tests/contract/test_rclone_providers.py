"""The provider suite for what is behind rclone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.provider_suite import ProviderSuite
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
