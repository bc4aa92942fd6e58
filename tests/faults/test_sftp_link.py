"""An SSH server that goes away, comes back, and lies: what of a file is left."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from ayon_sitesync.errors import (
    CorruptError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)
from ayon_sitesync.paths import PART_SUFFIX
from ayon_sitesync.providers.base import NewFile, Provider, ResumeProvider, SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.providers.ssh import connection, files, pool, session
from ayon_sitesync.providers.ssh.connection import Connection
from ayon_sitesync.providers.ssh.files import SftpPart
from ayon_sitesync.providers.ssh.options import SshOptions
from ayon_sitesync.providers.ssh.session import SftpSession, Space
from ayon_sitesync.transfer import resume
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.transfer.copy_result import CopyResult
from ayon_sitesync.transfer.journal import Journal
from ayon_sitesync.work import TransferFile

from tests.support.relay import CountingRelay, Relay
from tests.support.sshd import Sshd

MIB = 1024 * 1024
SIZE = 24 * MIB
CUT_AT = 0.8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as started:
        yield started


@pytest.fixture
def relay(server: Sshd) -> Iterator[Relay]:
    made = Relay(server.port)
    yield made
    made.cut()


class Pair:
    """A disk and an SFTP site behind a relay, and a file on one of them."""

    def __init__(self, base: Path, server: Sshd, port: int, direction: str) -> None:
        self._base = base
        self._settings = {**server.settings, "sftp_port": port}
        self.disk_root, self.server_root = base / "disk", base / "nas"
        for root in (self.disk_root, self.server_root):
            root.mkdir()
        self.is_upload = direction == "upload"
        self.content = os.urandom(SIZE)
        self.source_file.write_bytes(self.content)
        os.utime(self.source_file, (1_600_000_000, 1_600_000_000))
        self.journal = Journal(base / "journal")
        self.moved = 0

    @property
    def source_file(self) -> Path:
        root = self.disk_root if self.is_upload else self.server_root
        return root / "a.mov"

    @property
    def target_root(self) -> Path:
        return self.server_root if self.is_upload else self.disk_root

    @property
    def target_file(self) -> Path:
        return self.target_root / "a.mov"

    def list_parts(self) -> list[Path]:
        return list(self.target_root.glob(f".*{PART_SUFFIX}"))

    def open_server(self) -> Provider:
        return self._open("sftp", self.server_root, self._settings)

    def _open(self, code: str, root: Path, settings: dict[str, Any]) -> Provider:
        roots = {"work": str(root)}
        state = str(self._base / "state")
        config = SiteConfig("nas", roots, "linux", "beef", settings, state)
        return make_provider(code, config)

    def copy(
        self, at: float = 2.0, then: Callable[[], None] = lambda: None
    ) -> CopyResult:
        """Copy in a process' way: new providers; `then` once `at` of it has moved."""
        disk, remote = self._open("local_drive", self.disk_root, {}), self.open_server()
        source, target = (disk, remote) if self.is_upload else (remote, disk)
        self.moved = 0
        has_acted = False

        def tick(count: int) -> None:
            nonlocal has_acted
            self.moved += count
            if not has_acted and self.moved >= at * SIZE:
                has_acted = True
                then()

        cast(ResumeProvider, target).spare_parts(self.journal.list_tokens())
        file = TransferFile("f1", "{root[work]}/a.mov", SIZE)
        return copy_file(file, Route(source, target, tick, self.journal, "demo nas"))


@pytest.fixture(params=["upload", "download"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, server: Sshd, relay: Relay
) -> Pair:
    return Pair(tmp_path, server, relay.port, request.param)


@pytest.fixture
def many_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume, "RESUME_BYTES", 2 * MIB)


def test_line_that_is_cut_is_a_fault_of_the_site_and_leaves_no_file(
    pair: Pair, relay: Relay
) -> None:
    with pytest.raises(SiteUnhealthyError, match="connection is lost"):
        pair.copy(0.5, relay.cut)
    assert not pair.target_file.exists()
    with pytest.raises(SiteUnhealthyError, match="cannot be reached"):
        pair.copy()
    relay.restore()
    assert pair.copy().moved
    assert pair.target_file.read_bytes() == pair.content


class FreezingRelay(Relay):
    """While it is frozen nothing arrives, and nobody is told."""

    def __init__(self, target_port: int) -> None:
        self._flows = threading.Event()
        self._flows.set()
        super().__init__(target_port)

    def freeze(self) -> None:
        self._flows.clear()

    def thaw(self) -> None:
        self._flows.set()

    def _pass_on(self, data: bytes, *, is_up: bool) -> bytes:
        self._flows.wait()
        return data


@pytest.fixture
def freezing(server: Sshd) -> Iterator[FreezingRelay]:
    made = FreezingRelay(server.port)
    yield made
    made.thaw()
    made.cut()


@pytest.mark.parametrize("direction", ["upload", "download"])
def test_connection_that_does_not_answer_is_never_used_again(
    tmp_path: Path,
    server: Sshd,
    freezing: FreezingRelay,
    direction: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1.0)
    pair = Pair(tmp_path, server, freezing.port, direction)
    kept = pair.open_server()  # with its pool, as the agent keeps it
    with kept.create_part(str(pair.server_root / "b.mov")):
        kept.check_health(["work"], writable=True)
    with pytest.raises(SiteUnhealthyError, match="connection is lost"):
        pair.copy(0.5, freezing.freeze)
    # A new one is tried, which says otherwise what is wrong.
    with pytest.raises(SiteUnhealthyError, match="does not speak SSH"):
        pair.open_server().check_health(["work"], writable=True)
    freezing.thaw()
    assert pair.copy().moved
    assert pair.target_file.read_bytes() == pair.content


def test_server_may_take_long_to_write_a_large_file_to_its_disk(
    tmp_path: Path,
    server: Sshd,
    freezing: FreezingRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Longer than any other answer may take; it can be stopped meanwhile."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(session, "STEP_SECONDS", 0.2)
    pair = Pair(tmp_path, server, freezing.port, "upload")
    provider: Any = pair.open_server()
    send_fsync = SftpSession.send_fsync
    steps: list[int] = []

    def begin(own: SftpSession, handle: bytes) -> int:
        freezing.freeze()
        return send_fsync(own, handle)

    def tick(moved: int) -> None:
        steps.append(moved)
        if len(steps) == 10:
            freezing.thaw()

    with provider.create_part(str(pair.target_file)) as part:
        part.write(memoryview(b"content"))
        with monkeypatch.context() as patched:
            patched.setattr(SftpSession, "send_fsync", begin)
            part.compute_digest("sha256", tick)
        part.publish(0)
    assert len(steps) >= 10
    assert pair.target_file.read_bytes() == b"content"


def test_part_that_cannot_be_read_back_gives_its_connection_back(
    tmp_path: Path, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(tmp_path, server, server.port, "upload")
    provider = pair.open_server()
    made: list[Connection] = []

    def connect(options: SshOptions) -> Connection:
        made.append(Connection(options))
        return made[-1]

    monkeypatch.setattr(pool, "Connection", connect)
    for _ in range(3):
        part = cast(SftpPart, provider.create_part(str(pair.target_file)))
        with part:
            Path(part.token).unlink()
            with pytest.raises(TransferError):
                part.read_back()
    assert len(made) <= 2, "one writes and one reads"


@pytest.mark.usefixtures("many_checkpoints")
def test_file_is_gone_on_with_after_the_line_was_cut(pair: Pair, relay: Relay) -> None:
    with pytest.raises(SiteUnhealthyError):
        pair.copy(CUT_AT, relay.cut)
    assert len(pair.list_parts()) == 1
    assert not pair.target_file.exists()
    relay.restore()
    assert pair.copy().moved
    assert pair.target_file.read_bytes() == pair.content
    # Some of what was on its way when the line was cut moves again.
    assert pair.moved <= 0.5 * SIZE
    assert pair.list_parts() == []
    assert pair.journal.list_tokens() == frozenset()


@pytest.mark.parametrize("direction", ["upload", "download"])
def test_file_cut_at_80_percent_moves_a_quarter_again(
    tmp_path: Path, server: Sshd, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the proportions of 2 GB: checkpoints and what is on its way are small."""
    monkeypatch.setattr(resume, "RESUME_BYTES", MIB // 2)
    monkeypatch.setattr(files, "AHEAD_BYTES", MIB // 2)
    relay = CountingRelay(server.port)
    pair = Pair(tmp_path, server, relay.port, direction)
    with pytest.raises(SiteUnhealthyError):
        pair.copy(CUT_AT, relay.cut)
    relay.restore()
    passed_before = relay.passed_bytes
    result = pair.copy()
    assert 0 < pair.moved <= relay.passed_bytes - passed_before <= 0.25 * SIZE
    # The whole is proven all the same.
    assert result.proof in ("content", "storage")
    assert pair.target_file.read_bytes() == pair.content
    relay.cut()


@pytest.mark.usefixtures("many_checkpoints")
def test_source_that_changed_is_not_gone_on_with(pair: Pair, relay: Relay) -> None:
    with pytest.raises(SiteUnhealthyError):
        pair.copy(CUT_AT, relay.cut)
    relay.restore()
    pair.content = os.urandom(SIZE)
    pair.source_file.write_bytes(pair.content)
    assert pair.copy().moved
    assert pair.moved == SIZE
    assert pair.target_file.read_bytes() == pair.content
    assert pair.list_parts() == []


@pytest.mark.usefixtures("many_checkpoints")
def test_beginning_that_differs_is_not_gone_on_with(pair: Pair, relay: Relay) -> None:
    with pytest.raises(SiteUnhealthyError):
        pair.copy(CUT_AT, relay.cut)
    relay.restore()
    if pair.is_upload:
        # The same time and size: only its content tells.
        damaged = pair.source_file
        pair.content = bytes([pair.content[0] ^ 1]) + pair.content[1:]
    else:
        (damaged,) = pair.list_parts()
    time_ns = damaged.stat().st_mtime_ns
    with damaged.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    os.utime(damaged, ns=(time_ns, time_ns))
    assert pair.copy().moved
    assert pair.moved == SIZE
    assert pair.target_file.read_bytes() == pair.content
    assert pair.list_parts() == []


@pytest.mark.usefixtures("many_checkpoints")
def test_part_that_is_gone_is_made_anew(pair: Pair, relay: Relay) -> None:
    with pytest.raises(SiteUnhealthyError):
        pair.copy(CUT_AT, relay.cut)
    relay.restore()
    (part,) = pair.list_parts()
    part.unlink()
    assert pair.copy().moved
    assert pair.moved == SIZE
    assert pair.target_file.read_bytes() == pair.content


def test_source_that_changes_meanwhile_is_not_published(pair: Pair) -> None:
    def change() -> None:
        pair.source_file.write_bytes(os.urandom(SIZE))

    with pytest.raises(RetryableError, match="changed while it was copied"):
        pair.copy(0.5, change)
    assert not pair.target_file.exists()
    assert pair.list_parts() == []


def test_source_that_goes_meanwhile_is_not_published(pair: Pair) -> None:
    with pytest.raises(TransferError):
        pair.copy(0.5, pair.source_file.unlink)
    assert not pair.target_file.exists()
    assert pair.list_parts() == []


@pytest.mark.parametrize("shell", [True, False])
def test_bytes_that_rot_on_the_server_are_found_before_publishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: bool
) -> None:
    finish = SftpPart._finish_writing

    def rot(part: SftpPart, *tick: Callable[[int], None]) -> None:
        finish(part, *tick)
        with Path(part.token).open("r+b") as file:
            file.seek(MIB)
            file.write(b"rot")

    monkeypatch.setattr(SftpPart, "_finish_writing", rot)
    with Sshd(tmp_path / "sshd", shell=shell) as server:
        pair = Pair(tmp_path, server, server.port, "upload")
        with pytest.raises(CorruptError):
            pair.copy()
        assert not pair.target_file.exists()
        assert pair.list_parts() == []


def test_server_that_was_restarted_is_met_again(tmp_path: Path) -> None:
    with Sshd(tmp_path / "sshd") as server:
        pair = Pair(tmp_path, server, server.port, "upload")
        assert pair.copy().moved
        server.stop()
        with pytest.raises(SiteUnhealthyError):
            pair.open_server().check_health(["work"], writable=True)
        server.start()
        pair.open_server().check_health(["work"], writable=True)
        assert not pair.copy().moved


def test_server_with_another_key_after_a_restart_is_refused(tmp_path: Path) -> None:
    with Sshd(tmp_path / "sshd") as server:
        pair = Pair(tmp_path, server, server.port, "upload")
        pair.open_server().check_health(["work"], writable=True)
        server.stop()
        server.change_host_key()
        server.start()
        with pytest.raises(SiteUnhealthyError, match="another host key than before"):
            pair.copy()
        assert list(pair.server_root.iterdir()) == []


def test_line_that_is_cut_in_a_batch_leaves_whole_files_only(
    tmp_path: Path, server: Sshd, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(tmp_path, server, relay.port, "upload")
    provider: Any = pair.open_server()
    provider.check_health(["work"], writable=True)
    new = [
        NewFile(str(pair.server_root / f"f{n:03}.exr"), os.urandom(20_000), 0)
        for n in range(100)
    ]
    send_rename = SftpSession.send_rename

    def cut_at_the_fortieth(session: SftpSession, old: bytes, new: bytes) -> int:
        if new.endswith(b"f040.exr"):
            session.flush()
            relay.cut()
        return send_rename(session, old, new)

    with monkeypatch.context() as patched:
        patched.setattr(SftpSession, "send_rename", cut_at_the_fortieth)
        with pytest.raises(SiteUnhealthyError, match="connection is lost"):
            provider.write_many(new)
    contents = {file.path: file.content for file in new}
    for path in pair.server_root.glob("f*.exr"):
        assert path.read_bytes() == contents[str(path)]
    relay.restore()
    assert provider.write_many(new) == [None] * 100


def test_bare_failure_on_a_full_disk_is_told_as_that(
    tmp_path: Path, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(tmp_path, server, server.port, "upload")
    # OpenSSH says "Failure" of a folder in a file's place, as it does of a full disk.
    (pair.target_file / "inside").mkdir(parents=True)
    provider: Any = pair.open_server()
    new = NewFile(str(pair.target_file), b"content", 0)
    (plain,) = provider.write_many([new])
    assert isinstance(plain, RetryableError)
    monkeypatch.setattr(SftpSession, "ask_space", lambda *_: Space(4096, False))
    (full,) = provider.write_many([new])
    assert isinstance(full, SiteUnhealthyError)
    assert "the disk is full" in str(full)
