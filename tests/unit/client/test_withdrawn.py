"""Transfers that somebody pauses or cancels stop, whatever they are waiting for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ayon_sitesync.providers.base import Provider
from ayon_sitesync.work import TransferAnswer, TransferKey, TransferReport

from tests.unit.client.memory_server import MemoryServer
from tests.unit.client.test_agent import Bench, StudioSites

WAIT_SECONDS = 20


class OrderlyServer(MemoryServer):
    """Answers reports of what somebody has stopped with the order."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[TransferKey, str] = {}

    def _take_report(self, report: TransferReport) -> TransferAnswer:
        if report.key in self.orders:
            return TransferAnswer(report.key, self.orders[report.key])
        return super()._take_report(report)


class SlowSites(StudioSites):
    """Opening a site takes until it is let go."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.disks)
        self.entered, self.let_go = threading.Event(), threading.Event()

    def open_site(self, project_name: str, site_name: str) -> Provider:
        self.entered.set()
        assert self.let_go.wait(WAIT_SECONDS)
        return super().open_site(project_name, site_name)


@pytest.mark.parametrize("order", ["paused", "cancelled"])
def test_a_file_that_does_not_move_hears_of_it_within_seconds(
    tmp_path: Path, order: str
) -> None:
    bench = Bench(tmp_path)
    server = bench.server = OrderlyServer()
    sites = bench.sites = SlowSites(bench)
    key = server.queue(bench.publish("a.exr"))
    with ThreadPoolExecutor(1) as pool:
        bench.pool = pool
        agent = bench.make_agent()
        agent.step()
        assert sites.entered.wait(WAIT_SECONDS)
        server.orders[key] = order
        bench.clock.seconds += 2.5
        agent.step()
        sites.let_go.set()
    assert bench.count_events("withdrawn") == 1
    assert bench.count_events("problem") == 0
    assert bench.disks.list_files() == []
    assert server.statuses(key) == {}
