"""Where the keys of SSH servers are remembered, and where they cannot be."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.providers.sftp import SftpProvider

from tests.support.sshd import Sshd


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as started:
        yield started


@pytest.fixture
def homeless(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home folder, as in a container."""

    def know_nobody(user: int) -> None:
        raise KeyError(user)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", know_nobody)


@pytest.mark.usefixtures("homeless")
def test_d39_machine_without_a_state_folder_accepts_no_first_use(
    server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key would be forgotten, or kept wherever the agent was started."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "nas"
    root.mkdir()

    def check(**changes: Any) -> None:
        settings = {**server.settings, **changes}
        config = SiteConfig("nas", {"work": str(root)}, "linux", "beef", settings)
        provider = SftpProvider(config)
        try:
            provider.check_health(["work"], writable=True)
        finally:
            provider.close()

    with pytest.raises(SiteUnhealthyError, match="set HOME") as told:
        check()
    assert server.fingerprint in str(told.value)
    assert not (tmp_path / "known_hosts").exists()
    check(sftp_host_key=server.fingerprint)
