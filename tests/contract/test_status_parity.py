"""The same integers mean the same in the server, the agent and the panel."""

import re

from ayon_sitesync import work

from server.domain.status import SiteStatus
from tests.conftest import ROOT


def test_the_agent_reports_the_servers_integers() -> None:
    assert (work.PROGRESS, work.GIVEN_BACK, work.FAILED, work.SYNCED) == (
        SiteStatus.IN_PROGRESS,
        SiteStatus.QUEUED,
        SiteStatus.FAILED,
        SiteStatus.SYNCED,
    )


def test_the_panel_knows_the_servers_integers() -> None:
    source = (ROOT / "frontend/src/domain/status.ts").read_text()
    block = re.search(r"STATUS = \{(.*?)\}", source, re.S)
    assert block is not None
    found = {
        re.sub(r"([A-Z])", r"_\1", name).upper(): int(value)
        for name, value in re.findall(r"(\w+): (-?\d)", block[1])
    }
    assert found == {status.name: int(status) for status in SiteStatus}
