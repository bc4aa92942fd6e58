"""Bytes that change on the wire: nothing wrong arrives, whoever notices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ayon_sitesync.errors import TransferError
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.copy import CopyResult, Route, copy_file
from ayon_sitesync.transfer.verify import Digests, own_algorithm
from ayon_sitesync.work import TransferFile

from tests.support.rclone_servers import serve_s3, serve_webdav
from tests.support.relay import SpoilingRelay
from tests.support.remote_storage import (
    make_remote_provider,
    make_s3_settings,
    make_webdav_settings,
)
from tests.support.sshd import Sshd
from tests.unit.client.disks import MIB, make_disk

SIZE = 3 * MIB
FILE = "{root[work]}/plate.mov"


class Line:
    """A disk here, storage over there, and between them a relay that spoils."""

    def __init__(self, base: Path, relay: SpoilingRelay, remote: Path) -> None:
        self.relay = relay
        self.here = base / "here"
        self.disk = make_disk(self.here, "studio")
        self.remote_root = remote
        self.content = os.urandom(SIZE)

    def find_checksum(self) -> str | None:
        digests = Digests({own_algorithm()})
        digests.update(memoryview(self.content))
        return digests.get(own_algorithm())


def copy(source: Provider, target: Provider, checksum: str | None) -> CopyResult:
    file = TransferFile("f1", FILE, SIZE, checksum)
    return copy_file(file, Route(source, target, lambda moved: None))


Site = tuple[Line, Provider]


@pytest.fixture(params=["sftp", "s3", "webdav"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    if request.param == "sftp":
        with Sshd(tmp_path / "sshd") as server:
            relay = SpoilingRelay(server.port)
            root = tmp_path / "there"
            root.mkdir()
            settings = {**server.settings, "sftp_port": relay.port}
            config = SiteConfig(
                *("nas", {"work": str(root)}, current_platform(), "beef"),
                *(settings, str(tmp_path)),
            )
            yield Line(tmp_path, relay, root), make_provider("sftp", config)
            relay.cut()
        return
    is_s3 = request.param == "s3"
    root = tmp_path / ("studio/ayon" if is_s3 else "ayon")
    root.mkdir(parents=True)
    rclone = serve_s3(tmp_path) if is_s3 else serve_webdav(tmp_path)
    rclone.start()
    relay = SpoilingRelay(rclone.port)
    rclone.port = relay.port  # what the settings name
    provider = (
        make_remote_provider("s3", make_s3_settings(rclone))
        if is_s3
        else make_remote_provider("rclone", make_webdav_settings(rclone), "/ayon")
    )
    yield Line(tmp_path, relay, root), provider
    relay.cut()
    rclone.stop()


def test_download_that_is_spoiled_is_no_file(site: Site) -> None:
    line, remote = site
    (line.remote_root / "plate.mov").write_bytes(line.content)
    checksum = line.find_checksum()
    remote.check_health(["work"], writable=False)
    line.relay.spoil_next()
    with pytest.raises(TransferError):
        copy(remote, line.disk, checksum)
    assert line.relay.spoiled == 1
    assert list(line.here.iterdir()) == []
    assert copy(remote, line.disk, checksum).checksum == checksum
    assert (line.here / "plate.mov").read_bytes() == line.content


def test_upload_that_is_spoiled_is_no_file_where_anything_can_tell(site: Site) -> None:
    """WebDAV has no digest: there a connection without TLS proves a size only."""
    line, remote = site
    (line.here / "plate.mov").write_bytes(line.content)
    remote.check_health(["work"], writable=True)
    line.relay.spoil_next()
    there = line.remote_root / "plate.mov"
    try:
        result = copy(line.disk, remote, line.find_checksum())
    except TransferError:
        assert not there.exists() or there.read_bytes() == line.content
    else:
        # Told as what it is, or sent again within the storage's own protocol.
        assert result.proof == "size" or there.read_bytes() == line.content
    assert line.relay.spoiled == 1
    there.unlink(missing_ok=True)
    assert copy(line.disk, remote, line.find_checksum()).moved
    assert there.read_bytes() == line.content
