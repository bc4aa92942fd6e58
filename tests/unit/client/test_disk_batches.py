"""Small files of disks go together: each stands for itself, one wait serves all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ayon_sitesync.errors import CorruptError, PermanentError, SiteUnhealthyError
from ayon_sitesync.providers.base import NewFile
from ayon_sitesync.providers.disk import batches, files, folders
from ayon_sitesync.providers.local_drive import LocalDriveProvider

from tests.unit.client.disks import Disks


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    return Disks(tmp_path)


@pytest.fixture
def disk(disks: Disks) -> LocalDriveProvider:
    assert isinstance(disks.target, LocalDriveProvider)
    return disks.target


def make_files(disks: Disks, *names: str) -> list[NewFile]:
    return [
        NewFile(str(disks.target_root / name), name.encode(), 1_700_000_000 * 10**9)
        for name in names
    ]


def test_more_files_than_may_be_open_at_once_arrive(
    disks: Disks, disk: LocalDriveProvider
) -> None:
    names = [f"sq/f{n:03}.exr" for n in range(2 * batches.OPEN_FILES + 1)]
    assert disk.write_many(make_files(disks, *names)) == [None] * len(names)
    assert disks.list_files() == names
    path = disks.target_root / names[-1]
    assert path.read_text() == names[-1]
    assert path.stat().st_mtime == 1_700_000_000


def test_file_that_cannot_be_written_fails_alone(
    disks: Disks, disk: LocalDriveProvider
) -> None:
    (disks.target_root / "b.exr").mkdir()
    found = disk.write_many(make_files(disks, "a.exr", "b.exr", "c.exr"))
    assert found[0] is found[2] is None
    assert isinstance(found[1], PermanentError)
    assert disks.list_files() == ["a.exr", "c.exr"]


def test_full_disk_is_the_sites_fault_and_leaves_no_part(
    disks: Disks, disk: LocalDriveProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    calls = iter(range(100))

    def write_until_full(descriptor: int, data: memoryview) -> int:
        if next(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(files.os, "write", write_until_full)
    with pytest.raises(SiteUnhealthyError, match="disk is full") as refused:
        disk.write_many(make_files(disks, "a.exr", "b.exr", "c.exr", "d.exr"))
    assert refused.value.code == "storage_full"
    assert disks.list_files() == []


def test_corrupted_write_is_caught_and_the_older_file_stays(
    disks: Disks, disk: LocalDriveProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    (disks.target_root / "b.exr").write_text("older")
    write = os.write

    def flip_of_one_file(descriptor: int, data: memoryview) -> int:
        changed = bytearray(data)
        if changed == b"b.exr":
            changed[-1] ^= 1
        return write(descriptor, changed)

    monkeypatch.setattr(files.os, "write", flip_of_one_file)
    found = disk.write_many(make_files(disks, "a.exr", "b.exr"))
    assert found[0] is None
    assert isinstance(found[1], CorruptError)
    assert (disks.target_root / "b.exr").read_text() == "older"
    assert disks.list_parts() == []


def test_names_of_new_folders_are_durable_before_a_file_counts_as_there(
    disks: Disks, disk: LocalDriveProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut a file that was reported must still have its folder."""
    synced: list[str] = []
    sync_folder = folders.sync_folder

    def note(folder: str) -> None:
        synced.append(Path(folder).relative_to(disks.target_root).as_posix())
        sync_folder(folder)

    monkeypatch.setattr(folders, "sync_folder", note)
    disk.write_many(make_files(disks, "sq/sh010/plate/a.exr", "sq/sh010/plate/b.exr"))
    assert synced == ["sq/sh010/plate", "sq/sh010", "sq", "."]
    synced.clear()
    with disk.create_part(str(disks.target_root / "sq/sh020/c.exr")) as part:
        part.write(memoryview(b"content"))
        part.publish(0)
    assert synced == ["sq/sh020", "sq"]
    synced.clear()
    disk.write_many(make_files(disks, "sq/sh010/plate/d.exr"))
    assert synced == ["sq/sh010/plate"]


def test_folder_that_another_one_made_is_durable_too(
    disks: Disks, disk: LocalDriveProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reports first makes the folder's name durable, whoever made it."""
    synced: list[str] = []
    monkeypatch.setattr(folders, "sync_folder", synced.append)
    first = disk.create_part(str(disks.target_root / "sq/a.exr"))
    with disk.create_part(str(disks.target_root / "sq/b.exr")) as second:
        second.publish(0)
    assert synced == [str(disks.target_root / "sq"), str(disks.target_root)]
    with first:
        first.publish(0)


def test_file_that_changes_while_it_is_read_is_told(
    disks: Disks, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = disks.write("a.exr", b"x" * 100)
    source = disks.source
    assert isinstance(source, LocalDriveProvider)
    read = os.read

    def read_and_append(descriptor: int, size: int) -> bytes:
        content = read(descriptor, size)
        with path.open("ab") as file:
            file.write(b"more")
        return content

    monkeypatch.setattr(batches.os, "read", read_and_append)
    (found,) = source.read_many([str(path)])
    assert "changed while it was read" in str(found)
