"""Rootless paths become paths below their root, or are refused."""

from __future__ import annotations

import ntpath
import posixpath
from pathlib import Path
from types import SimpleNamespace

import pytest
from ayon_sitesync import paths
from ayon_sitesync.errors import PathError
from ayon_sitesync.paths import (
    PART_SUFFIX,
    ensure_inside,
    find_real_path,
    is_absolute,
    resolve_path,
)
from hypothesis import given
from hypothesis import strategies as st

ROOTS = {"work": "/data/proj"}
WINDOWS_ROOTS = {"work": "P:/proj"}

NAMES = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="/"), max_size=40
)
PATHS = st.lists(NAMES, min_size=1, max_size=6).map("/".join)


def test_joins_root_and_names() -> None:
    path = resolve_path("{root[work]}/sh010/plate.exr", ROOTS, "linux")
    assert path == "/data/proj/sh010/plate.exr"
    assert resolve_path("{root[work]}/a/b", WINDOWS_ROOTS, "windows") == r"P:\proj\a\b"


@pytest.mark.parametrize("name", ["{version}.exr", "{root[work]}", "a{", "{}", "100%"])
def test_braces_in_names_are_data(name: str) -> None:
    path = resolve_path(f"{{root[work]}}/sh010/{name}", ROOTS, "linux")
    assert path == f"/data/proj/sh010/{name}"


def test_empty_names_and_dots_are_dropped() -> None:
    assert resolve_path("{root[work]}//a/./b", ROOTS, "linux") == "/data/proj/a/b"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "start with a root"),
        ("sh010/plate.exr", "start with a root"),
        ("{root}/plate.exr", "start with a root"),
        ("{root[work]}/../secret", "leaves its root"),
        ("{root[work]}/a/../../secret", "leaves its root"),
        ("{root[work]}/a\\..\\..\\secret", "leaves its root"),
        ("{root[work]}/", "names no file"),
        ("{root[work]}/a\x00b", "zero character"),
        ("{root[cache]}/a", "root 'cache' is not set"),
        ("{root[work]}/a/.b.12345678.sitesync-part", "temporary files"),
    ],
)
def test_refuses_with_a_reason(path: str, reason: str) -> None:
    with pytest.raises(PathError, match=reason):
        resolve_path(path, ROOTS, "linux")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("C:secret", "does not allow"),
        ("what?.exr", "does not allow"),
        ("CON", "reserved"),
        ("nul.txt", "reserved"),
        ("lpt1 .txt", "reserved"),
        ("name.", "end of"),
        ("name ", "end of"),
    ],
)
def test_names_that_windows_cannot_hold(name: str, reason: str) -> None:
    path = f"{{root[work]}}/sh010/{name}"
    with pytest.raises(PathError, match=reason):
        resolve_path(path, WINDOWS_ROOTS, "windows")
    assert resolve_path(path, ROOTS, "linux") == f"/data/proj/sh010/{name}"


def test_long_windows_paths_take_their_extended_form() -> None:
    name = "x" * 250
    local = resolve_path(f"{{root[work]}}/{name}", WINDOWS_ROOTS, "windows")
    assert local == f"\\\\?\\P:\\proj\\{name}"
    shared = resolve_path(f"{{root[work]}}/{name}", {"work": "//nas/proj"}, "windows")
    assert shared == f"\\\\?\\UNC\\nas\\proj\\{name}"


def test_windows_paths_have_room_for_the_name_of_a_part() -> None:
    """A part's name is longer than the file's, and has to be usable as well."""
    added = len(f"..12345678{PART_SUFFIX}")
    for length in range(1, 255):
        name = "x" * length
        path = resolve_path(f"{{root[work]}}/{name}", WINDOWS_ROOTS, "windows")
        assert path.startswith("\\\\?\\") or len(path) + added < 260


@pytest.mark.parametrize("root", ["P:/proj", "//nas/proj"])
def test_extended_windows_paths_are_inside_of_their_root(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Windows resolves them: what came extended stays so.
    monkeypatch.setattr(paths, "os", SimpleNamespace(path=ntpath, sep="\\"))
    name = "/".join(["x" * 100] * 3)
    path = resolve_path(f"{{root[work]}}/{name}", {"work": root}, "windows")
    assert path.startswith("\\\\?\\")
    ensure_inside(path, root)
    above = path[: -len(name) - 1]
    assert find_real_path(above) == find_real_path(root)
    with pytest.raises(PathError, match="leads out"):
        ensure_inside(path, root + "-else")


@given(PATHS)
def test_no_path_leaves_its_root_on_posix(rest: str) -> None:
    try:
        path = resolve_path("{root[work]}/" + rest, ROOTS, "linux")
    except PathError:
        return
    assert posixpath.normpath(path).startswith("/data/proj/")


@given(PATHS)
def test_no_path_leaves_its_root_on_windows(rest: str) -> None:
    try:
        path = resolve_path("{root[work]}/" + rest, WINDOWS_ROOTS, "windows")
    except PathError:
        return
    plain = path[4:] if path.startswith("\\\\?\\") else path
    assert ntpath.normpath(plain).startswith("P:\\proj\\")


@pytest.mark.parametrize(
    ("path", "platform", "expected"),
    [
        ("/mnt/proj", "linux", True),
        ("C:/projects_local", "linux", False),
        ("C:/projects_local", "windows", True),
        ("//nas/share/proj", "windows", True),
        ("/mnt/proj", "windows", False),
        ("C:proj", "windows", False),
        ("", "darwin", False),
    ],
)
def test_absolute_is_told_for_each_platform(
    path: str, platform: str, expected: bool
) -> None:
    assert is_absolute(path, platform) is expected


def test_links_that_stay_inside_are_fine_and_others_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "root-else").mkdir()
    (root / "good").symlink_to(root / "inside")
    (root / "bad").symlink_to(tmp_path / "root-else")
    ensure_inside(str(root / "good" / "new.exr"), str(root))
    with pytest.raises(PathError, match="symbolic link"):
        ensure_inside(str(root / "bad" / "new.exr"), str(root))
