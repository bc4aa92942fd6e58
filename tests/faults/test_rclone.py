"""What goes wrong behind rclone: nothing wrong under a final name, and it is told."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from ayon_sitesync.errors import (
    CorruptError,
    RetryableError,
    SiteUnhealthyError,
    TransferCancelledError,
    TransferError,
)
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.providers.rclone import api, groups
from ayon_sitesync.providers.rclone import daemon as daemons
from ayon_sitesync.providers.rclone import provider as providers
from ayon_sitesync.providers.rclone.provider import RcloneProvider
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.work import TransferFile

from tests.support.large_file import (
    FILE,
    LARGE_BYTES,
    NAME,
    Disk,
    Once,
    slow_down,
    transfer,
)
from tests.support.rclone_servers import (
    PASSWORD,
    SECRET_KEY,
    RcloneServer,
)
from tests.support.remote_storage import (
    FolderStorage,
    make_remote_provider,
    make_s3_settings,
    make_s3_storage,
    make_webdav_settings,
    make_webdav_storage,
)

Site = tuple[FolderStorage, RcloneServer]


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


# --- storage -------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
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
