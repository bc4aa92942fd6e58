"""Very many files, very long names, and names that Unicode writes in two ways."""

from __future__ import annotations

import resource
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.agent_config import THREADS
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.work import FAILED, SYNCED

from tests.support.sshd import Sshd
from tests.unit.client.disks import MIB
from tests.unit.client.test_agent import OWN_SITE, Bench

DESCRIPTORS = 256
"""What macOS gives a process."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def bring_all(bench: Bench, count: int) -> None:
    """Single files, sequences and large files at once, on real threads."""
    names = [f"seq/f.{number:05}.exr" for number in range(count)]
    keys = [bench.server.queue(bench.publish(*names), number=1)]
    keys += [
        bench.server.queue(bench.publish(f"one/{number}.exr"), number=number)
        for number in range(2, 100)
    ]
    large = bench.publish("a.mov", "b.mov", content=b"x" * (2 * MIB))
    keys.append(bench.server.queue(large, number=100))
    bench.clock = MonotonicClock()
    with ThreadPoolExecutor(THREADS) as pool:
        bench.pool = pool
        summary = bench.run_once()
    assert (summary.failed_files, summary.unfinished) == (0, "")
    for key in keys:
        assert set(bench.server.statuses(key).values()) == {SYNCED}


@pytest.mark.usefixtures("few_descriptors")
def test_thousands_of_files_between_disks_with_few_descriptors(bench: Bench) -> None:
    bring_all(bench, 3000)


@pytest.mark.usefixtures("few_descriptors")
def test_many_files_to_a_server_with_few_descriptors(
    bench: Bench, tmp_path: Path
) -> None:
    root = tmp_path / "nas"
    root.mkdir()
    with Sshd(tmp_path / "sshd") as server:
        config = SiteConfig(
            *(OWN_SITE, {"work": str(root)}, current_platform(), "beef"),
            *(server.settings, str(tmp_path / "state")),
        )
        bench.sites.replace(OWN_SITE, make_provider("sftp", config))
        bring_all(bench, 1000)
    assert sum(path.is_file() for path in root.rglob("*")) == 1100


def test_long_paths_are_brought_and_long_names_say_so(bench: Bench) -> None:
    deep = "/".join(["a" * 60] * 8) + "/f.exr"
    longest = "n" * 251 + ".exr"
    too_long = "n" * 252 + ".exr"
    wide = "界" * 86  # 258 bytes in 86 characters
    names = bench.publish(deep, longest)
    key = bench.server.queue([*names, *bench.describe(too_long, wide)])
    bench.run_once()
    assert bench.server.statuses(key) == {
        deep: SYNCED,
        longest: SYNCED,
        too_long: FAILED,
        wide: FAILED,
    }
    for name in (too_long, wide):
        result = bench.server.rows[key].results[name]
        assert result.error_class == "permanent"
        assert "too long" in result.message
    assert sorted(bench.disks.list_files()) == sorted([deep, longest])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_keep_the_form_in_which_they_were_published(
    bench: Bench, form: str
) -> None:
    """Two forms are two files here; each is brought as the database names it."""
    name = unicodedata.normalize(form, "Übung/plâte {v}.exr")
    key = bench.server.queue(bench.publish(name))
    bench.run_once()
    assert bench.server.statuses(key) == {name: SYNCED}
    assert bench.disks.list_files() == [name]


def test_name_in_the_other_form_is_missing_and_not_mistaken(bench: Bench) -> None:
    there, named = (unicodedata.normalize(f, "plâte.exr") for f in ("NFD", "NFC"))
    bench.publish(there)
    key = bench.server.queue(bench.describe(named))
    bench.run_once()
    result = bench.server.rows[key].results[named]
    assert (result.status, result.error_class) == (FAILED, "missing_source")
    assert bench.disks.list_files() == []
