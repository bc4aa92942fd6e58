"""What create_package.py makes, run as a studio's developer runs it.

Most tests build a small tree with files of known names beside the real package.py,
LICENSE and create_package.py; the last ones build the project itself.
"""

import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SMALL_TREE = {
    "server/__init__.py": "class Addon: ...\n",
    "server/sql/state.sql": "SELECT 1;\n",
    "server/sql/.hidden.sql": "no\n",
    "server/.cache/entry": "no\n",
    "server/__pycache__/__init__.cpython-313.pyc": "no\n",
    "server/stale.pyc": "no\n",
    "client/mypy.ini": "no\n",
    "client/pyproject.toml": "[ayon.runtimeDependencies]\n",
    "client/ayon_sitesync/__init__.py": "from .version import __version__\n",
    "client/ayon_sitesync/version.py": "__version__ = 'of the tree'\n",
    "client/ayon_sitesync/resources/icon.png": "\x89PNG\n",
    "client/ayon_sitesync/__pycache__/version.cpython-39.pyc": "no\n",
    "public/logo.svg": "<svg/>\n",
    "docs/index.md": "no\n",
    "tests/test_x.py": "no\n",
    "devhost/app.py": "no\n",
    "frontend/package.json": "{}\n",
    "frontend/package-lock.json": "{}\n",
    "frontend/index.html": "source\n",
    "frontend/src/main.tsx": "source\n",
    "frontend/dist/index.html": "built\n",
    "frontend/dist/assets/main-1a2b.js": "built\n",
}
SERVER_FILES = {
    "LICENSE",
    "frontend/dist/assets/main-1a2b.js",
    "frontend/dist/index.html",
    "package.py",
    "private/client.zip",
    "private/pyproject.toml",
    "public/logo.svg",
    "server/__init__.py",
    "server/sql/state.sql",
}
CLIENT_FILES = {
    "ayon_sitesync/LICENSE",
    "ayon_sitesync/__init__.py",
    "ayon_sitesync/resources/icon.png",
    "ayon_sitesync/version.py",
}

# Stands in for npm: notes how it was called and builds what FAKE_NPM tells it to.
FAKE_NPM = f"""#!{sys.executable}
import os, pathlib, sys
with open("npm-calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
wish = os.environ["FAKE_NPM"]
if wish == "fails":
    sys.exit(7)
if sys.argv[1] == "run" and wish == "builds":
    pathlib.Path("dist").mkdir(exist_ok=True)
    pathlib.Path("dist/index.html").write_text("newly built\\n")
"""


class Tree:
    """A copy of the project to build packages from."""

    def __init__(self, root: Path) -> None:
        self.root = root
        namespace: dict[str, str] = {}
        exec((root / "package.py").read_text(), namespace)
        self.version = namespace["version"]
        self.zip_path = root / f"package/sitesync-{self.version}.zip"

    def run(self, *options: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, self.root / "create_package.py", *options],
            cwd=self.root.parent,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, *options: str, **environment: str) -> Path:
        done = self.run(*options, **environment)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    def refuse(self, code: int, *options: str, **environment: str) -> str:
        """Run, expect `code` and no result, and give the last line said."""
        done = self.run(*options, **environment)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr.splitlines()[-1]

    def state(self) -> dict[str, tuple[str, int]]:
        """Every file with the digest of its content and its time in ns."""
        return {
            path.relative_to(self.root).as_posix(): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_mtime_ns,
            )
            for path in self.root.rglob("*")
            if path.is_file()
        }

    def age_dist(self) -> None:
        """Make the built panel older than its sources."""
        os.utime(self.root / "frontend/dist/index.html", (1, 1))

    def npm_calls(self) -> list[str]:
        calls = self.root / "frontend/npm-calls"
        return calls.read_text().splitlines() if calls.exists() else []


def names(archive: Path | io.BytesIO) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def read(archive: Path, name: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(name)


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }


def copy_root_files(target: Path) -> None:
    for name in ("package.py", "create_package.py", "LICENSE"):
        shutil.copy(ROOT / name, target / name)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "tree"
    root.mkdir()
    copy_root_files(root)
    for name, content in SMALL_TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("latin-1"))
    # Written last in the table above, but be sure on coarse clocks.
    newest = max(path.stat().st_mtime for path in (root / "frontend").rglob("*"))
    os.utime(root / "frontend/dist/index.html", (newest + 1, newest + 1))
    return Tree(root)


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the stand-in is found as npm."""
    folder = tmp_path / "bin"
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(FAKE_NPM)
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


# --- contents ------------------------------------------------------------------------


def test_zip_holds_what_ayon_unpacks_and_nothing_else(tree: Tree) -> None:
    path = tree.build()
    assert path == tree.zip_path
    assert set(names(path)) == SERVER_FILES
    assert read(path, "server/sql/state.sql") == b"SELECT 1;\n"
    assert read(path, "package.py") == (ROOT / "package.py").read_bytes()
    assert read(path, "private/pyproject.toml") == b"[ayon.runtimeDependencies]\n"


def test_client_zip_holds_the_importable_package_with_its_licence(tree: Tree) -> None:
    client = io.BytesIO(read(tree.build(), "private/client.zip"))
    assert set(names(client)) == CLIENT_FILES


def test_version_is_stamped_into_the_package_only(tree: Tree) -> None:
    client = io.BytesIO(read(tree.build(), "private/client.zip"))
    with zipfile.ZipFile(client) as opened:
        namespace: dict[str, str] = {}
        exec(opened.read("ayon_sitesync/version.py"), namespace)
    assert namespace["__version__"] == tree.version
    in_tree = tree.root / "client/ayon_sitesync/version.py"
    assert in_tree.read_text() == SMALL_TREE["client/ayon_sitesync/version.py"]


def test_package_without_public_folder(tree: Tree) -> None:
    shutil.rmtree(tree.root / "public")
    assert set(names(tree.build())) == SERVER_FILES - {"public/logo.svg"}


# --- reproducible --------------------------------------------------------------------


def test_same_input_gives_the_same_bytes_whatever_the_times_and_modes(
    tree: Tree, tmp_path: Path
) -> None:
    first = tree.build().read_bytes()
    other = Tree(Path(shutil.copytree(tree.root, tmp_path / "elsewhere/tree")))
    shutil.rmtree(other.root / "package")
    for path in other.root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IWGRP)
    assert other.build().read_bytes() == first


def test_a_changed_byte_changes_the_package(tree: Tree) -> None:
    first = tree.build().read_bytes()
    (tree.root / "client/ayon_sitesync/resources/icon.png").write_bytes(b"other")
    assert tree.build().read_bytes() != first


def test_members_are_sorted_with_fixed_times_and_modes(tree: Tree) -> None:
    with zipfile.ZipFile(tree.build()) as opened:
        members = opened.infolist()
    assert [member.filename for member in members] == sorted(SERVER_FILES)
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {member.external_attr >> 16 for member in members} == {0o100644}


def test_source_date_epoch_is_the_time_of_all_members(tree: Tree) -> None:
    path = tree.build(SOURCE_DATE_EPOCH="1700000000")
    client = io.BytesIO(read(path, "private/client.zip"))
    for archive in (path, client):
        with zipfile.ZipFile(archive) as opened:
            times = {member.date_time for member in opened.infolist()}
        assert times == {(2023, 11, 14, 22, 13, 20)}


@pytest.mark.parametrize(
    ("epoch", "year"), [("0", 1980), ("999999999999", 2107)], ids=["early", "late"]
)
def test_times_that_a_zip_cannot_hold_are_brought_into_its_range(
    tree: Tree, epoch: str, year: int
) -> None:
    with zipfile.ZipFile(tree.build(SOURCE_DATE_EPOCH=epoch)) as opened:
        assert {member.date_time[0] for member in opened.infolist()} == {year}


def test_building_writes_only_the_output(tree: Tree, tmp_path: Path) -> None:
    before = tree.state()
    tree.build("--output", str(tmp_path / "out"))
    tree.build("--output", str(tmp_path / "out"), "--skip-zip")
    tree.build("--output", str(tmp_path / "out"), "--only-client")
    assert tree.state() == before
    tree.build()
    zip_name = tree.zip_path.relative_to(tree.root).as_posix()
    assert set(tree.state()) - set(before) == {zip_name}


# --- options -------------------------------------------------------------------------


def test_skip_zip_writes_the_folder_that_the_server_loads(
    tree: Tree, tmp_path: Path
) -> None:
    folder = tree.build("--skip-zip", "-o", str(tmp_path / "addons"))
    assert folder == tmp_path / "addons/sitesync" / tree.version
    assert files_below(folder) == SERVER_FILES
    client = io.BytesIO((folder / "private/client.zip").read_bytes())
    assert set(names(client)) == CLIENT_FILES


def test_skip_zip_deletes_what_an_earlier_build_left(
    tree: Tree, tmp_path: Path
) -> None:
    folder = tree.build("--skip-zip", "-o", str(tmp_path))
    (folder / "server/gone.py").write_text("old\n")
    sibling = folder.parent / "1.3.0"
    sibling.mkdir()
    tree.build("--skip-zip", "-o", str(tmp_path))
    assert files_below(folder) == SERVER_FILES
    assert sibling.is_dir()


def test_only_client_writes_the_stamped_code_without_building_the_panel(
    tree: Tree, tmp_path: Path
) -> None:
    tree.age_dist()
    folder = tree.build("--only-client", "-o", str(tmp_path), PATH="")
    assert folder == tmp_path / f"sitesync_{tree.version}"
    assert files_below(folder) == CLIENT_FILES
    assert tree.version in (folder / "ayon_sitesync/version.py").read_text()


def test_output_is_relative_to_where_the_command_is_run(
    tree: Tree, tmp_path: Path
) -> None:
    assert tree.build("-o", "here").parent == tmp_path / "here"


def test_debug_names_each_file(tree: Tree) -> None:
    assert "server/sql/state.sql" in tree.run("--debug").stderr
    assert "server/sql/state.sql" not in tree.run().stderr


def test_only_client_needs_an_output(tree: Tree) -> None:
    assert "--only-client needs --output" in tree.refuse(2, "--only-client")


def test_skip_zip_and_only_client_exclude_each_other(tree: Tree) -> None:
    said = tree.refuse(2, "--skip-zip", "--only-client", "-o", "x")
    assert "--only-client" in said
    assert "--skip-zip" in said


def test_unknown_option_is_named(tree: Tree) -> None:
    assert "--frobnicate" in tree.refuse(2, "--frobnicate")


def test_unknown_platform_for_rclone_is_refused(tree: Tree) -> None:
    said = tree.refuse(2, "--rclone", "linux,amiga")
    assert "'amiga' is no platform; use linux, windows, darwin" in said


@pytest.mark.parametrize("output", ["", " ", "tree/LICENSE", "tree/LICENSE/below"])
def test_output_that_cannot_be_a_folder_is_refused(tree: Tree, output: str) -> None:
    assert "--output" in tree.refuse(2, "-o", output)


@pytest.mark.parametrize("name", ["server", "client/ayon_sitesync", "frontend/dist"])
def test_output_inside_what_is_packaged_is_refused(tree: Tree, name: str) -> None:
    said = tree.refuse(2, "--skip-zip", "-o", f"tree/{name}")
    assert "--output" in said
    assert "lies inside" in said


@pytest.mark.parametrize("value", ["yesterday", "-1", "1.5", "9" * 13])
def test_wrong_source_date_epoch_is_refused(tree: Tree, value: str) -> None:
    assert "SOURCE_DATE_EPOCH" in tree.refuse(2, SOURCE_DATE_EPOCH=value)


@pytest.mark.parametrize(
    "name",
    [
        "LICENSE",
        "package.py",
        "server/__init__.py",
        "client/pyproject.toml",
        "client/ayon_sitesync/__init__.py",
    ],
)
def test_missing_part_is_named(tree: Tree, name: str) -> None:
    (tree.root / name).unlink()
    assert f"{name} is missing" in tree.refuse(1)
    assert not tree.zip_path.exists()


@pytest.mark.parametrize("version", ["1.0", "v1.2.3", "1.2.3 ", "01.2.3", "1.2.3-"])
def test_version_that_ayon_refuses_is_refused(tree: Tree, version: str) -> None:
    package = tree.root / "package.py"
    package.write_text(package.read_text().replace(tree.version, version))
    said = tree.refuse(1)
    assert repr(version) in said


@pytest.mark.parametrize("version", ["1.2.3", "1.2.3-rc.1", "1.3.0+dev"])
def test_version_that_ayon_takes_names_the_package(tree: Tree, version: str) -> None:
    package = tree.root / "package.py"
    package.write_text(package.read_text().replace(tree.version, version))
    assert tree.build().name == f"sitesync-{version}.zip"


def test_missing_version_is_named(tree: Tree) -> None:
    (tree.root / "package.py").write_text('name = "sitesync"\n')
    assert "version is missing" in tree.refuse(1)


# --- panel ---------------------------------------------------------------------------


@pytest.mark.usefixtures("fake_npm")
def test_fresh_panel_is_not_built_again(tree: Tree) -> None:
    tree.build(FAKE_NPM="fails")
    assert tree.npm_calls() == []


@pytest.mark.usefixtures("fake_npm")
@pytest.mark.parametrize("reason", ["missing", "stale", "source deleted"])
def test_panel_is_built_when_needed(tree: Tree, reason: str) -> None:
    if reason == "missing":
        shutil.rmtree(tree.root / "frontend/dist")
    elif reason == "stale":
        tree.age_dist()
    else:
        index = tree.root / "frontend/dist/index.html"
        (tree.root / "frontend/src/main.tsx").unlink()
        deleted = index.stat().st_mtime + 1
        os.utime(tree.root / "frontend/src", (deleted, deleted))
    path = tree.build(FAKE_NPM="builds")
    assert [call.split(" --")[0] for call in tree.npm_calls()] == ["ci", "run build"]
    assert read(path, "frontend/dist/index.html") == b"newly built\n"


@pytest.mark.usefixtures("fake_npm")
def test_failing_build_of_the_panel_stops_the_package(tree: Tree) -> None:
    tree.age_dist()
    said = tree.refuse(1, FAKE_NPM="fails")
    assert "npm ci failed with exit code 7" in said
    assert not tree.zip_path.exists()


@pytest.mark.usefixtures("fake_npm")
def test_build_that_leaves_no_panel_stops_the_package(tree: Tree) -> None:
    shutil.rmtree(tree.root / "frontend/dist")
    said = tree.refuse(1, FAKE_NPM="does nothing")
    assert "frontend/dist/index.html" in said


def test_missing_npm_is_told(tree: Tree, tmp_path: Path) -> None:
    tree.age_dist()
    said = tree.refuse(1, PATH=str(tmp_path))
    assert "npm was not found" in said


# --- the project itself --------------------------------------------------------------


@pytest.fixture(scope="module")
def project_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of this very project, with a stand-in for the built panel."""
    root = tmp_path_factory.mktemp("project")
    copy_root_files(root)
    for name in ("server", "client"):
        shutil.copytree(ROOT / name, root / name)
    (root / "frontend/dist").mkdir(parents=True)
    (root / "frontend/dist/index.html").write_text("built\n")
    return Tree(root).build()


def test_project_package_has_all_tracked_server_and_client_files(
    project_package: Path,
) -> None:
    client = io.BytesIO(read(project_package, "private/client.zip"))
    packaged = {*names(project_package), *(f"client/{name}" for name in names(client))}
    tracked = subprocess.run(
        ["git", "ls-files", "server", "client/ayon_sitesync"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    assert {name for name in tracked if name and (ROOT / name).exists()} <= packaged


def test_packaged_client_tells_its_version(
    project_package: Path, tmp_path: Path
) -> None:
    """The launcher unpacks the client's zip and imports it, package.py is not there."""
    with zipfile.ZipFile(io.BytesIO(read(project_package, "private/client.zip"))) as z:
        z.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from ayon_sitesync.version import __version__; print(__version__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert project_package.name == f"sitesync-{done.stdout.strip()}.zip"
