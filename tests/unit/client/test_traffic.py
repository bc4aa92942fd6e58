"""What limits let through: bytes by time, files at once, room on the target."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from ayon_sitesync.errors import SiteClosedError, SiteUnhealthyError
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits, read_limits
from ayon_sitesync.transfer.traffic import LOOK_SECONDS, Passage, Traffic
from ayon_sitesync.work import UnusableSite

from tests.unit.client.memory_server import FakeClock

NAS, CLOUD = UnusableSite("demo", "nas"), UnusableSite("demo", "cloud")
MB = 1_000_000


class Watched:
    """Limits by site name, which a test may change."""

    def __init__(self, **limits: SiteLimits) -> None:
        self.clock = FakeClock()
        self.limits = limits
        self.traffic = Traffic(
            lambda _, site: self.limits.get(site, NO_LIMITS), self.clock, "own"
        )

    def move(self, moved: int, place: UnusableSite = NAS) -> float:
        """Move some bytes and wait as told; the seconds that were waited."""
        started_at = self.clock.seconds
        delay = self.traffic.charge(place, moved)
        while delay > 0:
            self.traffic.wait(threading.Event(), delay)
            delay = self.traffic.charge(place, 0)
        return self.clock.seconds - started_at

    def enter(
        self, *places: UnusableSite, retry: Callable[[], object] = lambda: None
    ) -> Passage | None:
        return self.traffic.enter(places, retry)

    def pass_look(self) -> None:
        """Wait until limits are looked up again."""
        self.clock.seconds += LOOK_SECONDS


def at_now(clock: FakeClock, **window: Any) -> dict[str, Any]:
    """A timetable with one window around the present hour."""
    now = datetime.fromtimestamp(clock.wall_time())
    start = f"{now.hour:02}:00"
    return {"timetable": [{"start": start, "end": f"{now.hour + 1:02}:00", **window}]}


# --- how fast -------------------------------------------------------------------------


def test_bytes_are_let_through_at_the_rate_of_the_settings() -> None:
    watched = Watched(nas=SiteLimits(bytes_per_second=MB))
    waited = sum(watched.move(500_000) for _ in range(20))
    assert waited == pytest.approx(10, rel=0.05)


def test_threads_share_one_rate() -> None:
    watched = Watched(nas=SiteLimits(bytes_per_second=MB))
    assert watched.traffic.charge(NAS, MB) == pytest.approx(1)
    assert watched.traffic.charge(NAS, MB) == pytest.approx(2)


def test_projects_share_a_site_whose_limits_are_the_same() -> None:
    watched = Watched(nas=SiteLimits(bytes_per_second=MB))
    watched.traffic.charge(NAS, MB)
    assert watched.traffic.charge(UnusableSite("moon", "nas"), MB) == pytest.approx(2)


def test_pause_is_not_followed_by_a_burst() -> None:
    watched = Watched(nas=SiteLimits(bytes_per_second=MB))
    watched.move(MB)
    watched.clock.seconds += 3600
    assert watched.move(10 * MB) == pytest.approx(10, rel=0.05)


def test_another_rate_counts_for_files_under_way() -> None:
    watched = Watched(nas=SiteLimits(bytes_per_second=MB))
    assert watched.move(10 * MB) == pytest.approx(10, rel=0.05)
    watched.limits["nas"] = SiteLimits(bytes_per_second=10 * MB)
    watched.pass_look()
    assert watched.move(10 * MB) == pytest.approx(1, abs=0.1)
    watched.limits["nas"] = NO_LIMITS
    watched.pass_look()
    assert watched.move(1000 * MB) == 0


def test_change_ends_a_long_wait() -> None:
    watched = Watched(nas=SiteLimits(bytes_per_second=1))
    delay = watched.traffic.charge(NAS, MB)
    assert delay == pytest.approx(MB)
    watched.limits["nas"] = NO_LIMITS
    watched.traffic.wait(threading.Event(), delay)
    assert watched.traffic.charge(NAS, 0) == 0


def test_next_window_of_a_timetable_changes_the_rate() -> None:
    clock = FakeClock()
    limits = read_limits({**at_now(clock, bandwidth_mb_s=1.0), "bandwidth_mb_s": 10.0})
    watched = Watched(nas=limits)
    assert watched.move(5 * MB) == pytest.approx(5, rel=0.1)
    watched.clock.seconds += 3600
    assert watched.move(5 * MB) == pytest.approx(0.5, abs=0.3)


# --- whether --------------------------------------------------------------------------


def test_closed_site_lets_nothing_through_until_it_opens() -> None:
    clock = FakeClock()
    watched = Watched(nas=read_limits(at_now(clock, paused=True)))
    with pytest.raises(SiteClosedError, match=r"pauses transfers until \w+ \d\d:00"):
        watched.traffic.charge(NAS, 1)
    assert watched.traffic.list_closed() == (NAS,)
    wait = watched.traffic.find_next_opening()
    assert wait is not None
    assert 0 < wait <= 3600
    watched.clock.seconds += wait
    assert watched.traffic.charge(NAS, 1) == 0
    assert watched.traffic.list_closed() == ()
    assert watched.traffic.find_next_opening() is None


@pytest.fixture
def summer_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is where clocks change in March and October."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        # An hour is left out, comes twice, or is the second of the two.
        (datetime(2026, 3, 29, 1, 30), 1.5),
        (datetime(2026, 10, 25, 1, 30), 3.5),
        (datetime(2026, 10, 25, 2, 30), 2.5),
        (datetime(2026, 10, 25, 2, 30, fold=1), 1.5),
        (datetime(2026, 7, 1, 1, 30), 2.5),
    ],
)
@pytest.mark.usefixtures("summer_time")
def test_opening_is_waited_for_by_the_clock_on_the_wall(
    moment: datetime, hours: float
) -> None:
    night = {"start": "22:00", "end": "04:00", "paused": True}
    watched = Watched(nas=read_limits({"timetable": [night]}))
    watched.clock.seconds += moment.timestamp() - watched.clock.wall_time()
    with pytest.raises(SiteClosedError, match="day 04:00"):
        watched.move(1)
    assert watched.traffic.find_next_opening() == hours * 3600
    watched.clock.seconds += hours * 3600
    watched.pass_look()
    assert watched.move(1) == 0.0


def test_site_whose_window_was_removed_is_open_at_once() -> None:
    clock = FakeClock()
    watched = Watched(nas=read_limits(at_now(clock, paused=True)))
    with pytest.raises(SiteClosedError):
        watched.traffic.find_rate(NAS)
    watched.limits.clear()
    watched.pass_look()
    assert watched.traffic.list_closed() == ()


# --- how many at once -----------------------------------------------------------------


def test_no_more_files_at_once_than_the_settings_say() -> None:
    watched = Watched(nas=SiteLimits(parallel_files=2))
    assert watched.enter(NAS, CLOUD)
    assert watched.enter(NAS, CLOUD)
    assert watched.enter(NAS, CLOUD) is None


def test_who_waits_is_called_when_a_file_is_done() -> None:
    watched = Watched(nas=SiteLimits(parallel_files=1))
    called: list[str] = []
    first = watched.enter(NAS)
    assert first is not None
    for name in ("second", "third"):
        assert watched.enter(NAS, retry=lambda name=name: called.append(name)) is None
    watched.traffic.leave(first)
    assert called == ["second"]


def test_files_of_a_batch_count_where_the_settings_say_how_many() -> None:
    watched = Watched(nas=SiteLimits(parallel_files=3))
    called: list[str] = []
    batch = watched.enter(CLOUD, NAS)
    assert batch is not None
    assert watched.traffic.widen(batch, 8) == 3
    for name in ("second", "third", "fourth"):
        assert watched.enter(NAS, retry=lambda name=name: called.append(name)) is None
    watched.traffic.leave(batch)
    assert called == ["second", "third", "fourth"]
    assert [watched.enter(NAS) is not None for _ in range(4)] == [True] * 3 + [False]


def test_batch_beside_others_gets_what_they_leave() -> None:
    watched = Watched(nas=SiteLimits(parallel_files=3))
    assert watched.enter(NAS)
    batch = watched.enter(NAS)
    assert batch is not None
    assert watched.traffic.widen(batch, 8) == 2
    assert watched.enter(NAS) is None


def test_batch_is_as_wide_as_it_wants_without_such_a_setting() -> None:
    watched = Watched()
    passages = [watched.enter(CLOUD, NAS) for _ in range(4)]
    assert [watched.traffic.widen(p, 8) for p in passages if p] == [8] * 4
    assert watched.enter(CLOUD) is None


def test_turn_passes_on_when_the_other_site_is_full() -> None:
    """Else a free site would stand still while others wait for it."""
    watched = Watched(nas=SiteLimits(parallel_files=1), cloud=SiteLimits(1))
    called: list[str] = []
    nas_file, cloud_file = watched.enter(NAS), watched.enter(CLOUD)
    assert nas_file is not None
    assert cloud_file is not None

    def retry_both() -> None:
        called.append("both")
        watched.enter(NAS, CLOUD, retry=retry_both)

    assert watched.enter(NAS, CLOUD, retry=retry_both) is None
    assert watched.enter(NAS, retry=lambda: called.append("nas alone")) is None
    watched.traffic.leave(nas_file)
    assert called == ["both", "nas alone"]


def test_more_at_once_by_new_settings_calls_all_who_wait() -> None:
    watched = Watched(nas=SiteLimits(parallel_files=1))
    called: list[str] = []
    assert watched.enter(NAS)
    assert watched.enter(NAS, retry=lambda: called.append("second")) is None
    watched.limits["nas"] = SiteLimits(parallel_files=8)
    watched.pass_look()
    assert watched.enter(NAS)
    assert called == ["second"]


# --- room -----------------------------------------------------------------------------


def test_free_space_of_the_settings_is_kept() -> None:
    watched = Watched(nas=SiteLimits(least_free_bytes=10 * MB))
    with watched.traffic.reserve(NAS, 5 * MB, lambda: 15 * MB):
        pass
    with (
        pytest.raises(SiteUnhealthyError, match="free some space") as refused,
        watched.traffic.reserve(NAS, 5 * MB + 1, lambda: 15 * MB),
    ):
        raise AssertionError("it may not begin")
    assert refused.value.code == "storage_full"


def test_files_under_way_count_as_room_that_is_taken() -> None:
    watched = Watched(nas=SiteLimits(least_free_bytes=10 * MB))
    with (
        watched.traffic.reserve(NAS, 5 * MB, lambda: 15 * MB),
        pytest.raises(SiteUnhealthyError),
        watched.traffic.reserve(NAS, 1, lambda: 15 * MB),
    ):
        raise AssertionError("it may not begin")
    with watched.traffic.reserve(NAS, 5 * MB, lambda: 15 * MB):
        pass


def test_storage_that_does_not_tell_its_space_takes_everything() -> None:
    watched = Watched(nas=SiteLimits(least_free_bytes=10 * MB))
    with watched.traffic.reserve(NAS, 500 * MB, lambda: None):
        pass


def test_a_slow_site_leaves_the_own_one_to_others() -> None:
    watched = Watched()
    own, vault = UnusableSite("demo", "own"), UnusableSite("demo", "vault")
    slow = [watched.enter(own, CLOUD) for _ in range(5)]
    assert [passage is not None for passage in slow] == [True] * 4 + [False]
    assert all(watched.enter(own, vault) is not None for _ in range(4))
    assert watched.enter(own, NAS) is None
