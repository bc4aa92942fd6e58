"""The demo's main path with what ships: server, panel and client out of the zip."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import urllib.request
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console

from devhost.demo import Demo, Roots
from devhost.process import DevhostProcess

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def addon_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("package")
    subprocess.run(
        [sys.executable, "create_package.py", "--output", str(output)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (archive,) = output.glob("sitesync-*.zip")
    return archive


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for frame in range(1001, 1011):
        (folder / f"beauty.{frame}.exr").write_bytes(os.urandom(40_000))
    (folder / "review.mov").write_bytes(os.urandom(20_000_000))
    return folder


def test_files_published_with_the_addon_from_its_zip_arrive_verified(
    addon_zip: Path, source: Path, tmp_path: Path
) -> None:
    console = Console(file=io.StringIO())
    with ExitStack() as stack:
        devhost = stack.enter_context(
            DevhostProcess(tmp_path / "server", f"--addon-zip={addon_zip}")
        )
        client_dir = download_client(devhost, tmp_path / "client")
        roots = Roots.make(tmp_path / "sites")
        demo = Demo(devhost, roots, console, client_dir)
        demo.configure()
        demo.publish(source)
        demo.start_agents(stack)
        demo.follow()
        demo.compare()

    arrived = sorted(path.name for path in roots.artist.rglob("*") if path.is_file())
    assert arrived == sorted(path.name for path in source.iterdir())


def download_client(devhost: DevhostProcess, target: Path) -> Path:
    """Unpack the client as a launcher does: from the addon's private files."""
    version = devhost.addon_url.rsplit("/", 1)[1]
    request = urllib.request.Request(
        f"{devhost.url}/addons/sitesync/{version}/private/client.zip",
        headers={"X-Api-Key": devhost.admin_key},
    )
    with urllib.request.urlopen(request) as response:
        content = response.read()
    zipfile.ZipFile(io.BytesIO(content)).extractall(target)
    return target
