"""What goes wrong behind rclone: nothing wrong under a final name, and it is told."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from ayon_sitesync.errors import (
    CorruptError,
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferCancelledError,
    TransferError,
)
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.rclone import api, groups
from ayon_sitesync.providers.rclone import daemon as daemons
from ayon_sitesync.providers.rclone import provider as providers
from ayon_sitesync.providers.rclone.daemon import Daemon
from ayon_sitesync.providers.rclone.errors import DaemonStartError, RcError
from ayon_sitesync.providers.rclone.provider import RcloneProvider
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.transfer.copy_result import CopyResult
from ayon_sitesync.work import TransferFile

from tests.support import drive_mock, dropbox_mock
from tests.support.cloud_mock import Answer, CloudProxy, Request
from tests.support.cloud_storage import DriveStorage, DropboxStorage, run_clouds
from tests.support.drive_mock import DriveMock
from tests.support.dropbox_mock import DropboxMock
from tests.support.rclone_servers import (
    PASSWORD,
    SECRET_KEY,
    RcloneServer,
    find_rclone,
)
from tests.support.remote_storage import (
    FolderStorage,
    make_remote_provider,
    make_s3_settings,
    make_s3_storage,
    make_webdav_settings,
    make_webdav_storage,
)

LARGE_BYTES = 20_000_000
SLOW_BYTES_PER_SECOND = 10_000_000
FILE = "{root[work]}/sh010/plate.mov"
NAME = "sh010/plate.mov"


class Disk:
    """The machine's own folder with a large file, or ready to take one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.path.parent.mkdir(parents=True)
        config = SiteConfig("disk", {"work": str(folder)}, current_platform(), "beef")
        self.provider = make_provider("local_drive", config)

    def write(self, size: int = LARGE_BYTES) -> bytes:
        content = os.urandom(min(size, 1_000_000)) * max(1, size // 1_000_000)
        self.path.write_bytes(content)
        return content


def transfer(
    source: Provider, target: Provider, tick: Callable[[int], None] = lambda moved: None
) -> CopyResult:
    return copy_file(TransferFile("f1", FILE, None), Route(source, target, tick))


class Once:
    """A `tick` that acts when the first bytes of a copy have moved."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self.acted = False

    def __call__(self, moved: int) -> None:
        if moved and not self.acted:
            self.acted = True
            self._act()


def slow_down(provider: Provider) -> Daemon:
    """The provider's daemon, slow enough to be caught in the middle of a file."""
    assert isinstance(provider, RcloneProvider)
    daemon = provider.find_daemon()
    daemon.set_bandwidth(SLOW_BYTES_PER_SECOND)
    return daemon


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk")


Site = tuple[FolderStorage, RcloneServer]


@pytest.fixture(params=["s3", "webdav"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    make = make_s3_storage if request.param == "s3" else make_webdav_storage
    storage, server = make(tmp_path / "server")
    yield storage, server
    provider = storage.make_provider()
    assert isinstance(provider, RcloneProvider)
    provider.find_daemon().set_bandwidth(None)
    server.stop()


# --- a server that stalls -------------------------------------------------------------


def test_storage_that_stalls_gives_the_slot_back(
    disk: Disk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte moves and nothing is answered: the file may be tried again."""
    monkeypatch.setattr(groups, "STALL_SECONDS", 1.0)
    monkeypatch.setattr(api, "ANSWER_SECONDS", 1.0)
    storage, server = site
    disk.write()
    provider = storage.make_provider()
    slow_down(provider)
    with pytest.raises(RetryableError, match=r"no byte has moved|does not answer"):
        transfer(disk.provider, provider, Once(server.freeze))


def test_site_with_a_limit_has_a_daemon_of_its_own(site: Site) -> None:
    storage, _ = site
    limited, free = storage.make_provider(), storage.make_provider()
    assert isinstance(limited, RcloneProvider)
    assert isinstance(free, RcloneProvider)
    limited.set_bandwidth(5_000_000.0)
    assert limited.find_daemon() is not free.find_daemon()
    with limited.find_daemon().use() as session:
        for rate, told in ((None, 5_000_000), (7_000_000.0, 7_000_000)):
            if rate is not None:
                limited.set_bandwidth(rate)
            assert session.call("core/bwlimit", {})["bytesPerSecond"] == told
        limited.set_bandwidth(None)
        assert session.call("core/bwlimit", {})["bytesPerSecond"] == -1


def test_upload_that_ended_while_its_limit_made_it_wait_is_done(
    disk: Disk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rclone forgets what became of a job after a while."""
    forgetful = ("--rc-job-expire-duration", "10ms", "--rc-job-expire-interval", "10ms")
    monkeypatch.setattr(daemons, "ARGUMENTS", (*daemons.ARGUMENTS, *forgetful))
    content = disk.write()
    provider = site[0].make_provider()
    forgetting = slow_down(provider)
    forgetting.stop()  # the next use starts it with these arguments

    def wait() -> None:
        with forgetting.use() as session:
            jobs = set(session.call("job/list", {})["runningIds"])
            while jobs & set(session.call("job/list", {})["jobids"]):
                pass

    waiting = Once(wait)
    try:
        transfer(disk.provider, provider, waiting)
    finally:
        forgetting.stop()
    assert waiting.acted
    assert site[0].get(NAME) == content


# --- both ways -----------------------------------------------------------------------


def test_file_goes_there_and_comes_back_whole(disk: Disk, site: Site) -> None:
    storage, _ = site
    content = disk.write()
    moved: list[int] = []
    sent = transfer(disk.provider, storage.make_provider(), moved.append)
    assert sent.moved
    assert sum(moved) >= len(content)
    assert storage.get(NAME) == content
    assert storage.list_names() == [NAME]
    disk.path.unlink()
    back = transfer(storage.make_provider(), disk.provider)
    assert disk.path.read_bytes() == content
    assert back.checksum == sent.checksum
    assert back.proof == "content"


def test_proof_is_the_digest_of_storage_that_has_one(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "disk")
    disk.write(1000)
    for make, proof in ((make_s3_storage, "storage"), (make_webdav_storage, "size")):
        storage, server = make(tmp_path / proof)
        try:
            assert transfer(disk.provider, storage.make_provider()).proof == proof
        finally:
            server.stop()


def test_d4_file_that_is_there_is_recognised_and_another_is_replaced(
    disk: Disk, site: Site
) -> None:
    storage, _ = site
    content = disk.write(5000)
    storage.put(NAME, content)
    assert not transfer(disk.provider, storage.make_provider()).moved
    storage.put(NAME, os.urandom(len(content)))
    assert transfer(disk.provider, storage.make_provider()).moved
    assert storage.get(NAME) == content


def test_threads_fill_a_new_folder_together(tmp_path: Path) -> None:
    storage, server = make_webdav_storage(tmp_path / "server")
    disk = Disk(tmp_path / "disk")
    names = [f"frame.{number:04d}.exr" for number in range(24)]
    for name in names:
        (disk.path.parent / name).write_bytes(name.encode())
    route = Route(disk.provider, storage.make_provider(), lambda moved: None)
    files = [TransferFile(name, f"{{root[work]}}/sh010/{name}", None) for name in names]
    try:
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda file: copy_file(file, route), files))
        assert all(result.moved for result in results)
        assert storage.list_names() == [f"sh010/{name}" for name in names]
    finally:
        server.stop()


def test_d40_every_root_has_its_folder(tmp_path: Path) -> None:
    _, server = make_s3_storage(tmp_path)
    roots = {"work": "ayon", "renders": "ayon/renders"}
    settings = make_s3_settings(server)
    config = SiteConfig("cloud", roots, "linux", "beef", settings=settings)
    provider = make_provider("s3", config)
    try:
        with provider.create_part(provider.locate("{root[renders]}/a.exr")) as part:
            part.write(memoryview(b"frame"))
            part.publish(0)
    finally:
        server.stop()
    assert (tmp_path / "studio/ayon/renders/a.exr").read_bytes() == b"frame"


# --- the daemon ----------------------------------------------------------------------


def test_daemon_that_is_killed_in_a_file_is_started_again(
    disk: Disk, site: Site
) -> None:
    storage, _ = site
    content = disk.write()
    target = storage.make_provider()
    daemon = slow_down(target)
    with daemon.use() as session:
        first = session.pid
    kill = Once(lambda: os.kill(first, signal.SIGKILL))
    with pytest.raises(RetryableError):
        transfer(disk.provider, target, kill)
    assert kill.acted
    assert storage.get(NAME) is None
    daemon.set_bandwidth(None)
    assert transfer(disk.provider, target).moved
    assert storage.get(NAME) == content
    assert daemon.pid not in (None, first)
    assert [name for name in storage.list_names() if "sitesync-part" not in name] == [
        NAME
    ]


def test_daemon_is_private_and_ends_when_idle() -> None:
    daemon = Daemon(find_rclone(), idle_seconds=0.2)
    with daemon.use() as session:
        assert session.folder.stat().st_mode & 0o777 == 0o700
        assert list(session.folder.iterdir()) == [session.folder / "rc.sock"]
        process = psutil.Process(session.pid)
        words = " ".join(process.cmdline())
        assert process.environ()["RCLONE_RC_PASS"] not in words
        folder = session.folder
    process.wait(30)
    with daemon.use() as session:
        assert not folder.exists()
        assert session.pid != process.pid
    daemon.stop()


def test_daemon_starts_below_a_long_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's path has a hundred bytes; farms and sandboxes have longer ones."""
    folder = tmp_path / ("ä" * 60) / ("long" * 20)
    folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    daemon = Daemon(find_rclone())
    with daemon.use() as session:
        assert session.call("rc/noop", {"answers": True}) == {"answers": True}
        assert list(session.folder.iterdir()) == []
        port = _find_port(psutil.Process(session.pid))
        with (
            pytest.raises(urllib.error.HTTPError, match="401"),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30),
        ):
            pass
    daemon.stop()


def _find_port(process: psutil.Process) -> int:
    """The one port on which a process listens, of the loopback only."""
    (address,) = {
        each.laddr
        for each in process.net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    assert address.ip == "127.0.0.1"
    return int(address.port)


def test_daemon_and_its_guard_know_nothing_of_ayon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AYON_API_KEY", "canary-api-key")
    monkeypatch.setenv("AYON_SERVER_URL", "http://canary-server")
    monkeypatch.setenv("RCLONE_CONFIG_OTHER_PASS", "canary-pass")
    known = set(psutil.Process().children(recursive=True))
    daemon = Daemon(find_rclone())
    with daemon.use() as session:
        started = set(psutil.Process().children(recursive=True)) - known
        environments = {each.name(): each.environ() for each in started}
        assert {*environments} == {"rclone", "sh"}
        assert "canary" not in str(environments)
        assert environments["sh"].keys() <= {"PWD", "SHLVL", "_"}
        assert environments["rclone"]["PATH"] == os.environ["PATH"]
        assert session.is_alive
    daemon.stop()


def test_daemon_does_not_outlive_a_killed_process(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from ayon_sitesync.providers.rclone.daemon import Daemon\n"
        "with Daemon(sys.argv[1]).use() as session:\n"
        "    print(session.pid, session.folder, flush=True)\n"
        "    time.sleep(600)\n"
    )
    client = Path(__file__).parents[2] / "client"
    owner = subprocess.Popen(
        [sys.executable, "-c", script, find_rclone()],
        env={**os.environ, "PYTHONPATH": str(client)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        process = psutil.Process(int(pid))
        owner.kill()
    process.wait(30)
    # The next daemon of anyone here removes what is left.
    daemon = Daemon(find_rclone())
    with daemon.use():
        assert not Path(folder).exists()
    daemon.stop()


# --- storage -------------------------------------------------------------------------


def test_server_that_goes_away_makes_the_site_unhealthy_until_it_is_back(
    disk: Disk, site: Site
) -> None:
    storage, server = site
    content = disk.write()
    target = storage.make_provider()
    slow_down(target)
    stop = Once(server.stop)
    with pytest.raises(TransferError):
        transfer(disk.provider, target, stop)
    assert stop.acted
    with pytest.raises(SiteUnhealthyError):
        target.check_health(["work"], writable=True)
    server.start()
    slow_down(target).set_bandwidth(None)
    target.check_health(["work"], writable=True)
    assert transfer(disk.provider, target).moved
    assert storage.get(NAME) == content


def test_error_in_reading_makes_the_next_look_at_the_site_a_real_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "HEALTHY_SECONDS", 3600.0)
    storage, server = site
    storage.put(NAME, os.urandom(LARGE_BYTES))
    provider = storage.make_provider()
    slow_down(provider)
    provider.check_health(["work"], writable=False)
    buffer = memoryview(bytearray(1_000_000))
    with provider.open_reader(provider.locate(FILE)) as reader:
        assert reader.readinto(buffer)
        server.stop()
        with pytest.raises(TransferError):
            while reader.readinto(buffer):
                pass
    with pytest.raises(SiteUnhealthyError):
        provider.check_health(["work"], writable=False)


def test_daemon_that_takes_no_limit_is_not_left_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody would ever end it, and nothing would hold it back."""
    made: list[daemons.Session] = []
    call = daemons.Session.call

    def refuse(
        session: daemons.Session,
        command: str,
        parameters: dict[str, Any],
        timeout_seconds: float | None = None,
    ) -> dict[str, Any]:
        if command == "core/bwlimit":
            made.append(session)
            raise RcError("no", 500)
        return call(session, command, parameters, timeout_seconds)

    monkeypatch.setattr(daemons.Session, "call", refuse)
    daemon = Daemon(find_rclone())
    daemon.set_bandwidth(1_000_000)
    with pytest.raises(DaemonStartError, match="limit"), daemon.use():
        pass
    assert [session.is_alive for session in made] == [False]


def test_cancelled_upload_leaves_nothing(disk: Disk, site: Site) -> None:
    storage, _ = site
    disk.write()
    target = storage.make_provider()
    slow_down(target)

    def cancel(moved: int) -> None:
        if moved:
            raise TransferCancelledError("by the test")

    with pytest.raises(TransferCancelledError):
        transfer(disk.provider, target, cancel)
    # The S3 server of these tests leaves a file of its own of what was cut off.
    assert not [name for name in storage.list_names() if "plate" in name]


def test_source_that_changes_in_an_upload_is_not_published(
    disk: Disk, site: Site
) -> None:
    storage, _ = site
    disk.write()
    target = storage.make_provider()
    slow_down(target)

    def change() -> None:
        with disk.path.open("r+b") as stream:
            stream.write(b"changed")

    with pytest.raises((RetryableError, CorruptError)):
        transfer(disk.provider, target, Once(change))
    assert storage.get(NAME) is None


def test_parts_of_dead_processes_are_removed(disk: Disk, tmp_path: Path) -> None:
    disk.write(100)
    storage, server = make_webdav_storage(tmp_path / "server")
    # No process has the highest number; this one is alive.
    dead = ".plate.mov.beef7fffffff0000.sitesync-part"
    alive = f".plate.mov.beef{os.getpid():08x}0000.sitesync-part"
    other = ".plate.mov.cafe7fffffff0000.sitesync-part"
    for name in (dead, alive, other):
        storage.put(f"sh010/{name}", b"half")
    try:
        transfer(disk.provider, storage.make_provider())
        left = [name for name in (dead, alive, other) if storage.get(f"sh010/{name}")]
        assert left == [alive, other]
    finally:
        server.stop()


# --- secrets -------------------------------------------------------------------------


def test_d38_wrong_credentials_are_told_and_no_credential_ever_is(
    site: Site, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    storage, server = site
    caplog.set_level(logging.DEBUG)
    disk.write(100)
    wrong = "canary-wrong-credential-4e1d"
    transfer(disk.provider, storage.make_provider())
    provider = storage.make_provider()
    assert isinstance(provider, RcloneProvider)
    if provider.find_digest_algorithm():
        settings = make_s3_settings(server, secret_access_key=wrong)
        refused = make_remote_provider("s3", settings)
    else:
        settings = make_webdav_settings(server, **{"pass": wrong})
        refused = make_remote_provider("rclone", settings, "/ayon")
    with pytest.raises(SiteUnhealthyError, match="credentials") as caught:
        refused.check_health(["work"], writable=True)
    said = [str(caught.value)]
    pid = provider.find_daemon().pid
    assert pid is not None
    process = psutil.Process(pid)
    said += [" ".join(process.cmdline()), " ".join(process.environ().values())]
    said.append(caplog.text)
    for secret in (PASSWORD, SECRET_KEY, wrong):
        assert not [text for text in said if secret in text]


# --- clouds --------------------------------------------------------------------------


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


def test_d7_download_that_ends_early_is_no_file(
    clouds: Clouds, proxy: CloudProxy, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, _ = clouds.make_site("gdrive", proxy)
    storage.put(NAME, b"what was published")
    serve = clouds.drive.handle

    def cut(request: Request) -> Answer:
        answer = serve(request)
        if request.query.get("alt") == "media":
            answer.body = answer.body[:4]
        return answer

    monkeypatch.setattr(clouds.drive, "handle", cut)
    with pytest.raises(TransferError):
        transfer(storage.make_provider(), disk.provider)
    assert not disk.path.exists()


def test_d7_download_that_arrives_differently_is_caught(
    clouds: Clouds, proxy: CloudProxy, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, _ = clouds.make_site("gdrive", proxy)
    storage.put(NAME, b"what was published")
    serve = clouds.drive.handle

    def corrupt(request: Request) -> Answer:
        answer = serve(request)
        if request.query.get("alt") == "media":
            answer.body = b"W" + answer.body[1:]
        return answer

    monkeypatch.setattr(clouds.drive, "handle", corrupt)
    with pytest.raises(CorruptError, match="arrived differently"):
        transfer(storage.make_provider(), disk.provider)
    assert not disk.path.exists()


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
