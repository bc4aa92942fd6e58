"""What the limits of a site's settings mean at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits, read_limits

MONDAY = datetime(2026, 11, 16)
OFFICE = {"days": ["mon", "tue"], "start": "08:00", "end": "18:00"}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of the week that begins on Monday 16 November 2026."""
    return MONDAY.replace(day=MONDAY.day + day, hour=hour, minute=minute)


def make(*timetable: dict[str, Any], **values: Any) -> SiteLimits:
    return read_limits({**values, "timetable": list(timetable)})


def test_nothing_set_means_no_limit() -> None:
    settings = {"parallel_transfers": 0, "bandwidth_mb_s": 0.0, "timetable": []}
    assert read_limits(settings) == read_limits(None) == NO_LIMITS
    assert NO_LIMITS.find_rate(MONDAY) is None
    assert not NO_LIMITS.is_closed(MONDAY)


def test_numbers_are_of_bytes() -> None:
    limits = make(parallel_transfers=3, bandwidth_mb_s=2.5, free_space_floor_gb=10.0)
    assert limits == SiteLimits(3, 2_500_000, 10_000_000_000)


@pytest.mark.parametrize(
    ("moment", "rate"),
    [
        (at(0, 7, 59), 9_000_000),
        (at(0, 8), 1_000_000),
        (at(1, 17, 59), 1_000_000),
        (at(1, 18), 9_000_000),
        (at(2, 12), 9_000_000),
    ],
)
def test_window_replaces_the_rate_while_it_holds(moment: datetime, rate: float) -> None:
    limits = make({**OFFICE, "bandwidth_mb_s": 1.0}, bandwidth_mb_s=9.0)
    assert limits.find_rate(moment) == rate


def test_first_window_that_holds_counts() -> None:
    lunch = {**OFFICE, "start": "12:00", "end": "13:00", "bandwidth_mb_s": 0.0}
    limits = make(lunch, {**OFFICE, "bandwidth_mb_s": 1.0})
    assert limits.find_rate(at(0, 12, 30)) is None
    assert limits.find_rate(at(0, 13, 30)) == 1_000_000


def test_window_over_midnight_belongs_to_the_day_of_its_start() -> None:
    limits = make({"days": ["fri"], "start": "22:00", "end": "06:00", "paused": True})
    closed = [at(4, 22), at(4, 23, 59), at(5, 0), at(5, 5, 59)]
    assert [limits.is_closed(moment) for moment in closed] == [True] * 4
    open_ = [at(4, 3), at(4, 21, 59), at(5, 6), at(5, 22)]
    assert [limits.is_closed(moment) for moment in open_] == [False] * 4


def test_window_that_ends_when_it_starts_is_a_whole_day() -> None:
    limits = make({"days": ["sun"], "start": "00:00", "end": "00:00", "paused": True})
    assert limits.is_closed(at(6, 0))
    assert limits.is_closed(at(6, 23, 59))
    assert not limits.is_closed(at(5, 23, 59))
    assert not limits.is_closed(at(0, 0))


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (at(0, 9, 30), at(0, 18)),
        (at(0, 7), at(0, 7)),
        (at(1, 17, 59), at(1, 18)),
    ],
)
def test_closed_site_tells_when_it_opens(moment: datetime, opening: datetime) -> None:
    assert make({**OFFICE, "paused": True}).find_opening(moment) == opening


def test_windows_one_after_the_other_open_after_the_last() -> None:
    evening = {**OFFICE, "start": "18:00", "end": "24:00", "paused": True}
    limits = make({**OFFICE, "paused": True}, evening)
    assert limits.find_opening(at(0, 9)) == at(1, 0)


def test_timetable_that_never_opens_has_no_opening() -> None:
    limits = make({"days": [], "start": "00:00", "end": "24:00", "paused": True})
    assert limits.find_opening(at(2, 3)) is None


@pytest.mark.parametrize(
    "row",
    [
        {"start": "8 am"},
        {"end": "25:00"},
        {"end": "10:61"},
        {"start": "24:00"},
        {"days": ["someday"]},
    ],
)
def test_window_that_makes_no_sense_does_not_count(row: dict[str, Any]) -> None:
    assert make({**OFFICE, "paused": True, **row}).timetable == ()


def test_numbers_below_zero_do_not_count() -> None:
    limits = make(parallel_transfers=-1, bandwidth_mb_s=-2.0, free_space_floor_gb=-3.0)
    assert limits == NO_LIMITS
