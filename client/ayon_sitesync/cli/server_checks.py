"""Checks of the server: reached, logged in, the addon, clocks, the live channel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Optional

from ..errors import LoginRefusedError, ServerError, ServerUnreachableError
from ..server_api.live import LiveChannel
from ..server_api.operator_client import OperatorClient
from ..version import __version__
from .checks import OK, WARNING, WRONG, Check

CLOCK_SECONDS = 5.0
"""A larger difference confuses people who read times."""
WRONG_CLOCK_SECONDS = 240.0
"""Cloud storage refuses requests signed some minutes off."""
LIVE_SECONDS = 10.0


def check_server(client: OperatorClient) -> Check:
    """Address and login together: all else needs both."""
    try:
        info = client.read_server_info()
        user = client.read_user_name()
    except LoginRefusedError as error:
        todo = "Make a new API key for the user in AYON"
        return Check("login", WRONG, str(error), todo)
    except ServerUnreachableError as error:
        todo = "Check the address, the network and the server"
        return Check("server", WRONG, str(error), todo)
    except ServerError as error:
        return Check("server", WRONG, str(error), "See to the server")
    version = info.get("version") or "of unknown version"
    return Check("server", OK, f"AYON {version}, logged in as '{user}'")


def check_addon(client: OperatorClient) -> Iterator[Check]:
    try:
        version = client.find_addon_version()
        pauses = client.list_pauses()
        ahead = client.read_clock()
    except ServerError as error:
        todo = "Upload Site Sync and put it into the bundle, or give --addon-version"
        yield Check("addon", WRONG, str(error), todo)
        return
    if version == __version__:
        yield Check("addon", OK, f"Site Sync {version} on both sides")
    else:
        found = f"The server has Site Sync {version}, this machine {__version__}"
        yield Check("addon", WARNING, found, "Use the same version on both")
    yield check_clock(ahead)
    if any(pause["scope"] == "all" for pause in pauses):
        yield Check(
            *("pauses", WARNING, "Everything is paused"),
            "Let it go on with: resume --everything",
        )


def check_clock(server_time: Optional[float]) -> Check:
    if server_time is None:
        return Check("clock", OK, "The server does not tell its time")
    # The server tells whole seconds.
    difference = abs(time.time() - server_time - 0.5)
    found = f"{difference:.0f} s from the server's"
    if difference < CLOCK_SECONDS:
        return Check("clock", OK, found)
    result = WARNING if difference < WRONG_CLOCK_SECONDS else WRONG
    return Check("clock", result, found, "Set the clock, with NTP if you can")


def check_live_channel(client: OperatorClient) -> Check:
    """Whether hints of the server arrive; without them work starts later."""
    live = LiveChannel(client, lambda: None)
    end = time.monotonic() + LIVE_SECONDS
    try:
        while not live.is_up():
            if time.monotonic() > end:
                return Check(
                    *("live channel", WARNING, "The server's hints do not arrive"),
                    "Let proxies pass /ws; until then work is looked for by the clock",
                )
            time.sleep(0.05)
    finally:
        live.stop()
    return Check("live channel", OK, "The server's hints arrive")
