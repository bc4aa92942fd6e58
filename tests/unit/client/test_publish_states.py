"""What a publish tells the server, and what happens when it cannot."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import (
    RequestRefusedError,
    ServerFailedError,
    ServerUnreachableError,
)
from ayon_sitesync.publish_states import (
    AWAY_SECONDS,
    FAILED_SECONDS,
    RENDER_PAUSE_SECONDS,
    PublishStates,
)
from ayon_sitesync.site_states import SiteStates
from ayon_sitesync.spool import Publish, Spool
from ayon_sitesync.statuses import SiteSyncStatus

from .memory_host import MemoryHost

OK, QUEUED = SiteSyncStatus.OK, SiteSyncStatus.QUEUED
SITES = [{"name": "fox", "status": OK}, {"name": "studio", "status": QUEUED}]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Settings:
    """Where a project's publishes are; `error` while that cannot be read."""

    def __init__(self) -> None:
        self.sites = SITES
        self.error: Exception | None = None

    def find_sites(self, project_name: str) -> list[dict[str, Any]]:
        if self.error is not None:
            raise self.error
        return self.sites


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def spool(host: MemoryHost, tmp_path: Path) -> Spool:
    return Spool(tmp_path, "artist", "http://ayon", lambda: host.now)


@pytest.fixture
def publish(
    host: MemoryHost, clock: Clock, settings: Settings, tmp_path: Path
) -> PublishStates:
    client: Any = host
    return PublishStates(
        client,
        SiteStates(client),
        lambda user: Spool(tmp_path, user, "http://ayon", lambda: host.now),
        settings.find_sites,
        clock.sleep,
        lambda: clock.now,
        lambda: host.now,
    )


def write(
    publish: PublishStates,
    *new: str,
    replaced: tuple[str, ...] = (),
    versions: tuple[str, ...] = (),
    project: str = "demo",
    on_farm: bool = False,
) -> bool:
    made = Publish(project, new, replaced, versions)
    return publish.write(made, user_name="artist", on_render_node=on_farm)


def test_d47_20_representations_on_3_sites_are_one_request(
    publish: PublishStates, host: MemoryHost, settings: Settings
) -> None:
    settings.sites = [*SITES, {"name": "nearline", "status": QUEUED}]
    assert write(publish, *(f"{number:032x}" for number in range(20)))
    assert host.requests == ["write"]
    assert len(host.rows) == 60


def test_d33_publishing_over_a_version_wants_it_anew_everywhere(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.rows = {("a", "fox"): OK, ("a", "studio"): OK, ("a", "bear"): OK}
    assert write(publish, replaced=("a",))
    assert host.requests == ["states", "write"]
    assert host.rows == {("a", "fox"): OK, ("a", "studio"): QUEUED, ("a", "bear"): 1}
    assert all(state["reset"] for state in host.written)


def test_of_a_hero_version_all_representations_are_told(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.versions = {"hero": ["h1", "h2"]}
    host.rows = {("h1", "bear"): OK}
    assert write(publish, "a", versions=("hero",))
    assert host.requests == ["representations", "states", "write"]
    assert host.rows == {
        ("a", "fox"): OK,
        ("a", "studio"): QUEUED,
        ("h1", "fox"): OK,
        ("h1", "studio"): QUEUED,
        ("h1", "bear"): QUEUED,
        ("h2", "fox"): OK,
        ("h2", "studio"): QUEUED,
    }


def test_refused_rows_do_not_fail_a_publish(
    publish: PublishStates, host: MemoryHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.refused = {"studio": "forbidden"}
    assert not write(publish, "a")
    assert host.rows == {("a", "fox"): OK}
    assert "Refused: forbidden." in caplog.text


def test_somebody_elses_machine_is_left_to_the_server(
    publish: PublishStates, host: MemoryHost, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the old content is, the server itself wants the new."""
    host.rows = {("a", "bear"): OK}
    host.refused = {"bear": "not_allowed"}
    assert write(publish, replaced=("a",))
    assert caplog.messages == []


# --- told late -----------------------------------------------------------------------


def test_states_wait_on_disk_for_the_next_client(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.is_down = True
    assert not write(publish, "a", "b")
    assert publish.replay() == 0
    host.is_down = False
    assert publish.replay() == 1
    assert host.rows[("b", "studio")] == QUEUED
    host.rows.clear()
    assert publish.replay() == 0
    assert host.rows == {}


def test_publish_of_many_instances_waits_once_for_a_server_that_is_away(
    publish: PublishStates, host: MemoryHost, clock: Clock
) -> None:
    host.is_down = True
    for one in "abc":
        assert not write(publish, one)
    assert host.requests == ["write"]
    host.is_down = False
    clock.now += AWAY_SECONDS
    assert write(publish, "d")
    assert publish.replay() == 3
    assert {key[0] for key in host.rows} == set("abcd")


def test_publish_after_one_that_the_server_failed_at_is_told(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.fail = fail_in("ill", ServerFailedError("It broke."))
    assert not write(publish, "a", project="ill")
    assert write(publish, "b")


def test_republish_that_is_told_late_wants_it_anew_everywhere(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.rows = {("a", "bear"): OK}
    host.is_down = True
    write(publish, replaced=("a",))
    host.is_down = False
    # Another site had it before it could be told.
    host.rows[("a", "nearline")] = OK
    assert publish.replay() == 1
    assert host.rows == {
        ("a", "fox"): OK,
        ("a", "studio"): QUEUED,
        ("a", "bear"): QUEUED,
        ("a", "nearline"): QUEUED,
    }


def test_hero_and_traits_are_told_late(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.is_down = True
    assert not write(publish, versions=("hero",))
    host.is_down = False
    host.versions = {"hero": ["h1"]}
    assert publish.replay() == 1
    assert host.rows == {("h1", "fox"): OK, ("h1", "studio"): QUEUED}


def test_sites_that_could_not_be_read_are_found_when_it_is_told(
    publish: PublishStates, host: MemoryHost, settings: Settings
) -> None:
    settings.error = ServerUnreachableError("down")
    host.is_down = True
    assert not write(publish, "a")
    host.is_down = False
    assert publish.replay() == 0
    assert host.rows == {}
    settings.error = None
    assert publish.replay() == 1
    assert host.rows == {("a", "fox"): OK, ("a", "studio"): QUEUED}


def test_known_sites_are_those_of_the_publish(
    publish: PublishStates, host: MemoryHost, settings: Settings
) -> None:
    host.is_down = True
    write(publish, "a")
    host.is_down = False
    settings.sites = [{"name": "elsewhere", "status": OK}]
    publish.replay()
    assert host.rows == {("a", "fox"): OK, ("a", "studio"): QUEUED}


def test_replay_leaves_newer_rows(publish: PublishStates, host: MemoryHost) -> None:
    host.is_down = True
    write(publish, "a")
    host.is_down = False
    host.now += 60
    host.rows = {("a", "studio"): OK}
    host.changed_at = {("a", "studio"): host.now}
    assert publish.replay() == 1
    assert host.rows == {("a", "studio"): OK, ("a", "fox"): OK}


def test_replay_wins_over_default_rows(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.is_down = True
    write(publish, "a")
    host.is_down = False
    host.now += 60
    host.rows = {("a", "studio"): OK}
    host.changed_at = {("a", "studio"): host.now}
    host.concluded = {("a", "studio")}
    publish.replay()
    assert host.rows == {("a", "studio"): QUEUED, ("a", "fox"): OK}


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_clocks_that_differ_do_not_matter(
    publish: PublishStates, host: MemoryHost, ahead: float
) -> None:
    host.clock_ahead = ahead
    host.is_down = True
    host.rows = {("a", "studio"): OK, ("a", "fox"): OK}
    host.changed_at = {
        ("a", "studio"): host.now + ahead - 60,
        ("a", "fox"): host.now + ahead + 30,
    }
    write(publish, replaced=("a",))
    host.is_down = False
    host.now += 60
    publish.replay()
    assert [state["siteName"] for state in host.written] == ["studio"]


def test_newest_of_two_publishes_wins(
    publish: PublishStates, host: MemoryHost, settings: Settings
) -> None:
    host.is_down = True
    write(publish, "a")
    host.now += 10
    settings.sites = [{"name": "studio", "status": OK}]
    write(publish, replaced=("a",))
    host.is_down = False
    host.now += 10
    assert publish.replay() == 2
    # What is on `fox` are the files of the first one.
    assert host.rows == {("a", "studio"): OK}


def test_older_publish_does_not_go_before_a_newer_one_that_waits(
    publish: PublishStates, host: MemoryHost, settings: Settings, clock: Clock
) -> None:
    host.is_down = True
    write(publish, "a", project="demo")
    host.now += 10
    settings.sites = [{"name": "studio", "status": OK}]
    write(publish, replaced=("a",))
    host.is_down = False
    host.now += 10
    failures = iter([ServerFailedError("It broke.")])

    def fail_once(what: str, project_name: str) -> None:
        for failure in failures:
            raise failure

    host.fail = fail_once
    publish.replay()
    assert host.rows == {}
    clock.now += FAILED_SECONDS
    publish.replay()
    assert host.rows == {("a", "studio"): OK}


def test_older_publish_does_not_go_before_one_that_another_process_tells(
    publish: PublishStates, host: MemoryHost, settings: Settings, spool: Spool
) -> None:
    host.is_down = True
    write(publish, "a")
    host.now += 10
    settings.sites = [{"name": "studio", "status": OK}]
    write(publish, replaced=("a",))
    host.is_down = False
    newest = next(spool.read())
    held = spool.take(newest.path)
    assert held is not None
    publish.replay()
    assert host.rows == {}
    spool.put_back(held)
    publish.replay()
    assert host.rows == {("a", "studio"): OK}


def test_publish_that_the_server_fails_at_does_not_stop_others(
    publish: PublishStates,
    host: MemoryHost,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    host.is_down = True
    for project in ("first", "ill", "last"):
        write(publish, project[0], project=project)
    host.is_down = False
    host.fail = fail_in("ill", ServerFailedError("It broke."))
    assert publish.replay() == 2
    assert {key[0] for key in host.rows} == {"f", "l"}
    assert "It broke." in caplog.text
    host.fail = lambda what, project_name: None
    # It is not tried all the time.
    assert publish.replay() == 0
    clock.now += FAILED_SECONDS
    assert publish.replay() == 1


def test_refused_publish_is_told_and_dropped(
    publish: PublishStates, host: MemoryHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.is_down = True
    write(publish, "a", project="gone")
    host.is_down = False
    host.fail = fail_in("gone", RequestRefusedError("No such project.", status=404))
    for _ in range(2):
        assert publish.replay() == 0
    assert caplog.text.count("No such project.") == 1


def test_refused_rows_of_a_late_publish_are_told(
    publish: PublishStates, host: MemoryHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.is_down = True
    write(publish, "a")
    host.is_down = False
    host.refused = {"studio": "unknown_site"}
    assert publish.replay() == 1
    assert host.rows == {("a", "fox"): OK}
    assert "Refused: unknown_site." in caplog.text
    assert publish.replay() == 0


def fail_in(project: str, error: Exception) -> Callable[[str, str], None]:
    def fail(what: str, project_name: str) -> None:
        if project_name == project:
            raise error

    return fail


def test_another_user_does_not_replay(publish: PublishStates, host: MemoryHost) -> None:
    host.is_down = True
    write(publish, "a")
    host.is_down = False
    host.user_name = "someone"
    assert publish.replay() == 0
    assert host.rows == {}


def test_full_disk_does_not_fail_a_publish(
    publish: PublishStates,
    host: MemoryHost,
    spool: Spool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    host.is_down = True
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert not write(publish, "a")
    assert "No space left on device" in caplog.text
    assert "default sites" in caplog.text
    assert list(spool.read()) == []
    assert not write(publish, "b")
    assert [one.publish.new_ids for one in spool.read()] == [("b",)]


# --- render nodes --------------------------------------------------------------------


def test_render_node_tries_for_a_minute(
    publish: PublishStates,
    host: MemoryHost,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    host.is_down = True
    assert not write(publish, "a", on_farm=True)
    assert sum(clock.slept) == 60
    assert set(clock.slept) == {RENDER_PAUSE_SECONDS}
    assert "default sites" in caplog.text
    host.is_down = False
    assert publish.replay() == 0


@pytest.mark.parametrize("what", ["settings", "versions", "states"])
def test_render_node_tries_again_whatever_fails(
    publish: PublishStates,
    host: MemoryHost,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    host.versions = {"hero": ["h1"]}
    if what == "settings":
        settings.error = ServerUnreachableError("down")
    else:
        host.is_down = True

    def recover(seconds: float) -> None:
        settings.error, host.is_down = None, False

    monkeypatch.setattr(publish, "_sleep", recover)
    versions = ("hero",) if what == "versions" else ()
    assert write(publish, "a", versions=versions, on_farm=True)
    assert host.rows[("a", "fox")] == OK
    assert (("h1", "fox") in host.rows) == (what == "versions")
