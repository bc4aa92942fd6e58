"""A scan against real files: what is told, and what a broken storage does not tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import SiteUnhealthyError, TransferCancelledError
from ayon_sitesync.transfer.scan import ScanResult, scan_site
from ayon_sitesync.transfer.verify import own_algorithm
from ayon_sitesync.work import Removal, RemovalFile, ScanOrder, TransferKey

from tests.unit.client.memory_server import MemoryServer
from tests.unit.client.test_agent import OWN_SITE, Bench

CONTENT = b"frame"


class Scanner:
    """A site's disk and what the server says of it."""

    def __init__(self, base: Path) -> None:
        self.bench = Bench(base)
        self.disks, self.server = self.bench.disks, MemoryServer()
        self.bench.server = self.server

    def list(
        self, name: str, status: int | None = None, **state: Any
    ) -> dict[str, Any]:
        """A file that the server knows, with its state on the site; its row."""
        sites = {} if status is None else {OWN_SITE: {"status": status, **state}}
        path = f"{{root[work]}}/{name}"
        file = {"id": name, "path": path, "size": len(CONTENT), "sites": sites}
        cells = {} if status is None else {OWN_SITE: {"isRemoving": False}}
        row = {"representationId": "1" * 32, "sites": cells, "files": [file]}
        self.server.listed.append(row)
        return row

    def write(self, name: str, content: bytes = CONTENT) -> None:
        path = self.disks.target_root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def scan(self, *, verify: bool = False, requeue: bool = False) -> ScanResult:
        return scan_site(
            *(self.server, self.disks.target, "demo", OWN_SITE),
            verify=verify,
            requeue=requeue,
            report=lambda result: None,
        )

    def told(self) -> dict[str, str]:
        return {each["fileId"]: each["state"] for each in self.server.presence}


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    return Scanner(tmp_path)


def test_only_what_is_news_is_told(scanner: Scanner) -> None:
    for name in ("known", "adopted", "queued", "different", "running"):
        scanner.write(name)
    scanner.write("different", b"another frame")
    scanner.list("known", 4, proof="content")
    scanner.list("adopted")
    scanner.list("queued", 1)
    scanner.list("missing", 4)
    scanner.list("different", 4)
    scanner.list("unwanted")
    scanner.list("running", 0)
    result = scanner.scan()
    assert scanner.told() == {
        "adopted": "present",
        "queued": "present",
        "missing": "missing",
        "different": "different",
    }
    assert (result.found, result.missing, result.different) == (3, 1, 1)
    assert (result.synced, result.queued) == (2, 0)
    assert result.problems == (
        "{root[work]}/missing: it is missing",
        "{root[work]}/different: it has 13 bytes, the published file 5",
    )


def test_contents_are_read_to_verify(scanner: Scanner) -> None:
    scanner.write("known")
    scanner.list("known", 4, proof="content")
    scanner.server.presence_problems = [
        {
            "representationId": "1" * 32,
            "fileId": "known",
            "errorCode": "checksum_mismatch",
            "detail": "its checksum differs",
        }
    ]
    result = scanner.scan(verify=True)
    [told] = scanner.server.presence
    assert told["checksum"].startswith(f"{own_algorithm()}:")
    assert (result.found, result.different) == (0, 1)
    assert result.problems == ("{root[work]}/known: its checksum differs",)


def test_files_under_removal_are_left_out(scanner: Scanner) -> None:
    scanner.write("removed")
    scanner.list("removed", -1)["sites"][OWN_SITE]["isRemoving"] = True
    assert scanner.scan().found == 0
    assert scanner.told() == {}


def test_a_bad_path_stands_for_itself(scanner: Scanner) -> None:
    scanner.write("good")
    scanner.list("../escape", 4)
    scanner.list("good")
    result = scanner.scan()
    assert scanner.told() == {"good": "present"}
    assert ["leaves its root" in problem for problem in result.problems] == [True]


def test_storage_that_is_not_mounted_tells_nothing(scanner: Scanner) -> None:
    scanner.list("lost", 4)
    with pytest.raises(SiteUnhealthyError, match="mounted"):
        scanner.scan()
    assert scanner.told() == {}


def test_a_scan_ends_when_its_owner_says_so(scanner: Scanner) -> None:
    scanner.write("found")
    scanner.list("found")

    def stop(result: ScanResult) -> None:
        raise TransferCancelledError("the scan")

    with pytest.raises(TransferCancelledError):
        scan_site(
            *(scanner.server, scanner.disks.target, "demo", OWN_SITE),
            verify=False,
            requeue=False,
            report=stop,
        )


def test_an_agent_scans_its_site_when_it_is_asked_to(scanner: Scanner) -> None:
    scanner.write("adopted")
    scanner.write("removed")
    scanner.list("adopted")
    scanner.list("missing", 4)
    order = ScanOrder("demo", OWN_SITE, 5.0)
    scanner.server.scans = [order]
    key = TransferKey("demo", "2" * 32, OWN_SITE)
    files = (RemovalFile("removed", "{root[work]}/removed"),)
    scanner.server.removals = [Removal(key, "token", files)]
    scanner.bench.run_once()
    assert scanner.told() == {"adopted": "present", "missing": "missing"}
    assert scanner.server.finished_scans == [(order, (1, 1, 0), None)]
    assert scanner.disks.list_files() == ["adopted"]


def test_a_scan_that_cannot_be_done_says_why(scanner: Scanner) -> None:
    scanner.bench.sites.broken[OWN_SITE] = "not mounted"
    order = ScanOrder("demo", OWN_SITE, 5.0)
    scanner.server.scans = [order]
    scanner.bench.run_once()
    [(_, counts, message)] = scanner.server.finished_scans
    assert counts == (0, 0, 0)
    assert message is not None
    assert "not mounted" in message
    assert any("not mounted" in problem for problem in scanner.bench.list_problems())
