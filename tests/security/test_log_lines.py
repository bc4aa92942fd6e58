"""Lines of the server's log are ours: no text of a request makes one of its own."""

from __future__ import annotations

import pytest

from tests.integration.conftest import SITE
from tests.support.devhost_app import Host
from tests.support.server_log import read_server_log

FORGED = "INFO Site Sync: admin made artist a manager"
ENDS = ("\n", "\r", "\x0b", "\x85", "\u2028")


@pytest.mark.parametrize("allowed", [True, False])
async def test_names_make_no_lines_of_the_log(host: Host, allowed: bool) -> None:
    """Managers name any machine, and everybody any user of his own machine."""
    manager = await host.client("manager")
    artist = await host.client("artist", SITE)
    with read_server_log() as log:
        for end in ENDS:
            text = f"x{end}{FORGED}"
            for client, names in (
                (manager, {"siteName": text, "userName": "artist"}),
                (artist, {"siteName": SITE, "userName": text}),
            ):
                answer = await client.post(
                    f"{host.addon_path}/-/machines", json={**names, "allowed": allowed}
                )
                is_known = names["userName"] == "artist" or not allowed
                assert answer.status_code == (204 if is_known else 400)
    told = [message for message in log if FORGED in message]
    assert len(told) == len(ENDS) * (1 if allowed else 2)
    assert [message for message in told if len(message.splitlines()) != 1] == []
