"""What limits and faults of sites do to an agent's work, and what it tells of them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from ayon_sitesync.errors import TransferError
from ayon_sitesync.providers.base import NewFile
from ayon_sitesync.providers.local_drive import LocalDriveProvider
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits, read_limits
from ayon_sitesync.transfer.agent import REQUEST_SECONDS, Agent
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.work import SYNCED

from tests.unit.client.disks import MIB
from tests.unit.client.memory_server import EPOCH, FakeClock
from tests.unit.client.test_agent import IDLE_SECONDS, OWN_SITE, Bench, StudioSites

WAIT_SECONDS = 20
DAY_SECONDS = 24 * 3600.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def close_now(clock: FakeClock) -> SiteLimits:
    """A timetable that pauses until the end of the hour."""
    hour = datetime.fromtimestamp(clock.wall_time()).hour
    window = {"start": f"{hour:02}:00", "end": f"{hour + 1:02}:00", "paused": True}
    return read_limits({"timetable": [window]})


def turn(bench: Bench, agent: Agent, times: int = 2) -> None:
    """Let the agent talk to the server so often."""
    for _ in range(times):
        bench.clock.seconds += REQUEST_SECONDS
        agent.step()


class OpenForASecond(StudioSites):
    """Slow for the first second, then closed."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.disks)
        self._clock = bench.clock
        self._end = bench.clock.seconds + 1.0

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        if self._clock.seconds < self._end:
            return SiteLimits(bytes_per_second=MIB)
        return close_now(self._clock)


# --- time windows ---------------------------------------------------------------------


def test_closed_site_gives_work_back_and_takes_it_again_when_it_opens(
    bench: Bench,
) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    bench.sites.limits["studio"] = close_now(bench.clock)
    agent = bench.make_agent()
    turn(bench, agent, 3)
    row = bench.server.rows[key]
    assert (row.leases_given, row.lease_token) == (1, None)
    assert (row.results, row.attempts) == ({}, {})
    leases = row.leases_given
    turn(bench, agent)
    assert row.leases_given == leases, "work was asked for that may not be done"
    bench.clock.seconds += 3600
    turn(bench, agent)
    assert bench.server.statuses(key) == {"a.exr": SYNCED}


def test_window_that_begins_stops_a_file_under_way(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.mov", content=b"x" * 8 * MIB))
    bench.sites = OpenForASecond(bench)
    turn(bench, bench.make_agent())
    row = bench.server.rows[key]
    assert (row.leases_given, row.lease_token) == (1, None)
    assert (row.results, row.attempts) == ({}, {})
    assert bench.disks.list_files() == []


def test_agent_that_shall_end_says_which_site_is_closed(bench: Bench) -> None:
    bench.server.queue(bench.publish("a.exr"))
    bench.sites.limits["studio"] = close_now(bench.clock)
    assert "site 'studio' in demo: its timetable pauses" in bench.run_once().unfinished


def test_closed_site_is_no_problem(bench: Bench) -> None:
    bench.server.queue(bench.publish("a.exr"))
    bench.sites.limits["studio"] = close_now(bench.clock)
    bench.run_once()
    assert bench.list_problems() == []
    assert bench.server.health is not None
    assert bench.server.health.problems == ()


# --- files at once --------------------------------------------------------------------


def test_no_more_files_at_once_than_the_site_wants_and_all_are_brought(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [
        bench.server.queue(bench.publish(f"sh{n}/a.exr", f"sh{n}/b.exr"), number=n)
        for n in range(1, 21)
    ]
    bench.sites.limits["studio"] = SiteLimits(parallel_files=2)
    bench.clock = MonotonicClock()
    lock = threading.Lock()
    under_way = most = 0
    target = bench.disks.target
    assert isinstance(target, LocalDriveProvider)
    write_many = target.write_many

    def count(files: Sequence[NewFile]) -> list[TransferError | None]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return write_many(files)
        finally:
            with lock:
                under_way -= 1

    monkeypatch.setattr(target, "write_many", count)
    with ThreadPoolExecutor(8) as pool:
        bench.pool = pool
        bench.run_once()
    for key in keys:
        assert list(bench.server.statuses(key).values()) == [SYNCED, SYNCED]
    assert 1 <= most <= 2


def test_stop_while_a_limit_is_waited_for_is_at_once(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.mov", content=b"x" * 4 * MIB))
    bench.sites.limits["studio"] = SiteLimits(bytes_per_second=1)
    bench.clock = MonotonicClock()
    with ThreadPoolExecutor(1) as pool:
        bench.pool = pool
        agent = bench.make_agent()
        agent.step()
        (run,) = agent._work
        moving = threading.Event()
        while not run.bytes_moved:
            moving.wait(0.001)
        run.cancel()
        assert run.wait_idle(WAIT_SECONDS)
    assert bench.server.statuses(key) == {}
    assert bench.disks.list_parts() == []


# --- free space -----------------------------------------------------------------------


def test_free_space_of_the_settings_is_kept_without_an_attempt(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    free = shutil.disk_usage(bench.disks.target_root).free
    bench.sites.limits[OWN_SITE] = SiteLimits(least_free_bytes=2 * free)
    summary = bench.run_once()
    assert "free some space" in summary.unfinished
    assert bench.server.rows[key].attempts == {}
    assert bench.disks.list_files() == []
    assert bench.server.health is not None
    (problem,) = bench.server.health.problems
    assert (problem.place.site_name, problem.code) == (OWN_SITE, "storage_full")
    assert EPOCH < problem.since <= bench.clock.wall_time()


def test_space_that_was_freed_lets_work_go_on(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    free = shutil.disk_usage(bench.disks.target_root).free
    bench.sites.limits[OWN_SITE] = SiteLimits(least_free_bytes=2 * free)
    agent = bench.make_agent()
    turn(bench, agent)
    bench.sites.limits[OWN_SITE] = NO_LIMITS
    bench.clock.seconds += 300
    turn(bench, agent, 3)
    assert bench.server.statuses(key) == {"a.exr": SYNCED}
    bench.clock.seconds += IDLE_SECONDS
    turn(bench, agent, 1)
    assert bench.server.health is not None
    assert bench.server.health.problems == ()


# --- health ---------------------------------------------------------------------------


def test_speed_is_that_of_the_last_seconds(bench: Bench) -> None:
    bench.server.queue(bench.publish("a.mov", content=b"x" * 4 * MIB))
    agent = bench.make_agent()
    agent.step()
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.health is not None
    assert bench.server.health.bytes_per_second == pytest.approx(4 * MIB, rel=0.2)
    bench.clock.seconds += 60
    agent.step()
    bench.clock.seconds += 60
    agent.step()
    assert bench.server.health.bytes_per_second == 0


# --- the calendar ---------------------------------------------------------------------


class JumpingClock(FakeClock):
    """A calendar that somebody sets by a day, forth and back, while work goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.jump = DAY_SECONDS

    def wall_time(self) -> float:
        self.jump = -self.jump
        return super().wall_time() + self.jump


def test_calendar_that_jumps_changes_nothing(bench: Bench) -> None:
    bench.clock = JumpingClock()
    keys = [
        bench.server.queue(bench.publish(f"{number}.exr"), number=number)
        for number in range(3)
    ]
    broken = bench.sites.broken
    broken["studio"] = "it is away"
    agent = bench.make_agent()
    turn(bench, agent)
    broken.clear()
    bench.clock.seconds += 300
    turn(bench, agent, 3)
    for number, key in enumerate(keys):
        assert bench.server.statuses(key) == {f"{number}.exr": SYNCED}
        assert bench.server.rows[key].attempts == {}
    assert bench.disks.list_files() == ["0.exr", "1.exr", "2.exr"]
