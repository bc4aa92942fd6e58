"""Loading addons: isolation of versions, clear refusals."""

import sys
import zipfile
from pathlib import Path

import pytest

from devhost.loader import AddonLibrary, AddonLoadError, unpack_addon, version_key

SERVER = """
from ayon_server.addons import BaseServerAddon
from .parts import NAME
import helperfile
from server.parts import NAME as AGAIN


class Addon(BaseServerAddon):
    def initialize(self):
        self.values = (NAME, AGAIN, helperfile.NAME)
"""


def write_addon(
    folder: Path, version: str = "1.0.0", server: str = SERVER, name: str = "thing"
) -> Path:
    (folder / "server").mkdir(parents=True)
    (folder / "package.py").write_text(f"name = {name!r}\nversion = {version!r}\n")
    (folder / "server" / "__init__.py").write_text(server)
    (folder / "server" / "parts.py").write_text(f"NAME = 'part {version}'\n")
    (folder / "helperfile.py").write_text(f"NAME = 'helper {version}'\n")
    return folder


def test_versions_live_side_by_side(tmp_path: Path) -> None:
    folders = [write_addon(tmp_path / v, v) for v in ("1.0.0", "1.1.0-dev")]
    library = AddonLibrary(folders)
    values = {addon.version: addon.values for addon in library}
    assert values == {
        version: (f"part {version}", f"part {version}", f"helper {version}")
        for version in ("1.0.0", "1.1.0-dev")
    }
    assert library.addons["thing"].latest.version == "1.1.0-dev"
    assert "helperfile" not in sys.modules


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("", "exactly one"),
        ("import nowhere", "cannot be imported: ModuleNotFoundError"),
        (f"{SERVER}\nclass Other(Addon): pass\n", "exactly one"),
    ],
)
def test_unfit_server_module_is_refused(
    tmp_path: Path, server: str, reason: str
) -> None:
    with pytest.raises(AddonLoadError, match=reason):
        AddonLibrary([write_addon(tmp_path / "a", server=server, name="odd")])


def test_version_must_be_semantic(tmp_path: Path) -> None:
    with pytest.raises(AddonLoadError, match="not a semantic version"):
        AddonLibrary([write_addon(tmp_path / "a", "1.0")])


def test_same_version_twice_is_refused(tmp_path: Path) -> None:
    folders = [write_addon(tmp_path / name, "3.0.0") for name in "ab"]
    with pytest.raises(AddonLoadError, match="already loaded"):
        AddonLibrary(folders)


def test_folder_without_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AddonLoadError, match=r"package\.py"):
        AddonLibrary([tmp_path])


def test_zip_is_unpacked_to_name_and_version(tmp_path: Path) -> None:
    archive = tmp_path / "thing.zip"
    source = write_addon(tmp_path / "source", "2.0.0")
    with zipfile.ZipFile(archive, "w") as content:
        for path in source.rglob("*.py"):
            content.write(path, path.relative_to(source))
    for _ in range(2):
        target = unpack_addon(archive, tmp_path / "addons")
        assert target == tmp_path / "addons" / "thing" / "2.0.0"
        assert (target / "server" / "parts.py").is_file()


def test_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_text("no zip")
    with pytest.raises(AddonLoadError, match="cannot be read as a zip"):
        unpack_addon(path, tmp_path / "addons")


def test_versions_are_ordered_as_semver_says() -> None:
    mixed = ["1.10.0", "1.0.0-rc.10", "1.2.0", "1.0.0", "1.0.0-rc.2", "1.0.0-alpha"]
    assert sorted(mixed, key=version_key) == [
        "1.0.0-alpha",
        "1.0.0-rc.2",
        "1.0.0-rc.10",
        "1.0.0",
        "1.2.0",
        "1.10.0",
    ]
