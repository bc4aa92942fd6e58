"""Deleting what the server says, and nothing else, with real files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import (
    RequestRefusedError,
    ServerUnreachableError,
)
from ayon_sitesync.providers.base import Provider
from ayon_sitesync.transfer.removal import Removals
from ayon_sitesync.work import Removal, RemovalFile, TransferKey

from tests.unit.client.disks import Disks
from tests.unit.client.memory_server import FakeClock, MemoryServer
from tests.unit.client.test_agent import OWN_SITE, Bench, StudioSites


class Desk:
    """The removals of one agent, its server and its disk."""

    def __init__(self, base: Path) -> None:
        self.disks = Disks(base)
        self.sites = StudioSites(self.disks)
        self.server = MemoryServer()
        self.clock = FakeClock()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.removals = Removals(
            *("a" * 32, self.server, self.sites, self.clock),
            lambda name, data: self.events.append((name, data)),
        )

    @property
    def root(self) -> Path:
        return self.disks.target_root

    def write(self, *names: str) -> None:
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"frame")

    def make(self, *names: str, number: int = 1) -> Removal:
        """A removal of files on the own site, as a claim gives it."""
        key = TransferKey("demo", f"{number:032x}", OWN_SITE)
        files = tuple(RemovalFile(name, f"{{root[work]}}/{name}") for name in names)
        return Removal(key, f"{number:032d}", files)

    def work(self, *removals: Removal) -> None:
        self.removals.accept(removals)
        self.removals.work()

    def list_problems(self) -> list[str]:
        return [data["message"] for event, data in self.events if event == "problem"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_files_go_with_the_folders_that_are_empty_then(desk: Desk) -> None:
    desk.write("demo/sh1/v1/a.exr", "demo/sh1/v1/b.exr", "demo/sh1/v2/c.exr")
    desk.work(desk.make("demo/sh1/v1/a.exr", "demo/sh1/v1/b.exr"))
    assert desk.disks.list_files() == ["demo/sh1/v2/c.exr"]
    assert not (desk.root / "demo/sh1/v1").exists()
    [report] = desk.server.removal_reports
    assert report.deleted == ("demo/sh1/v1/a.exr", "demo/sh1/v1/b.exr")
    assert (report.failed, report.finished) == ((), True)
    assert desk.removals.is_idle
    [(event, told)] = desk.events
    assert (event, told["state"], told["filesDeleted"]) == ("removal", "finished", 2)


def test_a_root_keeps_its_own_folders(desk: Desk) -> None:
    desk.write("demo/sh1/a.exr", "top.exr")
    desk.work(desk.make("demo/sh1/a.exr", "top.exr"))
    assert [path.name for path in desk.root.iterdir()] == ["demo"]
    assert list((desk.root / "demo").iterdir()) == []


def test_what_is_gone_already_is_deleted(desk: Desk) -> None:
    desk.write("demo/b.exr")
    desk.work(desk.make("demo/gone/a.exr", "demo/b.exr"))
    [report] = desk.server.removal_reports
    assert (len(report.deleted), report.failed) == (2, ())


def test_a_path_that_leaves_the_root_is_refused_for_good(
    desk: Desk, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.exr").write_bytes(b"precious")
    (tmp_path / "b.exr").write_bytes(b"precious")
    (desk.root / "linked").symlink_to(outside)
    desk.write("demo/c.exr")
    desk.work(desk.make("linked/a.exr", "../b.exr", "demo/c.exr"))
    assert (outside / "a.exr").exists()
    assert (tmp_path / "b.exr").exists()
    [report] = desk.server.removal_reports
    assert report.deleted == ("demo/c.exr",)
    assert {failure.id: failure.error_class for failure in report.failed} == {
        "linked/a.exr": "permanent",
        "../b.exr": "permanent",
    }


def test_a_link_goes_and_what_it_leads_to_stays(desk: Desk, tmp_path: Path) -> None:
    precious = tmp_path / "precious.exr"
    precious.write_bytes(b"precious")
    (desk.root / "demo").mkdir()
    (desk.root / "demo/a.exr").symlink_to(precious)
    desk.work(desk.make("demo/a.exr"))
    assert precious.exists()
    assert not (desk.root / "demo/a.exr").is_symlink()


class Stubborn:
    """A disk that refuses to delete some files."""

    def __init__(self, provider: Provider, delete: Callable[[str], None]) -> None:
        self._provider = provider
        self.delete = delete

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


def test_a_file_that_may_not_be_deleted_is_told_and_worth_another_try(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("demo/a.exr", "demo/b.exr")
    unlink = os.unlink

    def refuse(path: str) -> None:
        if path.endswith("a.exr"):
            raise PermissionError(13, "Permission denied", path)
        unlink(path)

    monkeypatch.setattr("os.unlink", refuse)
    desk.work(desk.make("demo/a.exr", "demo/b.exr"))
    [report] = desk.server.removal_reports
    assert report.deleted == ("demo/b.exr",)
    [failure] = report.failed
    assert (failure.id, failure.error_class) == ("demo/a.exr", "retryable")
    assert "access is denied" in failure.message
    assert report.finished
    assert desk.events[-1][1]["state"] == "failed"


def test_a_removal_that_is_taken_back_ends_and_tells_what_is_gone(desk: Desk) -> None:
    names = [f"demo/{number}.exr" for number in range(5)]
    desk.write(*names)
    removal = desk.make(*names)

    def delete(path: str) -> None:
        Path(path).unlink()
        desk.clock.seconds += 1
        if path.endswith("1.exr"):
            desk.server.removal_states[removal.key] = "cancelled"

    desk.sites.replace(OWN_SITE, Stubborn(desk.disks.target, delete))
    desk.work(removal)
    assert desk.disks.list_files() == names[2:]
    last = desk.server.removal_reports[-1]
    assert (last.deleted, last.finished) == (tuple(names[:2]), True)
    assert desk.removals.is_idle


def test_it_is_asked_again_before_a_removal_that_has_waited(desk: Desk) -> None:
    desk.write("demo/a.exr", "demo/b.exr")
    first, second = desk.make("demo/a.exr"), desk.make("demo/b.exr", number=2)
    desk.removals.accept([first, second])
    desk.clock.seconds += 5
    desk.server.removal_states[second.key] = "lost"
    desk.removals.work()
    assert desk.disks.list_files() == ["demo/b.exr"]


def test_a_site_that_cannot_be_used_gives_its_removals_back(desk: Desk) -> None:
    desk.write("demo/a.exr")
    desk.sites.broken[OWN_SITE] = "not mounted"
    desk.work(desk.make("demo/a.exr"), desk.make("demo/b.exr", number=2))
    assert desk.server.requests == ["release"]
    [(project, fault)] = desk.removals.take_faults()
    assert (project, fault.reason) == ("demo", "not mounted")
    assert desk.removals.take_faults() == []
    assert desk.removals.is_idle


def test_work_goes_on_where_it_was_when_the_server_answers_again(desk: Desk) -> None:
    names = [f"demo/{number}.exr" for number in range(3)]
    desk.write(*names)
    failures = iter([ServerUnreachableError("no route"), None])

    def fail_once() -> None:
        error = next(failures, None)
        if error is not None:
            raise error

    desk.server.on_removals = fail_once
    desk.work(desk.make(*names))
    assert desk.disks.list_files() == []
    assert desk.server.removal_reports[-1].deleted == tuple(names)
    # The agent tells of that itself.
    assert desk.list_problems() == []


def test_a_refused_report_ends_the_removals(desk: Desk) -> None:
    desk.write("demo/a.exr")
    desk.server.failure = RequestRefusedError("removals.0: is wrong", status=400)
    desk.work(desk.make("demo/a.exr"))
    assert desk.removals.is_idle
    assert desk.list_problems() == ["Removals are refused: removals.0: is wrong"]


def test_what_is_stopped_is_given_back(desk: Desk) -> None:
    desk.write("demo/a.exr", "demo/b.exr")
    desk.removals.accept([desk.make("demo/a.exr"), desk.make("demo/b.exr", number=2)])
    desk.removals.stop.set()
    desk.removals.work()
    desk.removals.give_back()
    assert desk.disks.list_files() == ["demo/a.exr", "demo/b.exr"]
    assert desk.server.requests == ["report_removals", "release"]
    assert desk.removals.is_idle


def test_an_agent_deletes_files_and_waits_for_that(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk = Desk(tmp_path)
    desk.write("demo/a.exr")
    bench.server.removals = [desk.make("demo/a.exr")]
    bench.run_once()
    assert bench.disks.list_files() == []
    assert bench.server.removal_reports[-1].finished


def test_an_agent_tells_of_a_site_that_it_cannot_delete_from(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk = Desk(tmp_path)
    desk.write("demo/a.exr")
    bench.sites.broken[OWN_SITE] = "not mounted"
    bench.server.removals = [desk.make("demo/a.exr")]
    summary = bench.run_once()
    assert bench.disks.list_files() == ["demo/a.exr"]
    assert "not mounted" in summary.unfinished


def test_removal_that_meets_the_unexpected_fails_and_ends_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("a.exr", "b.exr")
    delete = desk.disks.target.delete

    def fail(path: str) -> None:
        if path.endswith("a.exr"):
            raise OSError(5, "Input/output error")
        delete(path)

    monkeypatch.setattr(desk.disks.target, "delete", fail)
    desk.work(desk.make("a.exr", number=1), desk.make("b.exr", number=2))
    assert desk.removals.is_idle
    assert desk.disks.list_files() == ["a.exr"]
    failures = [f for report in desk.server.removal_reports for f in report.failed]
    assert [(f.id, f.error_class) for f in failures] == [("a.exr", "retryable")]
    assert "Input/output" not in failures[0].message
