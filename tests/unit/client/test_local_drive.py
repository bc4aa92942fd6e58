"""Disks: which left-over temporary files go, and when a site cannot be used."""

from __future__ import annotations

import errno
import os
import shutil
import time
import unicodedata
from pathlib import Path
from typing import cast

import pytest
from ayon_sitesync.errors import (
    MissingSourceError,
    PathError,
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
    map_os_error,
)
from ayon_sitesync.providers.base import BatchProvider, NewFile
from ayon_sitesync.providers.disk.files import make_part_name
from ayon_sitesync.providers.disk.folders import ABANDONED_SECONDS

from tests.unit.client.disks import MACHINE_TAG, make_disk

WINDOWS_ACCESS_DENIED, WINDOWS_SHARING_VIOLATION = 5, 32


def _leave_part(folder: Path, machine_tag: str, age_seconds: float = 0.0) -> Path:
    part = folder / make_part_name("a.exr", machine_tag)
    part.write_bytes(b"half")
    then = time.time() - age_seconds
    os.utime(part, (then, then))
    return part


def _touch_folder(root: Path) -> None:
    """What a new run does first in a folder: begin a part there."""
    with make_disk(root, "brisk-amber-fox").create_part(str(root / "b.exr")):
        pass


def test_part_of_a_dead_process_of_this_machine_is_removed(tmp_path: Path) -> None:
    part = _leave_part(tmp_path, MACHINE_TAG)
    _touch_folder(tmp_path)
    assert not part.exists()


def test_part_of_a_living_process_stays(tmp_path: Path) -> None:
    provider = make_disk(tmp_path, "brisk-amber-fox")
    with provider.create_part(str(tmp_path / "a.exr")) as living:
        living.write(memoryview(b"half"))
        _touch_folder(tmp_path)
        living.publish(0)
    assert (tmp_path / "a.exr").read_bytes() == b"half"


def test_part_of_another_machine_stays_until_it_is_old(tmp_path: Path) -> None:
    young = _leave_part(tmp_path, "cafe", ABANDONED_SECONDS - 60)
    old = _leave_part(tmp_path, "cafe", ABANDONED_SECONDS + 60)
    _touch_folder(tmp_path)
    assert young.exists()
    assert not old.exists()


def test_files_that_only_look_like_parts_stay(tmp_path: Path) -> None:
    names = [f"a.{MACHINE_TAG}0000.sitesync-part", f".a.{MACHINE_TAG}.sitesync-part"]
    for name in names:
        (tmp_path / name).write_bytes(b"published")
    _touch_folder(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_part_names_fit_whatever_the_name_is() -> None:
    for name in ("a.exr", "n" * 255, "ü" * 127, "日" * 85):
        part = make_part_name(name, MACHINE_TAG)
        assert len(os.fsencode(part)) <= 255
        assert part.startswith(f".{name[0]}")


def test_missing_root_makes_the_site_unhealthy(tmp_path: Path) -> None:
    provider = make_disk(tmp_path / "mount", "studio")
    shutil.rmtree(tmp_path / "mount")
    with pytest.raises(SiteUnhealthyError, match=r"root 'work' at .* is not there"):
        provider.check_health(["work"], writable=True)


def test_empty_root_of_a_source_is_an_unmounted_one(tmp_path: Path) -> None:
    provider = make_disk(tmp_path, "studio")
    provider.check_health(["work"], writable=True)
    with pytest.raises(SiteUnhealthyError, match="is the storage mounted"):
        provider.check_health(["work"], writable=False)


def test_target_that_lost_its_content_is_an_unmounted_one(tmp_path: Path) -> None:
    provider = make_disk(tmp_path, "studio")
    file = tmp_path / "a.exr"
    file.write_bytes(b"content")
    provider.check_health(["work"], writable=True)
    file.unlink()
    with pytest.raises(SiteUnhealthyError, match="is the storage mounted"):
        provider.check_health(["work"], writable=True)


def test_root_that_is_not_set_is_the_fault_of_the_file_that_names_it(
    tmp_path: Path,
) -> None:
    provider = make_disk(tmp_path, "studio")
    provider.check_health(["cache"], writable=True)
    with pytest.raises(PathError, match="root 'cache' is not set"):
        provider.locate("{root[cache]}/a.exr")


@pytest.mark.parametrize(
    ("number", "is_source", "expected"),
    [
        (errno.ENOSPC, False, SiteUnhealthyError),
        (errno.EDQUOT, False, SiteUnhealthyError),
        (errno.EROFS, False, SiteUnhealthyError),
        (errno.ESTALE, True, SiteUnhealthyError),
        (errno.ENOENT, True, MissingSourceError),
        (errno.ENOENT, False, RetryableError),
        (errno.EACCES, True, PermanentError),
        (errno.ENAMETOOLONG, False, PermanentError),
        (errno.EIO, True, RetryableError),
    ],
)
def test_system_errors_have_a_class(
    number: int, is_source: bool, expected: type[TransferError]
) -> None:
    error = OSError(number, os.strerror(number))
    mapped = map_os_error(error, path="/a", site_name="nas", is_source=is_source)
    assert type(mapped) is expected
    assert "nas" in str(mapped)


def test_file_that_another_program_holds_on_windows_is_tried_again() -> None:
    error = PermissionError(errno.EACCES, "The process cannot access the file")
    setattr(error, "winerror", WINDOWS_SHARING_VIOLATION)  # noqa: B010 - Windows only
    mapped = map_os_error(error, path="/a", site_name="nas", is_source=False)
    assert type(mapped) is RetryableError


def test_missing_root_is_not_made(tmp_path: Path) -> None:
    """Its mount point may be gone: what is made there would go to another disk."""
    root = tmp_path / "mount" / "projects"
    provider = make_disk(root, "brisk-amber-fox")
    root.rmdir()
    with pytest.raises(SiteUnhealthyError, match="is not there"):
        provider.create_part(str(root / "sh010" / "a.exr"))
    assert not root.exists()


def test_folders_below_a_root_are_made(tmp_path: Path) -> None:
    provider = make_disk(tmp_path, "brisk-amber-fox")
    path = tmp_path / "sh010" / "plate" / "a.exr"
    with provider.create_part(str(path)) as part:
        part.publish(0)
    assert path.exists()


def test_root_that_cannot_be_looked_at_makes_the_site_unhealthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = make_disk(tmp_path / "nas", "nas")

    def scandir(path: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(SiteUnhealthyError, match="looked at: Input/output error"):
        disk.check_health({"work"}, writable=True)


@pytest.mark.parametrize(
    ("is_there", "expected"), [(True, RetryableError), (False, PermanentError)]
)
def test_file_that_windows_does_not_let_replace_may_be_open_somewhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_there: bool,
    expected: type[TransferError],
) -> None:
    disk = make_disk(tmp_path, "brisk-amber-fox")
    path = tmp_path / "a.exr"
    if is_there:
        path.write_bytes(b"older")

    def replace(part: str, target: str) -> None:
        error = PermissionError(errno.EACCES, "Access is denied")
        setattr(error, "winerror", WINDOWS_ACCESS_DENIED)  # noqa: B010 - Windows only
        raise error

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(TransferError) as caught, disk.create_part(str(path)) as part:
        part.publish(0)
    assert type(caught.value) is expected


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@pytest.fixture
def folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disks that tell no upper from lower case, as those of Windows and macOS."""

    def find(path: str) -> Path:
        folder, name = os.path.split(path)
        for entry in Path(folder).iterdir():
            if _fold(entry.name) == _fold(name):
                return entry
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def are_same(one: str, other: str) -> bool:
        return find(one) == find(other)

    monkeypatch.setattr(os.path, "samefile", are_same)


@pytest.mark.usefixtures("folding")
def test_file_of_another_case_is_not_replaced(tmp_path: Path) -> None:
    """It is another file, which would still count as there."""
    (tmp_path / "Color.tx").write_bytes(b"upper")
    provider = cast(BatchProvider, make_disk(tmp_path, "studio"))
    with provider.create_part(str(tmp_path / "color.tx")) as part:
        part.write(memoryview(b"lower"))
        with pytest.raises(PermanentError, match=r"'Color\.tx' is in its place"):
            part.publish(0)
    names = ["a.exr", "A.exr", "b.exr"]
    files = [NewFile(str(tmp_path / name), name.encode(), 0) for name in names]
    first, second, third = provider.write_many(files)
    assert first is None
    assert isinstance(second, PermanentError)
    assert third is None
    there = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert there == {"Color.tx": b"upper", "a.exr": b"a.exr", "b.exr": b"b.exr"}


@pytest.mark.usefixtures("folding")
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_older_file_of_the_same_name_is_replaced(tmp_path: Path, form: str) -> None:
    """Some disks have a Unicode form of their own for names."""
    (tmp_path / unicodedata.normalize("NFD", "Übung.exr")).write_bytes(b"older")
    name = "Übung.exr" if form == "NFC" else unicodedata.normalize("NFD", "Übung.exr")
    with make_disk(tmp_path, "studio").create_part(str(tmp_path / name)) as part:
        part.write(memoryview(b"newer"))
        part.publish(0)
    assert (tmp_path / name).read_bytes() == b"newer"


# --- links out of a root -------------------------------------------------------------


def test_link_beside_folders_that_are_known_leads_nowhere(tmp_path: Path) -> None:
    provider = make_disk(tmp_path / "root", "brisk-amber-fox")
    inside, away = tmp_path / "root" / "shots", tmp_path / "away"
    for folder in (inside / "sh010", away):
        folder.mkdir(parents=True)
        (folder / "a.exr").write_bytes(b"frame")
    (inside / "sh020").symlink_to(away, target_is_directory=True)
    assert provider.stat(str(inside / "sh010" / "a.exr")) is not None
    assert provider.stat(str(inside / "b.exr")) is None
    with pytest.raises(PathError, match="leads out of the roots"):
        provider.stat(str(inside / "sh020" / "a.exr"))
    with pytest.raises(PathError, match="leads out of the roots"):
        provider.create_part(str(inside / "sh020" / "new" / "a.exr"))


def test_way_back_into_the_root_makes_nothing_beside_it_known(tmp_path: Path) -> None:
    """By a link to what the root is in, only the root itself is inside."""
    root = tmp_path / "root"
    provider = make_disk(root, "brisk-amber-fox")
    (root / "up").symlink_to(tmp_path, target_is_directory=True)
    for folder in (root, tmp_path / "other"):
        folder.mkdir(exist_ok=True)
        (folder / "a.exr").write_bytes(b"frame")
    assert provider.stat(str(root / "up" / "root" / "a.exr")) is not None
    with pytest.raises(PathError, match="leads out of the roots"):
        provider.stat(str(root / "up" / "other" / "a.exr"))
