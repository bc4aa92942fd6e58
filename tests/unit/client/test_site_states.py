"""Reads of states: in bulk, kept for seconds, never raising; and writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ayon_sitesync.errors import (
    NoAnswerError,
    SiteAlreadyPresentError,
    UnknownSiteError,
)
from ayon_sitesync.site_states import FRESH_SECONDS, SILENT_SECONDS, SiteStates
from ayon_sitesync.statuses import SiteSyncStatus, round_progress

from .memory_host import MemoryHost

OK, QUEUED = SiteSyncStatus.OK, SiteSyncStatus.QUEUED
PAIR = ("fox", "studio")


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost()


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def states(host: MemoryHost, now: list[float]) -> SiteStates:
    client: Any = host
    return SiteStates(client, lambda: now[0])


def test_what_was_asked_for_once_is_fetched_together(
    states: SiteStates, host: MemoryHost, now: list[float]
) -> None:
    for one in "abc":
        host.rows[(one, "studio")] = OK
        assert states.read_one("demo", one, PAIR)["studio"].progress == 1
    assert host.requests == ["availability"] * 3
    for one in "abc":
        states.read_one("demo", one, PAIR)
    assert len(host.requests) == 3
    now[0] += FRESH_SECONDS
    for one in "cab":
        states.read_one("demo", one, PAIR)
    assert len(host.requests) == 4


def test_own_action_is_seen_at_once(states: SiteStates, host: MemoryHost) -> None:
    assert states.read_one("demo", "a", PAIR) == {}
    states.add("demo", "a", "fox", status=QUEUED, force=True)
    assert states.read_one("demo", "a", PAIR)["fox"].status == QUEUED


def test_unreachable_server_gives_defaults_and_is_left_alone(
    states: SiteStates, host: MemoryHost, now: list[float]
) -> None:
    host.is_down = True
    assert states.read("demo", ["a"], PAIR) == {}
    assert states.read_one("demo", "a", PAIR) == {}
    assert states.read_versions("demo", ["v"], PAIR) == {}
    assert states.list_all("demo", ["a"]) == []
    assert len(host.requests) == 1
    host.is_down = False
    now[0] += SILENT_SECONDS
    states.read("demo", ["a"], PAIR)
    assert len(host.requests) == 2


@pytest.fixture
def answering(host: MemoryHost) -> Iterator[threading.Event]:
    """The server answers while it is set."""
    gate = threading.Event()
    host.wait = lambda: gate.wait(10)
    yield gate
    gate.set()


def test_a_server_that_does_not_answer_holds_nobody_up(
    host: MemoryHost, now: list[float], answering: threading.Event
) -> None:
    client: Any = host
    host.rows[("a", "fox")] = OK
    states = SiteStates(client, lambda: now[0], patience_seconds=0.01)
    for ask in (
        lambda: states.read("demo", ["a"], PAIR),
        lambda: states.read_one("demo", "a", PAIR),
        lambda: states.read_versions("demo", ["v"], PAIR),
        lambda: states.list_all("demo", ["a"]),
    ):
        assert not ask()
        assert not answering.is_set()
        now[0] += SILENT_SECONDS


def test_an_action_without_an_answer_is_given_up(
    host: MemoryHost, answering: threading.Event
) -> None:
    client: Any = host
    states = SiteStates(client, patience_seconds=0.01)
    for force in (True, False):
        with pytest.raises(NoAnswerError):
            states.add("demo", "a", "fox", status=QUEUED, force=force)
    assert not answering.is_set()


def test_threads_do_not_wait_for_a_silent_server_one_after_the_other(
    host: MemoryHost, states: SiteStates, answering: threading.Event
) -> None:
    """The second waits for the first one's answer, and there is none."""
    host.is_down = True
    readers = [
        threading.Thread(target=states.read_one, args=("demo", one, PAIR))
        for one in "ab"
    ]
    for reader in readers:
        reader.start()
    answering.set()
    for reader in readers:
        reader.join()
    assert len(host.requests) == 1


def test_what_was_read_before_an_own_action_does_not_count_after_it(
    host: MemoryHost, states: SiteStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = host.read_availability

    def read_and_act(*given: Any) -> Any:
        answer = read(*given)
        states.add("demo", "a", "fox", status=QUEUED, force=True)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(host, "read_availability", read_and_act)
        assert states.read_one("demo", "a", PAIR) == {}
    assert states.read_one("demo", "a", PAIR)["fox"].status == QUEUED


def test_adding_needs_force_for_what_is_there(
    states: SiteStates, host: MemoryHost
) -> None:
    host.rows[("a", "fox")] = OK
    with pytest.raises(SiteAlreadyPresentError):
        states.add("demo", "a", "fox", status=QUEUED)
    assert host.written == []
    states.add("demo", "a", "fox", status=QUEUED, force=True)
    assert host.rows[("a", "fox")] == QUEUED


def test_unknown_site_is_a_value_error(states: SiteStates, host: MemoryHost) -> None:
    host.refused = {"nowhere": "unknown_site"}
    with pytest.raises(UnknownSiteError) as raised:
        states.add("demo", "a", "nowhere", status=QUEUED, force=True)
    assert isinstance(raised.value, ValueError)


def test_d8_one_file_is_written_by_its_id(states: SiteStates, host: MemoryHost) -> None:
    states.add("demo", "a", "fox", status=QUEUED, file_id="f1", force=True)
    (written,) = host.written
    assert [file["id"] for file in written["files"]] == ["f1"]
    assert "status" not in written


@pytest.mark.parametrize("share", [0.0, 0.07, 0.29, 0.333, 0.5, 0.575, 0.999, 1.0])
def test_progress_prints_as_a_whole_percent_below_100(share: float) -> None:
    shown = round_progress(SiteSyncStatus.IN_PROGRESS, share)
    assert str(shown * 100).endswith(".0")
    assert 0 <= shown < 1
    assert abs(shown - share) < 0.04
    assert round_progress(OK, share) == 1
