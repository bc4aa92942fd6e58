"""A studio's own provider whose connection is cut, and whose agent dies on the way.

Such a provider writes under the final name itself. Whatever becomes of it: nothing is
told to be there that is not, no disk of ours gets half a file, and the next run ends
with everything in its place.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.adapter import AdaptedProvider
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.work import FAILED, SYNCED, TransferFile, TransferKey

from tests.support.sample_provider import FolderProvider
from tests.unit.client.disks import MIB
from tests.unit.client.memory_server import MemoryServer
from tests.unit.client.test_agent import Bench

OWN_SITE, STUDIO = "brisk-amber-fox", "studio"
CONTENTS = {"sh010/plate.mov": os.urandom(3 * MIB), "sh010/a.exr": os.urandom(40_000)}
DAY_SECONDS = 24 * 3600


class Link:
    """What the provider copies files with; may be cut in the middle of a file."""

    def __init__(self) -> None:
        self.cuts = 0

    def copy(self, source: str | Path, target: str | Path) -> None:
        content = Path(source).read_bytes()
        if not self.cuts:
            Path(target).write_bytes(content)
            return
        self.cuts -= 1
        Path(target).write_bytes(content[: len(content) // 2])
        raise ConnectionResetError("the connection was reset")


class Case:
    """An agent, a disk, and a provider of others at one end."""

    def __init__(self, base: Path, link: Link) -> None:
        self.link = link
        self.bench = Bench(base / "bench")
        self.bench.server = MemoryServer()
        self.folder = base / "shelf"
        self.root = self.folder / "projects"
        self.root.mkdir(parents=True)
        self.disk = self.bench.disks.target_root

    def place_custom(self, site_name: str) -> None:
        """Another provider for the site, as another process has."""
        settings = {"folder": str(self.folder)}
        config = SiteConfig(site_name, {}, current_platform(), "beef", settings)
        self.bench.sites.replace(site_name, AdaptedProvider(FolderProvider, config))

    def queue(self) -> TransferKey:
        return self.bench.server.queue(
            [
                TransferFile(name, f"{{root[work]}}/{name}", len(content))
                for name, content in CONTENTS.items()
            ]
        )

    def restart(self, key: TransferKey, site_name: str) -> None:
        """A new agent, to which the server gives what is left."""
        row = self.bench.server.rows[key]
        statuses = self.bench.server.statuses(key)
        row.waiting = [name for name in CONTENTS if statuses.get(name) != SYNCED]
        row.attempts.clear()
        self.place_custom(site_name)
        self.bench.run_once()
        assert set(self.bench.server.statuses(key).values()) == {SYNCED}

    def list_shelf(self) -> dict[str, bytes]:
        return read_all(self.root)


def read_all(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def write_all(root: Path) -> None:
    for name, content in CONTENTS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    link = Link()
    monkeypatch.setattr("tests.support.sample_provider.shutil.copyfile", link.copy)
    return Case(tmp_path, link)


def test_connection_cut_in_an_upload_leaves_no_half_file(case: Case) -> None:
    write_all(case.bench.disks.source_root)
    case.place_custom(OWN_SITE)
    key = case.queue()
    case.link.cuts = 1
    case.bench.run_once()
    assert FAILED in case.bench.server.statuses(key).values()
    for name, content in case.list_shelf().items():
        assert content == CONTENTS[name]
    case.restart(key, OWN_SITE)
    assert case.list_shelf() == CONTENTS


def test_half_file_of_an_agent_that_died_is_replaced(case: Case) -> None:
    write_all(case.bench.disks.source_root)
    case.place_custom(OWN_SITE)
    key = case.queue()
    for name, content in CONTENTS.items():
        (case.root / name).parent.mkdir(exist_ok=True)
        (case.root / name).write_bytes(content[: len(content) // 2])
    case.restart(key, OWN_SITE)
    assert case.list_shelf() == CONTENTS


def test_connection_cut_in_a_download_brings_no_half_file(case: Case) -> None:
    write_all(case.root)
    case.place_custom(STUDIO)
    key = case.queue()
    case.link.cuts = 1
    case.bench.run_once()
    assert FAILED in case.bench.server.statuses(key).values()
    for name, content in read_all(case.disk).items():
        assert content == CONTENTS[name]
    case.restart(key, STUDIO)
    assert read_all(case.disk) == CONTENTS


def test_file_whose_time_nobody_knows_is_as_old_as_its_copy(case: Case) -> None:
    """Providers of the existing addon do not tell a time: 1970 is none."""
    write_all(case.root)
    case.place_custom(STUDIO)
    key = case.queue()
    case.restart(key, STUDIO)
    for name in CONTENTS:
        assert (case.disk / name).stat().st_mtime > time.time() - DAY_SECONDS
