"""What a publish tells the server, and what happens when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.publish_sites import compute_publish_sites
from ayon_sitesync.publish_states import RENDER_PAUSE_SECONDS, PublishStates
from ayon_sitesync.site_states import SiteStates
from ayon_sitesync.spool import KEPT_SECONDS, Spool
from ayon_sitesync.statuses import SiteSyncStatus

from .memory_host import MemoryHost

OK, QUEUED = SiteSyncStatus.OK, SiteSyncStatus.QUEUED
SITES = [{"name": "fox", "status": OK}, {"name": "studio", "status": QUEUED}]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publish(host: MemoryHost, clock: Clock, tmp_path: Path) -> PublishStates:
    client: Any = host
    return PublishStates(
        client,
        SiteStates(client),
        lambda user: Spool(tmp_path, user, "http://ayon", lambda: host.now),
        clock.sleep,
        lambda: clock.now,
    )


def write(
    publish: PublishStates, new: list[str], replaced: list[str], on_farm: bool = False
) -> bool:
    return publish.write(
        "demo", new, replaced, SITES, user_name="artist", on_render_node=on_farm
    )


def test_d47_20_representations_on_3_sites_are_one_request(
    publish: PublishStates, host: MemoryHost
) -> None:
    ids = [f"{number:032x}" for number in range(20)]
    sites = [*SITES, {"name": "nearline", "status": QUEUED}]
    assert publish.write(
        "demo", ids, [], sites, user_name="artist", on_render_node=False
    )
    assert host.requests == ["write"]
    assert len(host.rows) == 60


def test_d33_publishing_over_a_version_wants_it_anew_everywhere(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.rows = {("a", "fox"): OK, ("a", "studio"): OK, ("a", "bear"): OK}
    assert write(publish, [], ["a"])
    assert host.requests == ["states", "write"]
    assert host.rows == {("a", "fox"): OK, ("a", "studio"): QUEUED, ("a", "bear"): 1}
    assert all(state["reset"] for state in host.written)


def test_refused_rows_do_not_fail_a_publish(
    publish: PublishStates, host: MemoryHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.refused = {"studio": "forbidden"}
    assert not write(publish, ["a"], [])
    assert host.rows == {("a", "fox"): OK}
    assert "Refused: forbidden." in caplog.text


def test_states_wait_on_disk_for_the_next_client(
    publish: PublishStates, host: MemoryHost
) -> None:
    host.is_down = True
    assert not write(publish, ["a", "b"], [])
    assert publish.replay() == 0
    host.is_down = False
    assert publish.replay() == 1
    assert host.rows[("b", "studio")] == QUEUED
    host.rows.clear()
    assert publish.replay() == 0
    assert host.rows == {}


def test_replay_leaves_newer_rows(publish: PublishStates, host: MemoryHost) -> None:
    host.is_down = True
    write(publish, ["a"], [])
    host.is_down = False
    host.now += 60
    host.rows = {("a", "studio"): OK}
    host.changed_at = {("a", "studio"): host.now}
    publish.replay()
    assert host.rows == {("a", "studio"): OK, ("a", "fox"): OK}


def test_another_user_does_not_replay(publish: PublishStates, host: MemoryHost) -> None:
    host.is_down = True
    write(publish, ["a"], [])
    host.is_down = False
    host.user_name = "someone"
    assert publish.replay() == 0
    assert host.rows == {}


def test_old_and_broken_notes_are_dropped(tmp_path: Path) -> None:
    now = [1000.0]
    spool = Spool(tmp_path, "ar/tist", "http://ayon", lambda: now[0])
    kept = spool.keep("demo", [{"representationId": "a"}])
    broken = kept.with_name("0.json")
    broken.write_text("{", encoding="utf-8")
    assert [spooled.project_name for spooled in spool.read()] == ["demo"]
    assert not broken.exists()
    now[0] += KEPT_SECONDS + 1
    assert list(spool.read()) == []
    assert not kept.exists()


def test_render_node_tries_for_a_minute(
    publish: PublishStates,
    host: MemoryHost,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    host.is_down = True
    assert not write(publish, ["a"], [], on_farm=True)
    assert sum(clock.slept) == 60
    assert set(clock.slept) == {RENDER_PAUSE_SECONDS}
    assert "Queue its representations in the panel" in caplog.text
    host.is_down = False
    assert publish.replay() == 0


# --- on which sites ------------------------------------------------------------------


def names(settings: dict[str, Any], active: str, remote: str) -> dict[str, int]:
    sites = compute_publish_sites({"enabled": True, **settings}, active, remote)
    return {site["name"]: site["status"] for site in sites}


def test_disabled_project_is_on_the_studio_site() -> None:
    found = compute_publish_sites({}, "studio", "studio")
    assert found == [{"name": "studio", "status": OK}]


def test_d15_a_project_that_is_on_counts_whatever_the_studio_says() -> None:
    assert names({}, "fox", "studio") == {"fox": OK, "studio": QUEUED}


def test_equal_sites_have_it() -> None:
    assert names({}, "studio", "studio") == {"studio": OK}


def test_d32_aliases_of_always_accessible_sites_go_along() -> None:
    settings = {
        "config": {"always_accessible_on": [" nearline ", ""]},
        "sites": [
            {"name": "tape", "alternative_sites": ["nearline"]},
            {"name": "vault", "alternative_sites": ["tape"]},
            {"name": "alone", "alternative_sites": []},
        ],
    }
    assert names(settings, "fox", "studio") == {
        "fox": OK,
        "studio": QUEUED,
        "nearline": QUEUED,
        "tape": QUEUED,
        "vault": QUEUED,
    }


@pytest.mark.parametrize("active", ["studio", "sftp"])
def test_d31_presence_wins_among_aliases(active: str) -> None:
    settings = {"sites": [{"name": "sftp", "alternative_sites": ["studio"]}]}
    found = names(settings, active, "sftp" if active == "studio" else "studio")
    assert found == {"studio": OK, "sftp": OK}
