"""One file: it is in place and proven, or nothing is under its name."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from ayon_sitesync.errors import (
    CorruptError,
    MissingSourceError,
    PathError,
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferCancelledError,
)
from ayon_sitesync.providers.disk import files
from ayon_sitesync.transfer import verify

from tests.unit.client.disks import MIB, Disks


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    return Disks(tmp_path)


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, 3 * MIB + 17])
def test_d3_content_and_mtime_arrive(disks: Disks, size: int) -> None:
    content = os.urandom(size)
    source = disks.write("sh010/plate.exr", content)
    os.utime(source, ns=(1_600_000_000_123_456_789, 1_600_000_000_123_456_789))
    moved: list[int] = []
    disks.tick = moved.append
    result = disks.copy("sh010/plate.exr", size)
    target = disks.target_root / "sh010/plate.exr"
    assert target.read_bytes() == content
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert (result.moved, result.proof, result.size) == (True, "content", size)
    assert result.source_read
    assert sum(moved) == size
    assert disks.list_files() == ["sh010/plate.exr"]


@pytest.mark.parametrize(
    "name",
    [
        "Übung/日本語/плёнка.exr",
        "{version}/{}.exr",
        'a b/it\'s "quoted" $HOME `x` %04d #1.exr',
        "n" * 255,
        "ü" * 127,
    ],
)
def test_d40_names_are_data(disks: Disks, name: str) -> None:
    disks.write(name, b"frame")
    disks.copy(name)
    assert disks.list_files() == [name]


def test_name_too_long_for_the_disk_is_a_clear_error(disks: Disks) -> None:
    with pytest.raises(PermanentError, match="too long"):
        disks.copy("n" * 256)


def test_d2_stale_target_of_the_same_size_is_replaced(disks: Disks) -> None:
    source = disks.write("a.exr", b"new content")
    target = disks.target_root / "a.exr"
    target.write_bytes(b"old content")
    times = source.stat().st_mtime_ns
    os.utime(target, ns=(times, times))
    result = disks.copy("a.exr", 11)
    assert result.moved
    assert target.read_bytes() == b"new content"


def test_equal_target_is_recognised_and_left_alone(disks: Disks) -> None:
    disks.write("a.exr", b"content")
    first = disks.copy("a.exr", 7)
    inode = (disks.target_root / "a.exr").stat().st_ino
    for checksum in (None, first.checksum):
        again = disks.copy("a.exr", 7, checksum=checksum)
        assert (again.moved, again.checksum, again.proof) == (
            False,
            first.checksum,
            "content",
        )
        # A recorded checksum is compared with the target alone.
        assert again.source_read is (checksum is None)
    assert (disks.target_root / "a.exr").stat().st_ino == inode


def test_source_that_differs_from_the_recorded_checksum_is_corrupt(
    disks: Disks,
) -> None:
    disks.write("a.exr", b"published")
    recorded = disks.copy("a.exr", 9).checksum
    (disks.target_root / "a.exr").unlink()
    disks.write("a.exr", b"tampered!")
    with pytest.raises(CorruptError, match="checksum"):
        disks.copy("a.exr", 9, checksum=recorded)
    assert disks.list_files() == []


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_hash_from_publishing_is_checked(disks: Disks, algorithm: str) -> None:
    content = b"published"
    disks.write("a.exr", content)
    good = hashlib.new(algorithm, content).hexdigest()
    result = disks.copy("a.exr", 9, published_hash=f"{algorithm}:{good.upper()}")
    assert verify.algorithm_of(result.checksum) == verify.own_algorithm()
    (disks.target_root / "a.exr").unlink()
    bad = hashlib.new(algorithm, b"other").hexdigest()
    with pytest.raises(CorruptError, match="checksum"):
        disks.copy("a.exr", 9, published_hash=f"{algorithm}:{bad}")


def test_checksum_that_cannot_be_computed_here_is_replaced_by_an_own_one(
    disks: Disks,
) -> None:
    disks.write("a.exr", b"content")
    result = disks.copy("a.exr", 7, checksum="blake9:00ff")
    assert verify.algorithm_of(result.checksum) == verify.own_algorithm()


def test_without_xxhash_digests_are_blake2b(
    disks: Disks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(verify._ALGORITHMS, "xxh3")
    disks.write("a.exr", b"content")
    expected = hashlib.blake2b(b"content", digest_size=32).hexdigest()
    assert disks.copy("a.exr", 7).checksum == f"blake2b:{expected}"


def test_missing_source_is_told_as_such(disks: Disks) -> None:
    with pytest.raises(MissingSourceError, match=r"a\.exr"):
        disks.copy("a.exr", 7)


def test_source_of_another_size_than_published_is_corrupt(disks: Disks) -> None:
    disks.write("a.exr", b"content")
    with pytest.raises(CorruptError, match="7 bytes at the source, published were 8"):
        disks.copy("a.exr", 8)


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(1, 1))


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"x" * (3 * MIB))
    other.replace(path)


@pytest.mark.parametrize("change", [_append, _overwrite, _replace, Path.unlink])
def test_source_changed_during_the_copy_is_not_published(
    disks: Disks, change: Callable[[Path], None]
) -> None:
    source = disks.write("a.exr", b"x" * (3 * MIB))
    steps: list[int] = []

    def tick(moved: int) -> None:
        steps.append(moved)
        if len(steps) == 1:
            change(source)

    disks.tick = tick
    with pytest.raises(RetryableError, match="changed"):
        disks.copy("a.exr", 3 * MIB)
    assert disks.list_files() == []


def test_cancelled_copy_leaves_nothing(disks: Disks) -> None:
    disks.write("a.exr", b"x" * (3 * MIB))

    def tick(moved: int) -> None:
        raise TransferCancelledError("stopped")

    disks.tick = tick
    with pytest.raises(TransferCancelledError):
        disks.copy("a.exr", 3 * MIB)
    assert disks.list_files() == []


def test_file_size_limit_of_the_system_leaves_nothing(disks: Disks) -> None:
    disks.write("a.exr", b"x" * (3 * MIB))
    (disks.target_root / "a.exr").write_bytes(b"older version")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB + 10, hard))
    try:
        with pytest.raises(PermanentError, match="too large"):
            disks.copy("a.exr", 3 * MIB)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert disks.list_files() == ["a.exr"]
    assert (disks.target_root / "a.exr").read_bytes() == b"older version"


def test_d1_full_disk_is_the_sites_fault_and_leaves_nothing(
    disks: Disks, monkeypatch: pytest.MonkeyPatch
) -> None:
    disks.write("a.exr", b"x" * (3 * MIB))
    write = os.write

    def write_until_full(descriptor: int, data: memoryview) -> int:
        if os.fstat(descriptor).st_size >= MIB:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: MIB // 2])

    monkeypatch.setattr(files.os, "write", write_until_full)
    with pytest.raises(SiteUnhealthyError, match=r"brisk-amber-fox.*disk is full"):
        disks.copy("a.exr", 3 * MIB)
    assert disks.list_files() == []


def test_d17_corrupted_write_is_caught_by_reading_back(
    disks: Disks, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"x" * (2 * MIB)
    disks.write("a.exr", content)
    (disks.target_root / "a.exr").write_bytes(b"older version")
    write = os.write

    def flip_last_byte(descriptor: int, data: memoryview) -> int:
        changed = bytearray(data)
        changed[-1] ^= 1
        return write(descriptor, changed)

    monkeypatch.setattr(files.os, "write", flip_last_byte)
    with pytest.raises(CorruptError, match="read back"):
        disks.copy("a.exr", 2 * MIB)
    assert disks.list_files() == ["a.exr"]
    assert (disks.target_root / "a.exr").read_bytes() == b"older version"


def test_link_out_of_the_source_root_is_refused(disks: Disks, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (disks.source_root / "a.exr").symlink_to(secret)
    with pytest.raises(PathError, match="leads out"):
        disks.copy("a.exr")
    assert disks.list_files() == []


def test_link_out_of_the_target_root_is_refused(disks: Disks, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (disks.target_root / "sh010").symlink_to(elsewhere)
    disks.write("sh010/a.exr", b"content")
    with pytest.raises(PathError, match="leads out"):
        disks.copy("sh010/a.exr")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("outside_content", [b"precious", b"content"])
def test_link_in_the_place_of_the_target_is_replaced_not_followed(
    disks: Disks, tmp_path: Path, outside_content: bytes
) -> None:
    outside = tmp_path / "outside.exr"
    outside.write_bytes(outside_content)
    (disks.target_root / "a.exr").symlink_to(outside)
    disks.write("a.exr", b"content")
    disks.copy("a.exr")
    assert outside.read_bytes() == outside_content
    assert not (disks.target_root / "a.exr").is_symlink()
    assert (disks.target_root / "a.exr").read_bytes() == b"content"


KILLED_COPY = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from tests.unit.client.disks import MIB, Disks

    disks = Disks(Path(sys.argv[1]))
    done = []

    def tick(moved):
        done.append(moved)
        if sum(done) >= 2 * MIB:
            os.kill(os.getpid(), signal.SIGKILL)

    disks.tick = tick
    disks.copy("a.exr", 4 * MIB)
    """
)


def test_d16_killed_copy_leaves_no_final_file_and_the_next_one_cleans_up(
    disks: Disks, tmp_path: Path
) -> None:
    content = os.urandom(4 * MIB)
    disks.write("a.exr", content)
    child = subprocess.run(
        [sys.executable, "-c", KILLED_COPY, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert not (disks.target_root / "a.exr").exists()
    assert len(disks.list_parts()) == 1
    disks.copy("a.exr", 4 * MIB)
    assert disks.list_files() == ["a.exr"]
    assert (disks.target_root / "a.exr").read_bytes() == content
