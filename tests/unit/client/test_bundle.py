"""Small transfers that are brought together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import QuotaError, RetryableError
from ayon_sitesync.providers.base import FileStat
from ayon_sitesync.transfer.bundle import LEAST_BUNDLED, gather_small
from ayon_sitesync.transfer.ends import Surroundings
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.transfer.progress import Progress
from ayon_sitesync.transfer.runner import TransferRun
from ayon_sitesync.transfer.traffic import Traffic
from ayon_sitesync.transfer.workload import Workload
from ayon_sitesync.work import FAILED, GIVEN_BACK, SYNCED, Transfer

from tests.unit.client.disks import MIB, Disks, DiskSites, make_transfer
from tests.unit.client.memory_server import InlineExecutor


def make_many(count: int, **changes: Any) -> list[Transfer]:
    """Transfers of one file each: `0`, `1`, ..."""
    made = [make_transfer(str(number), number=number) for number in range(count)]
    return [replace(transfer, **changes) for transfer in made]


def with_sizes(transfer: Transfer, size: int | None) -> Transfer:
    files = tuple(replace(file, size=size) for file in transfer.files)
    return replace(transfer, files=files)


def list_numbers(bundles: Sequence[Sequence[Transfer]]) -> list[list[int]]:
    return [[int(t.key.representation_id, 16) for t in bundle] for bundle in bundles]


# --- which go together ---------------------------------------------------------------


def test_small_ones_go_together_where_the_first_of_them_was() -> None:
    few = make_many(5)
    few[1] = with_sizes(few[1], 5 * MIB)
    few[3] = with_sizes(few[3], None)
    assert list_numbers(gather_small(few)) == [[0, 2, 4], [1], [3]]


def test_many_are_shared_by_several_workers() -> None:
    bundles = gather_small(make_many(100))
    assert [len(bundle) for bundle in bundles] == [25] * 4
    bundles = gather_small(make_many(2 * LEAST_BUNDLED))
    assert [len(bundle) for bundle in bundles] == [LEAST_BUNDLED] * 2
    bundles = gather_small(make_many(1000))
    assert [len(bundle) for bundle in bundles] == [128] * 7 + [104]


def test_no_bundle_is_more_than_a_batch_may_hold() -> None:
    large = [with_sizes(one, MIB) for one in make_many(100)]
    assert {len(bundle) for bundle in gather_small(large)} == {4}


def test_routes_and_sequences_are_apart() -> None:
    few = make_many(4)
    few[1] = replace(few[1], source_site="nearline")
    few[3] = make_transfer(*map(str, range(17)), number=3)
    assert list_numbers(gather_small(few)) == [[0, 2], [1], [3]]


def test_two_that_bring_the_same_path_are_apart() -> None:
    same = [make_transfer("a.exr", number=number) for number in range(3)]
    assert list_numbers(gather_small(same)) == [[0], [1], [2]]


# --- what becomes of them ------------------------------------------------------------


class Together:
    """A workload of three transfers that are one bundle, on two disks."""

    COUNT = 3

    def __init__(self, base: Path) -> None:
        self.disks = Disks(base)
        for number in range(self.COUNT):
            self.disks.write(str(number), b"frame")
        self.pool = InlineExecutor(at_once=False)
        sites = DiskSites(self.disks)
        traffic = Traffic(sites.find_limits, MonotonicClock(), "studio")
        self.work = Workload(Surroundings(sites, traffic, Progress()), self.pool)

    def start(self) -> list[TransferRun]:
        self.work.start(make_many(self.COUNT), 60.0, 0.0, lambda: None)
        return list(self.work)

    def run(self) -> list[TransferRun]:
        runs = self.start()
        self.finish()
        return runs

    def finish(self) -> None:
        while not self.work.is_drained:
            self.pool.run_next()

    def list_statuses(self, runs: Sequence[TransferRun]) -> list[list[int]]:
        """By transfer, of those whose reports say that they are over."""
        reports = [run.take_report() for run in runs]
        return [
            [f.status for f in report.files] for report in reports if report.finished
        ]


@pytest.fixture
def together(tmp_path: Path) -> Together:
    return Together(tmp_path)


def count_looks(together: Together, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    looks: list[bool] = []
    check = together.disks.target.check_health

    def check_health(roots: set[str], *, writable: bool) -> None:
        looks.append(writable)
        check(roots, writable=writable)

    monkeypatch.setattr(together.disks.target, "check_health", check_health)
    return looks


def test_all_are_brought_after_one_look_at_the_sites(
    together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = count_looks(together, monkeypatch)
    assert together.list_statuses(together.run()) == [[SYNCED]] * 3
    assert together.disks.list_files() == ["0", "1", "2"]
    assert looks == [True]


def test_one_that_is_missing_fails_alone(together: Together) -> None:
    (together.disks.source_root / "1").unlink()
    runs = together.run()
    assert together.list_statuses(runs) == [[SYNCED], [FAILED], [SYNCED]]
    [outcome] = runs[1].outcomes.values()
    assert outcome.error_class == "missing_source"


@pytest.mark.parametrize("stop", [0, 1, 2])
def test_one_that_is_stopped_on_the_way_stops_no_other(
    together: Together, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    runs = together.start()
    write = together.disks.target.write_many

    def write_many(files: Sequence[Any]) -> Any:
        runs[stop].cancel()
        return write(files)

    monkeypatch.setattr(together.disks.target, "write_many", write_many)
    together.finish()
    others = [run for run in runs if run is not runs[stop]]
    assert together.list_statuses(others) == [[SYNCED], [SYNCED]]
    assert (runs[stop].outcomes, runs[stop].is_idle) == ({}, True)
    assert runs[stop].take_report().finished is False


def test_all_that_were_stopped_before_leave_nothing(together: Together) -> None:
    runs = together.start()
    together.work.cancel()
    together.finish()
    assert [run.outcomes for run in runs] == [{}] * 3
    assert together.disks.list_files() == []


def test_those_of_a_site_that_is_lost_are_given_back(
    together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stat_many(paths: Sequence[str]) -> list[FileStat]:
        root = together.disks.target_root
        root.rename(root.with_name("away"))
        raise RetryableError("No answer.")

    monkeypatch.setattr(together.disks.source, "stat_many", stat_many)
    runs = together.run()
    assert together.list_statuses(runs) == [[GIVEN_BACK]] * 3
    assert all(run.fault is not None for run in runs)
    assert len(list(together.work.list_faults())) == 3


def test_those_of_a_root_that_is_not_there_are_given_back(together: Together) -> None:
    together.disks.target_root.rmdir()
    assert together.list_statuses(together.run()) == [[GIVEN_BACK]] * 3
    assert not together.disks.target_root.exists()


def test_quota_tells_every_one_when_to_try_again(
    together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stat_many(paths: Sequence[str]) -> list[FileStat]:
        raise QuotaError("Slow down.", retry_after=30)

    monkeypatch.setattr(together.disks.source, "stat_many", stat_many)
    outcomes = [o for run in together.run() for o in run.outcomes.values()]
    assert [(o.error_class, o.retry_after) for o in outcomes] == [("quota", 30)] * 3


def fail_unexpectedly(*args: Any, **kwargs: Any) -> Any:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda disks, patch: patch.setattr(disks.target, "locate", fail_unexpectedly),
        lambda disks, patch: patch.setattr(
            disks.source, "check_health", fail_unexpectedly
        ),
    ],
    ids=["on the way", "at the look at the site"],
)
def test_unexpected_error_is_told_of_each(
    together: Together,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Disks, pytest.MonkeyPatch], None],
) -> None:
    spoil(together.disks, monkeypatch)
    runs = together.run()
    assert together.list_statuses(runs) == [[FAILED]] * 3
    messages = {o.message for run in runs for o in run.outcomes.values()}
    assert messages == {"Unexpected OSError; the agent's log says where"}


def test_each_runs_for_itself_where_the_sites_take_no_batches(
    together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    for disk in (together.disks.source, together.disks.target):
        single = replace(disk.capabilities, batches=False)
        monkeypatch.setattr(disk, "capabilities", single)
    assert together.list_statuses(together.run()) == [[SYNCED]] * 3
