"""The tray pauses with the server's pauses, and goes on with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ayon_sitesync.errors import RequestRefusedError, ServerUnreachableError
from ayon_sitesync.machine_pause import MachinePause

OWN = {"scope": "site", "siteName": "fox", "projectName": None}
OF_ALL = {
    "scope": "all",
    "siteName": None,
    "projectName": None,
    "userName": "ann",
    "reason": "the storage moves",
}


class Server:
    def __init__(self) -> None:
        self.pauses: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def list_pauses(self) -> list[dict[str, Any]]:
        if self.error is not None:
            raise self.error
        return list(self.pauses)

    def write_pause(self, body: Mapping[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        assert body == {"scope": "site", "siteName": "fox", "paused": body["paused"]}
        self.pauses = [OWN] if body["paused"] else []


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def applied() -> list[bool]:
    return []


@pytest.fixture
def pause(server: Server, applied: list[bool]) -> MachinePause:
    client: Any = server
    return MachinePause(client, "fox", applied.append)


def test_users_order_is_obeyed_at_once_and_stored(
    pause: MachinePause, server: Server, applied: list[bool]
) -> None:
    pause.want(True)
    assert applied == [True]
    assert server.pauses == []
    pause.look()
    assert server.pauses == [OWN]
    pause.want(False)
    pause.look()
    assert server.pauses == []
    assert applied[-1] is False


def test_pause_of_the_studio_does_not_stick(
    pause: MachinePause, server: Server, applied: list[bool]
) -> None:
    """The server gives nothing meanwhile; there is nothing to resume here."""
    server.pauses = [OF_ALL]
    pause.look()
    assert True not in applied
    assert pause.reason_for_all == "paused for all by ann: the storage moves"
    server.pauses = []
    pause.look()
    assert pause.reason_for_all == ""
    assert True not in applied


def test_others_may_pause_and_resume_this_machine(
    pause: MachinePause, server: Server, applied: list[bool]
) -> None:
    server.pauses = [OWN]
    pause.look()
    assert applied[-1] is True
    server.pauses = []
    pause.look()
    assert applied[-1] is False


@pytest.mark.parametrize(
    "other",
    [
        {**OWN, "siteName": "bear"},
        {**OWN, "projectName": "demo"},
        {**OWN, "scope": "project", "siteName": None, "projectName": "demo"},
    ],
)
def test_pauses_of_others_leave_the_agent_alone(
    pause: MachinePause, server: Server, applied: list[bool], other: dict[str, Any]
) -> None:
    server.pauses = [other]
    pause.look()
    assert True not in applied


@pytest.mark.parametrize(
    "error",
    [ServerUnreachableError("down"), RequestRefusedError("Not yours.", status=403)],
)
def test_order_that_cannot_be_stored_holds_here_until_it_can(
    pause: MachinePause, server: Server, applied: list[bool], error: Exception
) -> None:
    server.error = error
    pause.want(True)
    pause.look()
    assert applied == [True]
    server.error = None
    pause.look()
    assert server.pauses == [OWN]
    assert applied[-1] is True
