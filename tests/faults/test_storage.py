"""Storage of each kind that fails: nothing wrong is there, and work ends in the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ayon_sitesync.errors import CorruptError, TransferError
from ayon_sitesync.transfer.copy import CopyResult, Route, copy_file
from ayon_sitesync.transfer.verify import Digests, own_algorithm
from ayon_sitesync.work import FAILED, SYNCED, TransferFile, TransferKey

from tests.support.faulty_places import KINDS, SITE, Place, open_place
from tests.support.rights import without_rights
from tests.support.small_disk import SmallDisk
from tests.unit.client.disks import MIB
from tests.unit.client.memory_server import MemoryServer
from tests.unit.client.test_agent import Bench

DISK_MEGABYTES = 32
LARGE_BYTES = 10 * MIB
CONTENTS = {"sh010/a.exr": 40_000, "sh010/b.exr": 50_000, "plate.mov": 3 * MIB}


class Case:
    """An agent that brings files to a place, over a queue in memory."""

    def __init__(self, base: Path, disk: SmallDisk, place: Place) -> None:
        self.disk = disk
        self.place = place
        self.bench = Bench(base)
        self.bench.server = MemoryServer()
        self.bench.sites.replace(SITE, place.open())
        self.contents = {name: os.urandom(size) for name, size in CONTENTS.items()}
        for name, content in self.contents.items():
            self.bench.disks.write(name, content)
        self.content = b""
        self.key = self._queue()

    def _queue(self) -> TransferKey:
        return self.bench.server.queue(
            [
                TransferFile(name, f"{{root[work]}}/{name}", len(content))
                for name, content in self.contents.items()
            ]
        )

    def run(self) -> str:
        """Let an agent do what it can; why it could not do the rest."""
        unfinished = self.bench.run_once().unfinished
        self.check_promises()
        return unfinished

    def check_promises(self) -> None:
        """No wrong file under a final name; what is told to be there is there."""
        there = self.place.list_files()
        for name, content in self.contents.items():
            assert there.get(name) in (None, content), f"a wrong {name} is there"
        for name, status in self.bench.server.statuses(self.key).items():
            assert status != SYNCED or there.get(name) == self.contents[name]

    def finish(self) -> None:
        """The fault is gone: what failed is tried again, and all is brought."""
        row = self.bench.server.rows[self.key]
        statuses = self.bench.server.statuses(self.key)
        row.waiting = [name for name in self.contents if statuses.get(name) != SYNCED]
        row.attempts.clear()
        self.bench.sites.replace(SITE, self.place.open())
        assert self.run() == ""
        assert self.list_failed() == {}
        there = self.place.list_files()
        assert {name: there.get(name) for name in self.contents} == self.contents
        assert [name for name in there if "sitesync-part" in name] == []

    def list_failed(self) -> dict[str, str]:
        """Files that failed, with their messages."""
        results = self.bench.server.rows[self.key].results
        return {n: r.message for n, r in results.items() if r.status == FAILED}


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with (
        SmallDisk(tmp_path / "disk", DISK_MEGABYTES) as disk,
        open_place(request.param, disk, tmp_path) as place,
    ):
        (place.root / "other.exr").write_bytes(b"not an empty mount point")
        yield Case(tmp_path / "studio", disk, place)


TELLS_LITTLE = ("s3", "webdav")
"""Kinds whose server in these tests says only that it failed."""


def check_site_fault(case: Case, unfinished: str, reason: str) -> None:
    """The site was at fault: no file has an attempt less. Or its server hid that."""
    if case.place.kind in TELLS_LITTLE:
        assert case.list_failed().keys() == CONTENTS.keys()
        assert all(case.list_failed().values())
    else:
        assert reason in unfinished
        assert case.bench.server.rows[case.key].attempts == {}


def test_full_disk(case: Case) -> None:
    with case.disk.filled():
        unfinished = case.run()
        check_site_fault(case, unfinished, "the disk is full; free some space")
    case.finish()


def test_read_only_storage(case: Case) -> None:
    with case.disk.read_only():
        unfinished = case.run()
        check_site_fault(case, unfinished, "mounted read-only")
    case.finish()


def test_folder_that_may_not_be_written_to(case: Case) -> None:
    case.place.root.chmod(0o555)
    with without_rights():
        case.run()
    case.place.root.chmod(0o755)
    failed = case.list_failed()
    assert failed.keys() == CONTENTS.keys()
    for message in failed.values():
        is_told = "access is denied; check the permissions" in message
        assert is_told or case.place.kind in TELLS_LITTLE
    case.finish()


# --- as a source ----------------------------------------------------------------------


@pytest.fixture
def source(case: Case) -> Case:
    """The place has a large file that nobody else has."""
    case.content = os.urandom(LARGE_BYTES)
    (case.place.root / "only.mov").write_bytes(case.content)
    return case


def bring(
    case: Case, act: Callable[[Path], object] = Path.exists, checksum: str | None = None
) -> CopyResult:
    """Copy the file from the place; `act` on it once its first bytes have moved."""
    has_acted = False

    def tick(moved: int) -> None:
        nonlocal has_acted
        if moved and not has_acted:
            has_acted = True
            act(case.place.root / "only.mov")

    file = TransferFile("f1", "{root[work]}/only.mov", LARGE_BYTES, checksum)
    return copy_file(file, Route(case.place.open(), case.bench.disks.target, tick))


def rewrite(path: Path) -> None:
    path.write_bytes(os.urandom(LARGE_BYTES))
    os.utime(path, (1, 1))


@pytest.mark.parametrize("act", [rewrite, Path.unlink])
def test_source_that_changes_or_goes_meanwhile(
    source: Case, act: Callable[[Path], object]
) -> None:
    disks = source.bench.disks
    try:
        bring(source, act)
    except TransferError:
        assert disks.list_files() == []
    else:
        # What is brought here as a whole first is as it was then.
        assert source.place.kind in ("custom", *TELLS_LITTLE)
        assert (disks.target_root / "only.mov").read_bytes() == source.content
    (source.place.root / "only.mov").write_bytes(source.content)
    bring(source)
    assert (disks.target_root / "only.mov").read_bytes() == source.content
    assert disks.list_parts() == []


def test_bytes_that_rotted_at_the_source(source: Case) -> None:
    """What was recorded of the content tells; size and time do not."""
    digests = Digests({own_algorithm()})
    digests.update(memoryview(source.content))
    checksum = digests.get(own_algorithm())
    path = source.place.root / "only.mov"
    path.write_bytes(b"rot" + source.content[3:])
    with pytest.raises(CorruptError):
        bring(source, checksum=checksum)
    assert source.bench.disks.list_files() == []
    path.write_bytes(source.content)
    assert bring(source, checksum=checksum).checksum == checksum
