"""Values that a host asks for all the time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from ayon_sitesync.cached_values import RefreshingCache
from ayon_sitesync.errors import (
    NoAnswerError,
    RequestRefusedError,
    ServerUnreachableError,
)
from ayon_sitesync.project_settings import ProjectSettings

from .memory_host import MemoryHost


class Source:
    def __init__(self) -> None:
        self.loads: list[str] = []
        self.value = 1
        self.is_down = False
        self.loaded = threading.Event()

    def load(self, key: str) -> int:
        self.loads.append(key)
        try:
            if self.is_down:
                raise ServerUnreachableError("down")
            return self.value
        finally:
            self.loaded.set()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def cache(source: Source, now: list[float]) -> RefreshingCache[str, int]:
    return RefreshingCache(
        source.load, fresh_seconds=60, retry_seconds=10, most=2, now=lambda: now[0]
    )


def wait_for(condition: Callable[[], bool]) -> None:
    done = threading.Event()
    for _ in range(1000):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError("it did not come true")


def test_last_value_serves_while_a_thread_loads_the_next(
    cache: RefreshingCache[str, int], source: Source, now: list[float]
) -> None:
    assert cache.get("demo") == 1
    source.value = 2
    now[0] = 59
    assert cache.get("demo") == 1
    assert len(source.loads) == 1
    now[0] = 61
    assert cache.get("demo") == 1
    wait_for(lambda: cache.get("demo") == 2)
    assert len(source.loads) == 2


def test_failed_load_is_not_repeated_at_once(
    cache: RefreshingCache[str, int], source: Source, now: list[float]
) -> None:
    source.is_down = True
    for _ in range(3):
        with pytest.raises(ServerUnreachableError):
            cache.get("demo")
    assert len(source.loads) == 1
    source.is_down = False
    now[0] = 11
    assert cache.get("demo") == 1


def test_old_value_goes_on_serving_without_the_server(
    cache: RefreshingCache[str, int], source: Source, now: list[float]
) -> None:
    cache.get("demo")
    source.is_down = True
    source.loaded.clear()
    now[0] = 100
    assert cache.get("demo") == 1
    assert source.loaded.wait(10)
    assert cache.get("demo") == 1


def test_bounded(cache: RefreshingCache[str, int], source: Source) -> None:
    for key in ("a", "b", "c", "a"):
        cache.get(key)
    assert source.loads == ["a", "b", "c", "a"]


def test_many_threads_load_once(source: Source, now: list[float]) -> None:
    gate = threading.Event()

    def load(key: str) -> int:
        gate.wait(10)
        return source.load(key)

    cache = RefreshingCache(
        load, fresh_seconds=60, retry_seconds=10, most=2, now=lambda: now[0]
    )
    threads = [threading.Thread(target=cache.get, args=("demo",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert source.loads == ["demo"]


# --- settings of projects ----------------------------------------------------------


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost()


@pytest.fixture
def settings(host: MemoryHost) -> ProjectSettings:
    client: Any = host
    return ProjectSettings(client, lambda: "fox", "linux")


def test_d42_one_project_is_read_once(
    settings: ProjectSettings, host: MemoryHost
) -> None:
    for _ in range(5):
        assert settings.find("demo").is_enabled
    assert host.requests == ["settings", "roots"]


def test_settings_that_cannot_be_read_switch_it_off(
    settings: ProjectSettings, host: MemoryHost
) -> None:
    host.is_down = True
    assert not settings.find("demo").is_enabled
    assert settings.find("demo").shape()["config"]["retry_cnt"] == 3
    assert host.requests == ["settings"]


def test_d58_a_hidden_switch_of_the_machine_does_not_count(
    settings: ProjectSettings, host: MemoryHost
) -> None:
    host.settings = {"enabled": False, "sites": []}
    assert settings.find("demo").is_enabled


def test_project_that_is_off_for_all_is_off(
    settings: ProjectSettings, host: MemoryHost
) -> None:
    host.settings = host.shared = {"enabled": False, "sites": []}
    assert not settings.find("demo").is_enabled


def test_refused_settings_leave_the_last_known(
    settings: ProjectSettings, host: MemoryHost, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.find("demo").is_enabled
    host.refusal = RequestRefusedError("You may not read it.", status=403)
    for _ in range(2):
        assert settings.read_anew("demo").is_enabled
    (told,) = caplog.messages
    assert told == (
        "Site Sync cannot read settings of project 'demo'; the last known serve:"
        " You may not read it."
    )


def test_project_that_is_refused_is_not_asked_for_all_the_time(
    source: Source, now: list[float]
) -> None:
    def refuse(key: str) -> int:
        source.load(key)
        raise RequestRefusedError("No.", status=403)

    cache = RefreshingCache(
        refuse, fresh_seconds=60, retry_seconds=10, most=2, now=lambda: now[0]
    )
    for at in (0, 11, 59, 61):
        now[0] = at
        with pytest.raises(RequestRefusedError):
            cache.get("demo")
    assert len(source.loads) == 2


def test_nobody_waits_long_for_a_server_that_does_not_answer(
    source: Source, now: list[float]
) -> None:
    gate = threading.Event()
    begun: list[str] = []

    def load(key: str) -> int:
        begun.append(key)
        assert gate.wait(10)
        return source.load(key)

    cache = RefreshingCache(
        load,
        fresh_seconds=60,
        retry_seconds=10,
        most=2,
        patience_seconds=0.03,
        now=lambda: now[0],
    )
    for at in (0, 11):
        now[0] = at
        # The load goes on in a thread, and no other call begins a second one.
        for _ in range(2):
            with pytest.raises(NoAnswerError):
                cache.get("demo")
    assert len(begun) == 2
    with pytest.raises(NoAnswerError):
        cache.reload("demo")
    gate.set()
    wait_for(lambda: cache.list_known() == {"demo": 1})
    assert cache.get("demo") == 1
    assert len(begun) == 3


def test_what_is_required_is_tried_at_once(
    settings: ProjectSettings, host: MemoryHost
) -> None:
    host.is_down = True
    with pytest.raises(ServerUnreachableError):
        settings.require("demo")
    host.is_down = False
    assert not settings.find("demo").is_enabled
    assert settings.require("demo").is_enabled
