"""Sources that change while a batch of small files goes to an SFTP server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ayon_sitesync.errors import MissingSourceError, RetryableError, TransferError
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.batch import copy_batch, is_batched
from ayon_sitesync.transfer.batch_job import BatchJob
from ayon_sitesync.transfer.copy_result import CopyResult
from ayon_sitesync.work import TransferFile

from tests.support.sshd import Sshd

SIZE = 1000
NAMES = ("a.exr", "b.exr", "c.exr")
READ, LOOK_AGAIN, WRITE = 3, 4, 6
"""Steps of a batch in their order, by the number of ticks before them."""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The disk's and the server's."""
    found = tmp_path / "disk", tmp_path / "server"
    for folder in found:
        folder.mkdir()
    return found


@pytest.fixture
def ends(folders: tuple[Path, Path], tmp_path: Path) -> Iterator[list[Provider]]:
    with Sshd(tmp_path / "sshd") as sshd:
        state = str(tmp_path / "state")
        yield [
            make_provider(code, SiteConfig("site", {"work": str(root)}, *rest))
            for code, root, rest in (
                ("local_drive", folders[0], ("linux", "beef")),
                ("sftp", folders[1], ("linux", "beef", sshd.settings, state)),
            )
        ]


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def rewrite(path: Path) -> None:
    path.write_bytes(os.urandom(SIZE))
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    """As an application that writes beside and renames."""
    other = path.with_suffix(".new")
    other.write_bytes(os.urandom(SIZE))
    other.rename(path)


Change = Callable[[Path], None]


def bring(
    folders: tuple[Path, Path], ends: list[Provider], change: Change, step: int
) -> tuple[bytes, dict[str, CopyResult | TransferError]]:
    """The content of `b.exr` before it changed, and the outcome of each file."""
    source = folders[0]
    for name in NAMES:
        (source / name).write_bytes(os.urandom(SIZE))
    before = (source / "b.exr").read_bytes()
    ticks = 0

    def tick(moved: int) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == step:
            change(source / "b.exr")

    assert is_batched(*ends)
    jobs = [
        BatchJob(TransferFile(name, f"{{root[work]}}/{name}", SIZE), tick)
        for name in NAMES
    ]
    disk, server = ends
    outcomes = copy_batch(jobs, disk, server, parallel=1)
    return before, dict(zip(NAMES, outcomes, strict=True))


@pytest.mark.parametrize("step", [READ, LOOK_AGAIN])
@pytest.mark.parametrize("change", [grow, rewrite, replace, Path.unlink])
def test_source_that_changes_inside_a_batch_fails_alone(
    change: Change,
    step: int,
    folders: tuple[Path, Path],
    ends: list[Provider],
) -> None:
    _, outcomes = bring(folders, ends, change, step)
    assert isinstance(outcomes["b.exr"], (RetryableError, MissingSourceError))
    assert sorted(path.name for path in folders[1].iterdir()) == ["a.exr", "c.exr"]
    for name in ("a.exr", "c.exr"):
        assert isinstance(outcomes[name], CopyResult)
        assert (folders[1] / name).read_bytes() == (folders[0] / name).read_bytes()


@pytest.mark.parametrize("change", [grow, Path.unlink])
def test_what_changes_after_it_was_proven_is_brought_as_it_was(
    change: Change, folders: tuple[Path, Path], ends: list[Provider]
) -> None:
    before, outcomes = bring(folders, ends, change, WRITE)
    result = outcomes["b.exr"]
    assert isinstance(result, CopyResult)
    assert (result.size, result.moved) == (SIZE, True)
    assert (folders[1] / "b.exr").read_bytes() == before
