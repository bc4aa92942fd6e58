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
    found = {int(value) for value in re.findall(r'^\s+"?(-?\d)"?: \{', source, re.M)}
    assert found == {int(status) for status in SiteStatus}
