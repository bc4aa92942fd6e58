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


class Check:
    """Meets the server as a site whose settings are its, with changes."""

    def __init__(self, server: Sshd, base: Path) -> None:
        self._server = server
        self._root = base / "nas"
        self._root.mkdir()
        self.state = base / "state"

    def __call__(self, *, state: str | None = None, **changes: Any) -> None:
        settings = {**self._server.settings, **changes}
        where = str(self.state) if state is None else state
        roots = {"work": str(self._root)}
        provider = SftpProvider(
            SiteConfig("nas", roots, "linux", "beef", settings, where)
        )
        try:
            provider.check_health(["work"], writable=True)
        finally:
            provider.close()


@pytest.fixture
def check(server: Sshd, tmp_path: Path) -> Check:
    return Check(server, tmp_path)


@pytest.mark.usefixtures("homeless")
def test_d39_machine_without_a_state_folder_accepts_no_first_use(
    server: Sshd, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key would be forgotten, or kept wherever the agent was started."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SiteUnhealthyError, match="set HOME") as told:
        check(state="")
    assert server.fingerprint in str(told.value)
    assert not (tmp_path / "known_hosts").exists()
    check(state="", sftp_host_key=server.fingerprint)


BROKEN = (
    b"[127.0.0.1]:1 ssh-ed25519 AAAAC3Nza\n",
    b"\xff\xfe\x00 not text at all\n",
    b"host ssh-rsa AAAAB3NzaC1yc2E=\n",
    b"one two\n",
    b"# a note\n\n",
)


def test_d39_broken_lines_of_known_hosts_hide_no_others(
    server: Sshd, check: Check
) -> None:
    """A full disk may have cut one off."""
    check.state.mkdir()
    kind, key = Path(f"{server.host_key}.pub").read_text().split()[:2]
    known = f"[127.0.0.1]:{server.port} {kind} {key}\n".encode()
    file = check.state / "known_hosts"
    file.write_bytes(b"".join(BROKEN) + known)
    check(sftp_accept_first_use=False)
    server.stop()
    server.change_host_key()
    server.start()
    with pytest.raises(SiteUnhealthyError, match="another host key than before"):
        check()
    file.write_bytes(known[:-20])
    check()  # as on first use, on a line of its own
    check(sftp_accept_first_use=False)


def test_d39_key_that_was_revoked_is_refused(server: Sshd, check: Check) -> None:
    check.state.mkdir()
    kind, key = Path(f"{server.host_key}.pub").read_text().split()[:2]
    (check.state / "known_hosts").write_text(f"@revoked * {kind} {key}\n")
    with pytest.raises(SiteUnhealthyError, match="was revoked"):
        check()


def test_d39_names_of_servers_are_known_in_any_case(server: Sshd, check: Check) -> None:
    check.state.mkdir()
    kind, key = Path(f"{server.host_key}.pub").read_text().split()[:2]
    known = f"[localhost]:{server.port} {kind} {key}\n"
    (check.state / "known_hosts").write_text(known)
    check(sftp_host="LocalHost", sftp_accept_first_use=False)
