"""The live channel: connected anew when there may be events it does not get."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, cast

import ayon_api
import pytest
from ayon_sitesync.errors import ServerUnreachableError
from ayon_sitesync.server_api import long_poll
from ayon_sitesync.server_api.client import ServerClient, WaitAnswer
from ayon_sitesync.server_api.connection import Connection
from ayon_sitesync.server_api.live import LiveChannel


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions by waiting begin at once and follow each other at once."""
    monkeypatch.setattr(long_poll, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(long_poll, "NEWS_SECONDS", 0.0)


class Hub:
    """What the channel uses of the event hub of ayon_api."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Callable[[Any], None]] = {}
        self.reconnects = 0
        self.is_stopped = False
        self.is_refused = False

    def add_callback(self, topic: str, callback: Callable[[Any], None]) -> None:
        self.callbacks[topic] = callback

    def is_connected(self) -> bool:
        return not self.is_stopped and not self.is_refused

    def reconnect(self) -> None:
        self.reconnects += 1

    def stop(self) -> None:
        self.is_stopped = True


class Login:
    """A client of the server: one connection, one hub, the projects of its user."""

    def __init__(self, *projects: str) -> None:
        self.hub = Hub()
        self._projects = list(projects)
        self.is_down = False
        self.is_closed = False
        self.has_websocket = True
        self.questions = 0
        self.waits: queue.Queue[WaitAnswer] = queue.Queue()

    def connect(self) -> Login:
        if self.is_down:
            raise ServerUnreachableError("connection refused")
        return self

    def get_event_hub(self) -> Hub:
        return self.hub

    def list_projects(self) -> list[str]:
        return self._projects

    def make_another(self) -> Login:
        return self

    def wait_for_events(self, cursor: str | None, seconds: int) -> WaitAnswer:
        self.questions += 1
        return self.waits.get()

    def close(self) -> None:
        self.is_closed = True

    def close_websocket(self) -> None:
        assert self.hub.is_stopped
        self.has_websocket = False


def make_channel(
    login: Login, on_event: Callable[[], None] = lambda: None
) -> LiveChannel:
    return LiveChannel(cast(ServerClient, login), on_event)


def test_work_of_a_newly_granted_project_makes_the_channel_anew_once() -> None:
    """The server sends what was readable when the connection was made."""
    login = Login("demo", "moon")
    channel = make_channel(login)
    assert channel.is_up()
    channel.note_projects({"demo", "moon"})
    assert login.hub.reconnects == 0
    for _ in range(2):
        channel.note_projects({"demo", "mars"})
    assert login.hub.reconnects == 1


def test_projects_before_the_channel_is_up_are_no_news() -> None:
    login = Login("demo")
    login.is_down = True
    channel = make_channel(login)
    assert not channel.is_up()
    channel.note_projects({"demo"})
    login.is_down = False
    assert channel.is_up()
    assert login.hub.reconnects == 0


def test_events_of_states_wake() -> None:
    login = Login("demo")
    woken: list[bool] = []
    channel = make_channel(login, lambda: woken.append(True))
    channel.is_up()
    login.hub.callbacks["sitesync.state"](object())
    assert woken == [True]
    channel.stop()
    assert login.hub.is_stopped


def join_waiting() -> None:
    for thread in threading.enumerate():
        if thread.name == "sitesync-wait":
            thread.join(timeout=10)


def test_without_a_websocket_the_server_is_asked_by_requests_that_wait() -> None:
    login = Login("demo")
    login.hub.is_refused = True
    woken = threading.Semaphore(0)
    channel = make_channel(login, woken.release)
    assert not channel.is_up()
    # The first answer tells where events begin; what was before is not known.
    login.waits.put(WaitAnswer("1", has_events=False))
    assert woken.acquire(timeout=10)
    assert channel.is_up()
    login.waits.put(WaitAnswer("1", has_events=False))
    login.waits.put(WaitAnswer("2", has_events=True))
    assert woken.acquire(timeout=10)
    assert not woken.acquire(blocking=False)
    channel.stop()
    login.waits.put(WaitAnswer("3", has_events=True))
    join_waiting()
    assert not woken.acquire(blocking=False)
    assert login.is_closed


def test_nothing_is_asked_by_waiting_when_the_websocket_connects_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(long_poll, "GRACE_SECONDS", 60.0)
    login = Login("demo")
    login.hub.is_refused = True
    channel = make_channel(login)
    assert not channel.is_up()
    login.hub.is_refused = False
    assert channel.is_up()
    join_waiting()
    assert login.questions == 0
    assert login.is_closed


def test_requests_that_wait_end_when_the_websocket_connects() -> None:
    login = Login("demo")
    login.hub.is_refused = True
    woken = threading.Semaphore(0)
    channel = make_channel(login, woken.release)
    channel.is_up()
    login.waits.put(WaitAnswer("1", has_events=False))
    assert woken.acquire(timeout=10)
    login.hub.is_refused = False
    assert channel.is_up()
    login.waits.put(WaitAnswer("2", has_events=True))
    join_waiting()
    assert not woken.acquire(blocking=False)


def test_end_of_the_channel_closes_its_websocket() -> None:
    login = Login("demo")
    channel = make_channel(login)
    assert channel.is_up()
    channel.stop()
    assert not login.has_websocket


class Websocket:
    """What a hub reads from."""

    is_open = True

    def shutdown(self) -> None:
        self.is_open = False


def test_websocket_that_the_hub_has_lost_is_closed_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ayon_api ends it without a word to its socket."""
    made: list[Websocket] = []

    def create(connection: ayon_api.ServerAPI, endpoint: str) -> Websocket:
        made.append(Websocket())
        return made[-1]

    monkeypatch.setattr(ayon_api.ServerAPI, "create_websocket", create)
    connection = Connection("http://127.0.0.1:1", "key", create_session=False)
    for _ in range(2):
        assert connection.create_websocket("ws") is made[-1]
    assert [one.is_open for one in made] == [False, True]
    connection.close_websocket()
    assert [one.is_open for one in made] == [False, False]
