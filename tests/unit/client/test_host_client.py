"""Requests of the addon, on the connection that AYON has in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import ayon_api
import pytest
from ayon_sitesync.errors import ServerUnreachableError
from ayon_sitesync.server_api import host_client
from ayon_sitesync.server_api.host_client import HostClient
from ayon_sitesync.site_states import SiteStates

from .ayon_stub import KEY, OWN_PREFIX, AyonStub, run_stub

HELD = (
    f"{OWN_PREFIX}/demo/sites",
    f"{OWN_PREFIX}/demo/availability",
    f"{OWN_PREFIX}/demo/states",
)


class SlowStub(AyonStub):
    """Answers about sites and states when it is let.

    `is_asked` is set while it holds an answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()

    def answer(
        self, target: str, key: str | None, body: dict[str, Any] | None
    ) -> tuple[int, Any]:
        if target.startswith(HELD):
            self.is_asked.set()
            self.may_answer.wait(10)
        return super().answer(target, key, body)


@pytest.fixture
def stub() -> SlowStub:
    return SlowStub()


@pytest.fixture
def client(stub: SlowStub, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostClient]:
    with run_stub(stub) as url:
        connection = ayon_api.ServerAPI(url, KEY)
        monkeypatch.setattr(host_client, "_get_connection", lambda: connection)
        yield HostClient("fox", "2.0.0")
        stub.may_answer.set()
        connection.close_session()


def test_d49_a_slow_request_holds_up_no_other(
    client: HostClient, stub: SlowStub
) -> None:
    slow = threading.Thread(target=client.read_site_totals, args=("demo",))
    slow.start()
    assert stub.is_asked.wait(10)
    assert client.read_settings("demo")["enabled"]
    assert slow.is_alive()
    stub.may_answer.set()
    slow.join(10)
    assert not slow.is_alive()


def test_a_read_of_a_host_does_not_wait_for_a_server_that_hangs(
    client: HostClient, stub: SlowStub
) -> None:
    states = SiteStates(client, patience_seconds=0.2)
    assert states.read("demo", ["a"], ("fox", "studio")) == {}
    assert stub.is_asked.wait(10)
    assert not stub.may_answer.is_set()


def test_a_write_of_a_host_ends_when_the_server_hangs(
    client: HostClient, stub: SlowStub
) -> None:
    client.timeouts = (5.0, 0.05)
    with pytest.raises(ServerUnreachableError):
        client.write_states("demo", [{"representationId": "a", "siteName": "fox"}])
    assert not stub.may_answer.is_set()
