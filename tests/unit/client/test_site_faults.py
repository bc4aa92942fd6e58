"""Sites that cannot be used: how long they are left alone, and what is told."""

from __future__ import annotations

from typing import Any

from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.transfer.site_faults import FORGET_SECONDS, SiteFaults
from ayon_sitesync.work import UnusableSite

from tests.unit.client.memory_server import FakeClock

NAS = UnusableSite("demo", "nas")
FULL = SiteUnhealthyError("nas", "the disk is full")


class Watched:
    """Faults with their clock and what they told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.events: list[str] = []
        self.faults = SiteFaults(self.clock, self._emit)

    def _emit(self, name: str, data: dict[str, Any]) -> None:
        self.events.append(name)

    def fail_again(self) -> float:
        """The site fails as soon as it may be tried again; the delay that follows."""
        self.clock.seconds = self.faults.find_next_try() or self.clock.seconds
        self.faults.note("demo", FULL)
        return self.find_delay()

    def find_delay(self) -> float:
        """Seconds until the next try."""
        next_try = self.faults.find_next_try()
        assert next_try is not None
        return next_try - self.clock.seconds

    def work(self) -> None:
        """A transfer that starts now works."""
        self.clock.seconds += 1
        self.faults.clear(NAS, self.clock.seconds)


def test_delays_double_up_to_five_minutes_and_it_is_told_once() -> None:
    watched = Watched()
    delays = [watched.fail_again() for _ in range(8)]
    assert delays == [5, 10, 20, 40, 80, 160, 300, 300]
    assert watched.events == ["problem"]


def test_faults_of_several_files_at_once_count_once() -> None:
    watched = Watched()
    for _ in range(4):
        watched.faults.note("demo", FULL)
    assert watched.find_delay() == 5


def test_transfer_that_was_under_way_says_nothing_about_the_fault() -> None:
    watched = Watched()
    watched.clock.seconds += 10
    watched.faults.note("demo", FULL)
    watched.faults.clear(NAS, watched.clock.seconds - 5)
    assert watched.events == ["problem"]
    assert watched.faults.describe() == "site 'nas' in demo: the disk is full"


def test_site_that_works_for_small_files_only_is_still_left_alone_longer() -> None:
    watched = Watched()
    delays = []
    for _ in range(4):
        delays.append(watched.fail_again())
        watched.work()
    assert delays == [5, 10, 20, 40]


def test_site_that_works_for_long_starts_anew() -> None:
    watched = Watched()
    assert [watched.fail_again(), watched.fail_again()] == [5, 10]
    watched.work()
    assert watched.faults.describe() == ""
    watched.clock.seconds += FORGET_SECONDS
    assert watched.fail_again() == 5
    assert watched.events == ["problem", "recovered", "problem"]


def test_site_is_left_alone_in_the_project_where_it_cannot_be_used() -> None:
    watched = Watched()
    watched.faults.note("moon", FULL)
    watched.clock.seconds += 1
    watched.faults.note("demo", FULL)
    assert set(watched.faults.list_unusable()) == {NAS, UnusableSite("moon", "nas")}
    assert watched.faults.describe() == "site 'nas' in demo, moon: the disk is full"
    watched.clock.seconds += watched.find_delay()
    assert watched.faults.list_unusable() == (NAS,)
    watched.clock.seconds += watched.find_delay()
    assert watched.faults.list_unusable() == ()
    assert watched.faults.find_next_try() is None
