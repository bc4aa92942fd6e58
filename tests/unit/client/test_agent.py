"""The agent against a queue in memory, with real files and time that tests move."""

from __future__ import annotations

import shutil
from collections import Counter
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import (
    LoginRefusedError,
    RequestRefusedError,
    RetryableError,
    ServerUnreachableError,
    SiteIdInUseError,
    SiteUnhealthyError,
)
from ayon_sitesync.providers.base import Part, Provider
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits
from ayon_sitesync.transfer.agent import BUSY_SECONDS, Agent
from ayon_sitesync.transfer.agent_config import AgentConfig, AgentSummary
from ayon_sitesync.transfer.appetite import FEWEST_TRANSFERS
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.transfer.runner import SHARES
from ayon_sitesync.work import FAILED, SYNCED, AgentIdentity, TransferFile

from tests.unit.client.disks import MIB, Disks
from tests.unit.client.memory_server import (
    LEASE_SECONDS,
    FakeClock,
    InlineExecutor,
    MemoryServer,
)

OWN_SITE = "brisk-amber-fox"
IDLE_SECONDS = 60.0


class StudioSites:
    """Two disk sites; a site in `broken` cannot be opened."""

    def __init__(self, disks: Disks) -> None:
        self._providers = {"studio": disks.source, OWN_SITE: disks.target}
        self.broken: dict[str, str] = {}
        self.broken_projects: set[str] = set()
        self.projects: set[str] = set()
        self.limits: dict[str, SiteLimits] = {}

    def open_site(self, project_name: str, site_name: str) -> Provider:
        if site_name in self.broken:
            raise SiteUnhealthyError(site_name, self.broken[site_name])
        if project_name in self.broken_projects:
            raise SiteUnhealthyError(site_name, "its root is not there")
        return self._providers[site_name]

    def replace(self, site_name: str, provider: Any) -> None:
        """Put another storage in the place of a site's."""
        self._providers[site_name] = provider

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        return self.limits.get(site_name, NO_LIMITS)

    def find_known_roots(self) -> dict[str, dict[str, str]]:
        return {}

    def find_idle_seconds(self) -> float:
        return IDLE_SECONDS

    def note_projects(self, names: set[str]) -> None:
        self.projects |= names


class Bench:
    """An agent with everything around it."""

    def __init__(self, base: Path) -> None:
        self.disks = Disks(base)
        self.sites = StudioSites(self.disks)
        self.server = MemoryServer()
        self.clock: Any = FakeClock()
        self.pool: Executor = InlineExecutor()
        self.events: list[tuple[str, dict[str, Any]]] = []

    def make_agent(self, *, once: bool = False) -> Agent:
        identity = AgentIdentity("a" * 32, OWN_SITE, "ws042", "2.0.0", {}, "c" * 32)
        return Agent(
            AgentConfig(identity, ("demo",), once=once),
            self.server,
            self.sites,
            self.pool,
            self.clock,
            lambda name, data: self.events.append((name, data)),
        )

    def run_once(self) -> AgentSummary:
        return self.make_agent(once=True).run()

    def publish(self, *names: str, content: bytes = b"frame") -> list[TransferFile]:
        """Files on the studio's disk, as the queue names them."""
        for name in names:
            self.disks.write(name, content)
        return self.describe(*names, size=len(content))

    @staticmethod
    def describe(*names: str, size: int | None = 5) -> list[TransferFile]:
        return [TransferFile(n, f"{{root[work]}}/{n}", size) for n in names]

    def count_events(self, name: str) -> int:
        return sum(event == name for event, _ in self.events)

    def list_problems(self) -> list[str]:
        return [data["message"] for event, data in self.events if event == "problem"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_everything_pending_is_brought_and_reported(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("sh/a.exr", "sh/b.exr"))
    summary = bench.run_once()
    results = bench.server.rows[key].results
    assert bench.server.statuses(key) == {"sh/a.exr": SYNCED, "sh/b.exr": SYNCED}
    assert {result.proof for result in results.values()} == {"content"}
    assert all(result.checksum for result in results.values())
    assert bench.disks.list_files() == ["sh/a.exr", "sh/b.exr"]
    assert (summary.failed_files, summary.progress.files_done) == (0, 2)
    assert [event for event, _ in bench.events] == [
        "started",
        "transfer",
        "progress",
        "idle",
        "stopped",
    ]


def test_d19_one_bad_file_does_not_hold_up_its_siblings(bench: Bench) -> None:
    files = [
        *bench.publish("a.exr", "c.exr"),
        *bench.describe("b.exr", "../escape.exr"),
    ]
    key = bench.server.queue(files)
    summary = bench.run_once()
    assert bench.server.statuses(key) == {
        "a.exr": SYNCED,
        "c.exr": SYNCED,
        "b.exr": FAILED,
        "../escape.exr": FAILED,
    }
    results = bench.server.rows[key].results
    assert results["b.exr"].error_class == "missing_source"
    assert results["../escape.exr"].error_class == "permanent"
    assert summary.failed_files == 2


def test_d8_files_of_one_name_and_hash_stand_for_themselves(bench: Bench) -> None:
    """Textures of one name in two folders, of which one is missing at the source."""
    (there,) = bench.publish("char/a/skin.tex")
    gone = TransferFile("char/b/skin.tex", "{root[work]}/char/b/skin.tex", 5)
    key = bench.server.queue([there, gone])
    bench.run_once()
    assert bench.server.statuses(key) == {there.id: SYNCED, gone.id: FAILED}


def test_d25_error_without_a_text_counts_as_an_attempt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> Part:
        raise RetryableError("")

    key = bench.server.queue(bench.publish("a.exr"))
    monkeypatch.setattr(bench.disks.target, "create_part", fail)
    summary = bench.run_once()
    assert bench.server.rows[key].attempts == {"a.exr": 1}
    assert summary.failed_files == 1


def test_file_that_succeeds_in_the_end_is_not_counted_as_failed(bench: Bench) -> None:
    bench.server = MemoryServer(retries=1)
    bench.publish("other.exr")
    key = bench.server.queue(bench.describe("a.exr"))
    row = bench.server.rows[key]
    pool = InlineExecutor(at_once=False)
    bench.pool = pool

    def work() -> None:
        if row.attempts:
            bench.publish("a.exr")
        pool.run_all()

    bench.clock.on_wait = work
    summary = bench.run_once()
    assert row.attempts == {"a.exr": 1}
    assert bench.server.statuses(key) == {"a.exr": SYNCED}
    assert summary.failed_files == 0


def test_d44_many_small_transfers_share_requests(bench: Bench) -> None:
    for number in range(250):
        bench.server.queue(bench.publish(f"{number}.exr"), number=number)
    bench.run_once()
    assert len(bench.disks.list_files()) == 250
    # 100 at a time at first: a claim, two reports that bring the next work, the last
    # report with the look that finds nothing, and the end.
    assert Counter(bench.server.requests) == {"claim": 1, "report": 3, "release": 1}


def test_work_is_asked_for_with_a_report_while_files_are_under_way(
    bench: Bench,
) -> None:
    pool = InlineExecutor(at_once=False)
    bench.pool = pool
    for number in range(250):
        bench.server.queue(bench.publish(f"{number}.exr"), number=number)
    agent = bench.make_agent()
    assert agent.step() == BUSY_SECONDS
    for _ in range(2):
        pool.run_next()
        agent.step()  # too soon after the last request
        bench.clock.seconds += BUSY_SECONDS
        agent.step()
    assert bench.server.requests == ["claim", "report", "report"]
    rows = bench.server.rows.values()
    assert sum(row.leases_given for row in rows) == 250
    bundled = FEWEST_TRANSFERS // SHARES
    assert sum(bool(row.results) for row in rows) == 2 * bundled


def test_more_transfers_than_a_request_may_tell_of(bench: Bench) -> None:
    bench.server.most_given = 2500
    bench.publish("other.exr")
    for number in range(2500):
        bench.server.queue(bench.describe("missing.exr"), number=number)
    summary = bench.run_once()
    assert summary.failed_files == 2500
    assert bench.server.most_told == 1000
    assert bench.server.requests.count("report") == 3


def test_reports_of_a_large_file_come_once_a_second_and_renew_the_lease(
    bench: Bench,
) -> None:
    pool = InlineExecutor(at_once=False)
    bench.pool = pool
    bench.server.queue(bench.publish("a.exr"))
    agent = bench.make_agent()
    agent.step()
    for _ in range(int(LEASE_SECONDS)):
        bench.clock.seconds += agent.step()
    # Nothing moves: the lease is renewed after each third, and nothing else is sent.
    reports = bench.server.requests.count("report")
    assert reports == 2
    pool.run_all()
    bench.clock.seconds += agent.step()
    agent.step()
    assert bench.count_events("transfer") == 1


def test_lost_lease_stops_the_transfer(bench: Bench) -> None:
    pool = InlineExecutor(at_once=False)
    bench.pool = pool
    key = bench.server.queue(bench.publish("a.exr", "b.exr"))
    agent = bench.make_agent()
    agent.step()
    bench.server.take_lease(key)
    bench.clock.seconds += LEASE_SECONDS / 2
    agent.step()
    pool.run_all()
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.statuses(key) == {}
    assert bench.disks.list_files() == []
    assert any("lease is lost" in problem for problem in bench.list_problems())
    assert bench.count_events("transfer") == 0


def test_stop_gives_back_what_is_not_done(bench: Bench) -> None:
    bench.pool = InlineExecutor(at_once=False)
    done = bench.server.queue(bench.publish("a.exr"), number=1)
    agent = bench.make_agent()
    agent.step()
    left = bench.server.queue(bench.publish("b.exr"), number=2)
    _run_waiting(bench)
    bench.clock.seconds += agent.step()
    agent.step()
    assert bench.server.rows[left].lease_token is not None

    def stop_now() -> None:
        agent.request_stop()
        _run_waiting(bench)

    bench.clock.on_wait = stop_now
    agent.run()
    assert bench.server.statuses(done) == {"a.exr": SYNCED}
    assert bench.server.rows[left].lease_token is None
    assert bench.disks.list_parts() == []
    assert bench.events[-1][0] == "stopped"


def _run_waiting(bench: Bench) -> None:
    assert isinstance(bench.pool, InlineExecutor)
    bench.pool.run_all()


def test_stop_in_the_middle_of_a_file_leaves_no_temporary_file(bench: Bench) -> None:
    content = b"x" * (64 * MIB)
    key = bench.server.queue(bench.publish("a.exr", content=content))
    with ThreadPoolExecutor(1) as pool:
        bench.pool = pool
        agent = bench.make_agent()
        bench.clock.on_wait = agent.request_stop
        agent.run()
    assert bench.server.rows[key].lease_token is None
    assert bench.disks.list_parts() == []
    is_there = bench.disks.list_files() == ["a.exr"]
    assert (bench.server.statuses(key).get("a.exr") == SYNCED) == is_there


def test_pause_gives_back_and_resume_takes_again(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    agent = bench.make_agent()
    agent.pause()
    agent.step()
    assert bench.server.requests == []
    agent.resume()
    agent.step()
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.statuses(key) == {"a.exr": SYNCED}


def test_unreachable_server_is_tried_again_with_growing_delays(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    agent = bench.make_agent()
    bench.server.failure = ServerUnreachableError("connection refused")
    delays = []
    for _ in range(8):
        delays.append(agent.step())
        bench.clock.seconds += delays[-1]
    assert delays == [1, 2, 4, 8, 16, 30, 30, 30]
    assert bench.list_problems() == ["connection refused"]
    bench.server.failure = None
    agent.step()
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.statuses(key) == {"a.exr": SYNCED}
    assert bench.count_events("recovered") == 1


def test_results_survive_an_answer_that_got_lost(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    bench.server.lose_answers = 1
    summary = bench.run_once()
    assert bench.server.statuses(key) == {"a.exr": SYNCED}
    assert bench.count_events("transfer") == 1
    assert summary.progress.transfers_done == 1


def test_run_that_shall_end_gives_up_on_an_unreachable_server(bench: Bench) -> None:
    bench.server.failure = ServerUnreachableError("connection refused")
    with pytest.raises(ServerUnreachableError):
        bench.run_once()


@pytest.mark.parametrize(
    "error",
    [
        LoginRefusedError("no such key"),
        RequestRefusedError("no such project", status=404),
    ],
)
def test_refusal_at_the_first_contact_ends_the_agent(
    bench: Bench, error: Exception
) -> None:
    bench.server.failure = error
    with pytest.raises(type(error)):
        bench.make_agent().run()


def test_d20_fault_of_the_agent_itself_does_not_end_it(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    agent = bench.make_agent()
    bench.server.failure = ValueError("a bug")

    def stop_when_done() -> None:
        bench.server.failure = None
        if bench.server.statuses(key):
            agent.request_stop()

    bench.clock.on_wait = stop_when_done
    agent.run()
    assert bench.server.statuses(key) == {"a.exr": SYNCED}
    assert bench.list_problems() == ["Unexpected ValueError; the log says where"]


def test_refusal_later_on_is_told_and_tried_again(bench: Bench) -> None:
    agent = bench.make_agent()
    bench.clock.seconds += agent.step()
    bench.server.failure = LoginRefusedError("no such key")
    bench.clock.seconds += agent.step()
    assert bench.list_problems() == ["no such key"]
    bench.server.failure = None
    key = bench.server.queue(bench.publish("a.exr"))
    agent.step()
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.statuses(key) == {"a.exr": SYNCED}


def test_path_with_an_unset_root_fails_alone(bench: Bench) -> None:
    lost = TransferFile("f1", "{root[unset]}/a.exr", 1)
    bad = bench.server.queue([lost, *bench.publish("a.exr")], number=1)
    good = bench.server.queue(bench.publish("b.exr"), number=2)
    bench.run_once()
    assert bench.server.statuses(bad) == {"f1": FAILED, "a.exr": SYNCED}
    assert bench.server.rows[bad].results["f1"].error_class == "permanent"
    assert bench.server.statuses(good) == {"b.exr": SYNCED}


def test_refused_report_holds_up_no_other(bench: Bench) -> None:
    bad = bench.server.queue(bench.publish("bad.exr"), number=1)
    good = bench.server.queue(bench.publish("good.exr"), number=2)
    bench.server.refused = {bad}
    agent = bench.make_agent()
    agent.step()
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.statuses(good) == {"good.exr": SYNCED}
    assert bench.server.rows[bad].lease_token is None
    assert bench.list_problems() == ["its report is refused: files.0: is not valid"]


def test_results_are_taken_where_the_next_claim_is_refused(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr"))
    bench.server.refusal = SiteIdInUseError("used by ws007", status=409)
    agent = bench.make_agent()
    agent.step()
    bench.clock.seconds += 1
    assert agent.step() > 0
    assert bench.server.statuses(key) == {"a.exr": SYNCED}
    assert bench.count_events("transfer") == 1
    assert bench.list_problems() == ["used by ws007"]


def test_site_id_in_use_is_told_and_tried_again(bench: Bench) -> None:
    busy = SiteIdInUseError("used by ws007", status=409, code="site_id_in_use")
    agent = bench.make_agent()
    bench.server.failure = busy
    assert agent.step() > 0
    assert bench.list_problems() == ["used by ws007"]
    with pytest.raises(SiteIdInUseError):
        bench.run_once()


def test_d22_unmounted_target_costs_no_attempt_and_is_tried_again(bench: Bench) -> None:
    key = bench.server.queue(bench.publish("a.exr", "b.exr"))
    shutil.rmtree(bench.disks.target_root)
    agent = bench.make_agent()
    agent.step()
    bench.clock.seconds += 0.2
    delay = agent.step()
    assert bench.server.statuses(key) == {}
    assert bench.server.rows[key].attempts == {}
    assert bench.server.rows[key].lease_token is None
    assert delay == pytest.approx(5, abs=0.5)
    assert any("is not there" in problem for problem in bench.list_problems())
    bench.disks.target_root.mkdir()
    bench.clock.seconds += delay
    agent.step()
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.statuses(key) == {"a.exr": SYNCED, "b.exr": SYNCED}
    assert bench.count_events("recovered") == 1


def test_unusable_source_site_does_not_stop_work_with_another(bench: Bench) -> None:
    bench.sites.broken["nearline"] = "no provider is chosen"
    blocked = bench.server.queue(bench.publish("a.exr"), source="nearline", number=1)
    fine = bench.server.queue(bench.publish("b.exr"), number=2)
    agent = bench.make_agent()
    end = bench.clock.seconds + 600
    while bench.clock.seconds < end:
        bench.clock.seconds += agent.step()
    assert bench.server.statuses(fine) == {"b.exr": SYNCED}
    assert bench.server.statuses(blocked) == {}
    assert bench.server.rows[blocked].lease_token is None
    # Delays of 5, 10, 20 ... 300 s: seven tries in ten minutes. A claim that brings
    # work of one site does not ask for what the other cannot give.
    assert bench.server.rows[blocked].leases_given == 7
    assert "release" not in bench.server.requests


def test_missing_root_of_one_project_does_not_stop_the_others(bench: Bench) -> None:
    bench.sites.broken_projects.add("moon")
    files = bench.publish("a.exr")
    stuck = bench.server.queue(files, number=1, project="moon")
    first = bench.server.queue(files, number=2, project="mars")
    agent = bench.make_agent()
    for _ in range(3):
        bench.clock.seconds += agent.step()
    second = bench.server.queue(bench.publish("b.exr"), number=3, project="mars")
    agent.wake()
    for _ in range(3):
        bench.clock.seconds += agent.step()
    assert bench.server.statuses(first) == {"a.exr": SYNCED}
    assert bench.server.statuses(second) == {"b.exr": SYNCED}
    assert bench.server.statuses(stuck) == {}
    assert bench.server.rows[stuck].attempts == {}
    problem = next(data for name, data in bench.events if name == "problem")
    assert (problem["projectName"], problem["siteName"]) == ("moon", "studio")
    assert bench.sites.projects == {"moon", "mars"}


def test_clean_end_tells_the_server_that_the_agent_is_gone(bench: Bench) -> None:
    bench.server.queue(bench.publish("a.exr"))
    bench.run_once()
    assert bench.server.is_agent_gone
    agent = bench.make_agent()
    agent.step()
    agent.pause()
    agent.step()
    assert bench.server.requests[-1] != "release"


def test_run_that_shall_end_says_what_it_could_not_do(bench: Bench) -> None:
    bench.sites.broken["studio"] = "the disk is full"
    bench.server.queue(bench.publish("a.exr"))
    summary = bench.run_once()
    assert "studio" in summary.unfinished
    assert "the disk is full" in summary.unfinished


def test_idle_agent_looks_by_the_clock_and_when_woken(bench: Bench) -> None:
    agent = bench.make_agent()
    agent.step()
    assert agent.step() == pytest.approx(IDLE_SECONDS)
    agent.wake()
    # A second look at most one second after the first, however many events come.
    assert agent.step() == pytest.approx(1.0)
    assert bench.server.requests == ["claim"]
    bench.clock.seconds += 1
    agent.step()
    assert bench.server.requests == ["claim", "claim"]


def test_run_that_shall_end_does_not_idle_after_its_last_file(bench: Bench) -> None:
    pool = InlineExecutor(at_once=False)
    bench.pool = pool
    bench.server.queue(bench.publish("a.exr"))
    agent = bench.make_agent(once=True)
    started = bench.clock.seconds

    def work_after_ten_seconds() -> None:
        if bench.clock.seconds > started + 10:
            pool.run_all()

    bench.clock.on_wait = work_after_ten_seconds
    agent.run()
    assert bench.clock.seconds < started + 20


def test_threads_move_many_files_at_once(bench: Bench) -> None:
    names = [f"seq/{number:04}.exr" for number in range(300)]
    key = bench.server.queue(bench.publish(*names))
    with ThreadPoolExecutor(4) as pool:
        bench.pool = pool
        bench.clock = MonotonicClock()
        summary = bench.run_once()
    assert set(bench.server.statuses(key).values()) == {SYNCED}
    assert bench.disks.list_files() == sorted(names)
    assert summary.progress.files_done == 300
