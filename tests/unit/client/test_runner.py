"""One transfer in the hands of an agent."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from ayon_sitesync.errors import QuotaError, RetryableError, SiteUnhealthyError
from ayon_sitesync.providers.base import FileStat
from ayon_sitesync.site_limits import SiteLimits
from ayon_sitesync.transfer import resume, workload
from ayon_sitesync.transfer.ends import Ends, Surroundings
from ayon_sitesync.transfer.journal import KEPT_SECONDS, Checkpoint, Journal
from ayon_sitesync.transfer.lease import Lease
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.transfer.progress import Progress
from ayon_sitesync.transfer.runner import TransferRun
from ayon_sitesync.transfer.traffic import Traffic
from ayon_sitesync.work import GIVEN_BACK, TransferFile, TransferKey

from tests.unit.client.disks import MIB, Disks, DiskSites, make_transfer

WAIT_SECONDS = 20.0


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    return Disks(tmp_path)


@pytest.fixture
def surroundings(disks: Disks) -> Surroundings:
    sites = DiskSites(disks)
    traffic = Traffic(sites.find_limits, MonotonicClock(), "studio")
    return Surroundings(sites, traffic, Progress())


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def run_to_end(
    surroundings: Surroundings, pool: ThreadPoolExecutor, *names: str
) -> TransferRun:
    run = TransferRun(make_transfer(*names), Lease("1" * 32, 60, 0), surroundings, 0)
    run.start(pool, lambda: None)
    assert run.wait_idle(WAIT_SECONDS)
    return run


def test_no_file_passes_the_look_at_a_site_that_another_file_found_missing(
    disks: Disks, surroundings: Surroundings
) -> None:
    """Two workers may be at this point at once, before the fault is known to all."""
    disks.write("a.exr", b"frame")
    disks.target_root.rmdir()
    ends = Ends([make_transfer("a.exr")], surroundings)
    for _ in range(2):
        with pytest.raises(SiteUnhealthyError, match="is not there"):
            ends.open()


@pytest.mark.parametrize("names", [["a.exr"], ["a.exr", "b.exr"]], ids=["one", "many"])
def test_transfer_ends_when_the_look_at_the_site_after_an_error_fails(
    disks: Disks,
    surroundings: Surroundings,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
) -> None:
    disks.write("z.exr", b"there")
    looks: list[str] = []
    check = disks.target.check_health

    def check_health(roots: set[str], *, writable: bool) -> None:
        looks.append("look")
        if len(looks) > 1:
            raise OSError(5, "Input/output error")
        check(roots, writable=writable)

    monkeypatch.setattr(disks.target, "check_health", check_health)
    run = run_to_end(surroundings, pool, *names)
    assert {o.error_class for o in run.outcomes.values()} == {"missing_source"}
    assert run.take_report().finished
    assert len(looks) > 1


def test_error_in_the_report_of_an_error_still_counts_the_file(
    disks: Disks,
    surroundings: Surroundings,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disks.write("z.exr", b"there")

    def find_fault(ends: Ends) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Ends, "find_fault", find_fault)
    run = run_to_end(surroundings, pool, "a.exr")
    [outcome] = run.outcomes.values()
    assert (outcome.error_class, run.take_report().finished) == ("retryable", True)
    assert outcome.message == "Unexpected OSError; the agent's log says where"


def test_quota_of_a_whole_batch_tells_every_file_when_to_try_again(
    disks: Disks,
    surroundings: Surroundings,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in "ab":
        disks.write(name, b"frame")

    def stat_many(paths: Sequence[str]) -> list[FileStat]:
        assert len(paths) == 2
        raise QuotaError("Slow down.", retry_after=30)

    monkeypatch.setattr(disks.source, "stat_many", stat_many)
    run = run_to_end(surroundings, pool, "a", "b")
    told = [(o.error_class, o.retry_after, o.message) for o in run.outcomes.values()]
    assert told == [("quota", 30, "Slow down.")] * 2


def test_batch_of_a_site_that_is_lost_is_given_back(
    disks: Disks,
    surroundings: Surroundings,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in "ab":
        disks.write(name, b"frame")

    def stat_many(paths: Sequence[str]) -> list[FileStat]:
        disks.target_root.rename(disks.target_root.with_name("away"))
        raise RetryableError("No answer.")

    monkeypatch.setattr(disks.source, "stat_many", stat_many)
    run = run_to_end(surroundings, pool, "a", "b")
    assert {o.status for o in run.outcomes.values()} == {GIVEN_BACK}
    assert run.fault is not None


def test_storage_that_keeps_limits_by_itself_keeps_to_those_of_the_disk_too(
    disks: Disks, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its bytes would be on their way long before they may."""
    limits = {"studio": 5_000_000.0, "brisk-amber-fox": 8_000_000.0}
    traffic = Traffic(
        lambda project, site: SiteLimits(bytes_per_second=limits[site]),
        MonotonicClock(),
        "studio",
    )
    disks.write("z.exr", b"there")
    rates: list[float | None] = []
    able = replace(disks.target.capabilities, limits_bandwidth=True)
    monkeypatch.setattr(disks.target, "capabilities", able)
    monkeypatch.setattr(disks.target, "set_bandwidth", rates.append, raising=False)
    ends = Ends([make_transfer("z.exr")], replace(surroundings, traffic=traffic))
    ends.pace(5, threading.Event())
    assert set(rates) == {5_000_000.0}


class StopAt(Progress):
    """Acts once so many bytes have moved."""

    def __init__(self, moved: int, act: Callable[[], None]) -> None:
        super().__init__()
        self._at, self._act = moved, act

    def add(
        self, *, transfers: int = 0, files: int = 0, failed: int = 0, moved: int = 0
    ) -> None:
        super().add(transfers=transfers, files=files, failed=failed, moved=moved)
        if moved and self.snapshot().bytes_moved >= self._at:
            self._act()


@pytest.mark.parametrize("goes_on", [True, False])
def test_large_file_that_is_stopped_for_now_is_gone_on_with(
    disks: Disks,
    surroundings: Surroundings,
    pool: ThreadPoolExecutor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    goes_on: bool,
) -> None:
    monkeypatch.setattr(resume, "RESUME_BYTES", MIB)
    content = os.urandom(8 * MIB)
    disks.write("a.mov", content)
    file = TransferFile("f1", "{root[work]}/a.mov", len(content))
    transfer = replace(make_transfer(), files=(file,))
    journal = Journal(tmp_path / "journal")

    def run(act: Callable[[], None]) -> TransferRun:
        shared = replace(surroundings, journal=journal, progress=StopAt(6 * MIB, act))
        made = TransferRun(transfer, Lease("1" * 32, 60, 0), shared, 0)
        runs.append(made)
        made.start(pool, lambda: None)
        assert made.wait_idle(WAIT_SECONDS)
        return made

    runs: list[TransferRun] = []
    stopped = run(lambda: runs[0].cancel(goes_on=goes_on))
    assert (stopped.outcomes, len(disks.list_parts())) == ({}, int(goes_on))
    finished = run(lambda: None)
    assert finished.bytes_moved == (len(content) - 5 * MIB if goes_on else len(content))
    assert (disks.target_root / "a.mov").read_bytes() == content
    assert (disks.list_parts(), journal.list_tokens()) == ([], frozenset())


def test_a_stop_waits_for_all_together_and_for_none_that_has_not_begun(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    waits: list[float] = []

    def wait_idle(run: TransferRun, seconds: float) -> bool:
        nonlocal now
        waits.append(seconds)
        now += 15.0
        return False

    monkeypatch.setattr(workload, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(TransferRun, "wait_idle", wait_idle)
    ended = ThreadPoolExecutor(1)
    ended.shutdown()
    work = workload.Workload(surroundings, ended)
    for number in range(3):
        key = TransferKey("demo", f"{number:032x}", "brisk-amber-fox")
        work.start([replace(make_transfer("a"), key=key)], 60.0, 0.0, lambda: None)
    work.cancel()
    work.wait_idle()
    assert waits == []
    monkeypatch.setattr(TransferRun, "is_under_way", True)
    work.wait_idle()
    assert waits == [20.0, 5.0, 0.0]


def test_checkpoint_that_nobody_came_back_to_is_dropped(tmp_path: Path) -> None:
    kept = Journal(tmp_path)
    for key in ("old", "in-use", "new"):
        kept.write(key, Checkpoint(f"part of {key}", 5, {}, "source"))
    long_ago = time.time() - KEPT_SECONDS - 60
    for key in ("old", "in-use"):
        os.utime(tmp_path / f"{key}.json", (long_ago, long_ago))
    assert kept.begin("in-use")
    assert kept.list_tokens() == {"part of in-use", "part of new"}
    assert kept.read("old") is None
