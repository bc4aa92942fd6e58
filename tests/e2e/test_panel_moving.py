"""Large orders and large files, watched in the panel while real agents are at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect

from devhost.demo import ARTIST_SITE, NEARLINE, STUDIO
from devhost.process import DevhostProcess
from tests.e2e.browser import PanelPage
from tests.e2e.real_studio import RealStudio, wait_until

MEGABYTE = 1_000_000
LARGE_BYTES = 8 * MEGABYTE
MEGABYTES_PER_SECOND = 2
# Longer than a lease lasts, and than an agent counts as live without a sign of it.
LONG_SILENCE_SECONDS = 600


@pytest.fixture(scope="module")
def studio(
    devhost_process: DevhostProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealStudio]:
    """With both agents at work, and slow ways to the nearline storage."""
    created = RealStudio(devhost_process, tmp_path_factory.mktemp("sites"))
    created.make_nearline_slow(MEGABYTES_PER_SECOND)
    with ExitStack() as stack:
        stack.enter_context(created.service)
        stack.enter_context(created.artist)
        yield created


@pytest.fixture
def panel(page: Page) -> PanelPage:
    return PanelPage(page)


def _read_percent(panel: PanelPage, row: str, site_name: str) -> int | None:
    """What the cell of a site says; None where it tells no part of a whole."""
    title = panel.cell(row, site_name).get_attribute("title") or ""
    found = re.search(r"\b(\d+) %", title)
    return int(found[1]) if found else None


def test_a_whole_project_is_brought_to_a_site_and_removed_from_it(
    studio: RealStudio, panel: PanelPage
) -> None:
    """What has another copy; on the disk of the site nothing else is left."""
    published = [studio.publish(name) for name in ("whole1", "whole2")]
    panel.open(studio.project.framed_url("manager"))
    panel.wait_for_frame()
    panel.show("Sites and agents")

    def act(verb: str, action: str) -> None:
        name = f"Actions for {NEARLINE}"
        panel.view.get_by_role("button", name=name).click()
        panel.view.get_by_role("button", name=verb).click()
        dialog = panel.view.get_by_role("dialog")
        expect(dialog.get_by_text("will change")).to_be_visible()
        dialog.get_by_role("button", name=action, exact=True).click()
        expect(dialog).to_have_count(0)

    act("Sync everything to it…", "Sync")
    for one in published:
        studio.wait_until_verified(one, NEARLINE)
        good = studio.find_file(one, STUDIO).read_bytes()
        assert studio.find_file(one, NEARLINE).read_bytes() == good

    act("Remove everything…", "Remove")
    for one in published:
        wait_until(lambda one=one: studio.read_state(one, NEARLINE) is None)
        assert not studio.find_file(one, NEARLINE).exists()
        assert studio.find_file(one, STUDIO).exists()


def test_a_large_file_is_seen_on_its_way_and_then_there(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("large", size_bytes=LARGE_BYTES)
    panel.open_list(studio.project.framed_url("manager"))
    panel.expect_connection("live")
    panel.expect_state("/large", NEARLINE, "not there")

    studio.queue(published, NEARLINE)
    seen: list[int] = []

    def is_seen_twice() -> bool:
        percent = _read_percent(panel, "/large", NEARLINE)
        if percent is not None and 0 < percent < 100 and percent not in seen:
            seen.append(percent)
        return len(seen) > 1

    wait_until(is_seen_twice)
    assert seen == sorted(seen)
    file = studio.find_file(published, NEARLINE)
    assert not file.exists()
    panel.expect_state("/large", NEARLINE, "synced just now, verified")
    assert file.read_bytes() == studio.find_file(published, STUDIO).read_bytes()


def _order(panel: PanelPage, row: str, verb: str, action: str) -> None:
    dialog = panel.ask(row, verb, NEARLINE)
    dialog.get_by_role("button", name=action, exact=True).click()
    expect(dialog).to_have_count(0)


def test_what_moves_is_paused_in_the_middle_and_goes_on(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("halted", size_bytes=3 * LARGE_BYTES)
    file = studio.find_file(published, NEARLINE)
    panel.open_list(studio.project.framed_url("manager"))
    studio.queue(published, NEARLINE)
    wait_until(lambda: bool(_read_percent(panel, "/halted", NEARLINE)))
    _order(panel, "/halted", "Pause…", "Pause")
    panel.expect_state("/halted", NEARLINE, "paused")
    studio.wait_until_idle()
    assert not file.exists()

    _order(panel, "/halted", "Resume…", "Resume")
    panel.expect_state("/halted", NEARLINE, "synced just now, verified")
    assert file.read_bytes() == studio.find_file(published, STUDIO).read_bytes()


def test_what_moves_is_cancelled_and_leaves_nothing(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("aborted", size_bytes=3 * LARGE_BYTES)
    file = studio.find_file(published, NEARLINE)
    panel.open_list(studio.project.framed_url("manager"))
    studio.queue(published, NEARLINE)
    wait_until(lambda: bool(_read_percent(panel, "/aborted", NEARLINE)))
    _order(panel, "/aborted", "Cancel…", "Cancel the transfers")
    panel.expect_state("/aborted", NEARLINE, "not there")
    studio.wait_until_idle()
    assert studio.read_state(published, NEARLINE) is None
    assert not file.exists()


def test_what_has_a_higher_priority_arrives_first(
    studio: RealStudio, panel: PanelPage
) -> None:
    # Long enough that each is reported on its own.
    earlier, later = (
        studio.publish(name, size_bytes=LARGE_BYTES // 2)
        for name in ("patient", "urgent")
    )
    studio.service.stop()
    for published in (earlier, later):
        studio.queue(published, NEARLINE)
    panel.open_list(studio.project.framed_url("manager"))
    dialog = panel.ask("/urgent", "Priority…", NEARLINE)
    dialog.get_by_role("spinbutton").fill("90")
    dialog.get_by_role("button", name="Set the priority").click()
    expect(dialog).to_have_count(0)
    studio.service.start()

    for published in (earlier, later):
        studio.wait_until_verified(published, NEARLINE)
        there = studio.find_file(published, NEARLINE).read_bytes()
        assert there == studio.find_file(published, STUDIO).read_bytes()
    assert studio.read_end(later) < studio.read_end(earlier)


def test_an_agent_that_dies_is_told_and_the_next_one_ends_its_work(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("orphaned", size_bytes=3 * LARGE_BYTES)
    panel.open(studio.project.framed_url("manager"))
    panel.wait_for_frame()
    panel.expect_connection("live")
    panel.view.evaluate("window.isSameView = true")
    panel.show("Transfers")
    studio.queue(published, NEARLINE)
    moving = panel.view.get_by_role("region", name="Moving now").get_by_role("row")
    expect(moving.filter(has_text="orphaned")).to_contain_text(re.compile(r"[1-9] %"))

    studio.service.kill()
    with studio.later(LONG_SILENCE_SECONDS):
        waiting = panel.view.get_by_role("region", name="Waiting").get_by_role("row")
        expect(waiting.filter(has_text="orphaned")).to_be_visible()
        expect(moving).to_have_count(0)
        panel.show("Overview")
        card = panel.view.get_by_role("region", name=f"Site {STUDIO}")
        expect(card).to_contain_text("last agent")
        panel.show("Sites and agents")
        agents = panel.view.get_by_role("region", name="Agents").get_by_role("row")
        gone = agents.filter(has=panel.view.get_by_role("cell", name=STUDIO))
        expect(gone).to_contain_text("last seen")
        file = studio.find_file(published, NEARLINE)
        assert not file.exists()

        studio.service.start()
        expect(gone).to_contain_text("started")
        panel.show("Representations")
        panel.expect_state("/orphaned", NEARLINE, "synced just now, verified")
    assert file.read_bytes() == studio.find_file(published, STUDIO).read_bytes()
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    assert panel.view.evaluate("window.isSameView") is True


def test_a_project_is_cleared_from_the_own_machine_except_for_last_copies(
    studio: RealStudio, panel: PanelPage
) -> None:
    """As its artist does it, to have room on his disk again."""
    copies = [studio.publish(f"copy{number}") for number in (1, 2)]
    only = studio.publish("only", at_artist=True)
    for published in copies:
        studio.queue(published, ARTIST_SITE)
        studio.wait_until_verified(published, ARTIST_SITE)
    panel.open(studio.project.framed_url("artist"))
    panel.wait_for_frame()
    panel.show("Sites and agents")
    name = f"Actions for {ARTIST_SITE}"
    panel.view.get_by_role("button", name=name).click()
    panel.view.get_by_role("button", name="Clear this project from it…").click()
    dialog = panel.view.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name=ARTIST_SITE)).to_be_checked()
    expect(dialog.get_by_text("2 of 3 will change")).to_be_visible()
    expect(dialog.get_by_text("the last copy there is: it stays")).to_be_visible()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    # What stays is named, for it is why the machine is not empty.
    expect(dialog.get_by_role("listitem")).to_contain_text(ARTIST_SITE)
    dialog.get_by_role("button", name="Close").click()

    panel.show("Representations")
    for number in (1, 2):
        panel.expect_state(f"/copy{number}", ARTIST_SITE, "not there")
    panel.expect_state("/only", ARTIST_SITE, "synced")
    for published in copies:
        assert studio.read_state(published, ARTIST_SITE) is None
        assert not studio.find_file(published, ARTIST_SITE).exists()
        assert studio.find_file(published, STUDIO).exists()
    kept = studio.read_state(only, ARTIST_SITE)
    assert kept is not None
    assert kept["filesSynced"] == 1
    assert studio.find_file(only, ARTIST_SITE).exists()


def test_a_last_copy_goes_where_a_manager_insists(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("unloved")
    panel.open_list(studio.project.framed_url("manager"))
    dialog = panel.ask("/unloved", "Remove from…", STUDIO)
    dialog.get_by_role("checkbox", name="Also where it is the last copy").check()
    expect(dialog.get_by_text("What is lost cannot be brought back")).to_be_visible()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    panel.expect_state("/unloved", STUDIO, "not there")
    assert studio.read_state(published, STUDIO) is None
    assert not studio.find_file(published, STUDIO).exists()
