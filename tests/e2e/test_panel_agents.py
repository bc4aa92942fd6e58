"""What a person orders in the panel, done by real agents: on the server, on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from devhost.demo import ARTIST_SITE, NEARLINE, PROJECT, STUDIO
from devhost.process import DevhostProcess
from tests.e2e.browser import PanelPage
from tests.e2e.real_studio import RealStudio, wait_until

QUEUED = 1


@pytest.fixture(scope="module")
def studio(
    devhost_process: DevhostProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealStudio]:
    """With both agents at work."""
    created = RealStudio(devhost_process, tmp_path_factory.mktemp("sites"))
    with ExitStack() as stack:
        stack.enter_context(created.service)
        stack.enter_context(created.artist)
        yield created


@pytest.fixture
def panel(page: Page, studio: RealStudio) -> PanelPage:
    """The panel as a manager sees it."""
    shown = PanelPage(page)
    shown.open_list(studio.project.framed_url("manager"))
    return shown


def _sync(panel: PanelPage, row: str, site_name: str) -> None:
    dialog = panel.ask(row, "Sync to…", site_name)
    dialog.get_by_role("button", name="Sync", exact=True).click()
    panel.expect_state(row, site_name, "synced just now, verified")


def test_what_is_synced_is_there_and_what_is_removed_is_gone_from_the_disk(
    studio: RealStudio, panel: PanelPage
) -> None:
    """On the own machine of who asks: other agents leave it the first chance."""
    published = studio.publish("removed")
    panel.open_list(studio.project.framed_url("artist"))
    file = studio.find_file(published, ARTIST_SITE)
    _sync(panel, "/removed", ARTIST_SITE)
    assert file.read_bytes() == studio.find_file(published, STUDIO).read_bytes()

    dialog = panel.ask("/removed", "Remove from…", ARTIST_SITE)
    dialog.get_by_role("button", name="Remove", exact=True).click()
    panel.expect_state("/removed", ARTIST_SITE, "not there")

    wait_until(lambda: studio.read_state(published, ARTIST_SITE) is None)
    assert not file.exists()
    assert studio.find_file(published, STUDIO).exists()


def test_what_is_only_forgotten_stays_on_the_disk(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("forgotten")
    _sync(panel, "/forgotten", NEARLINE)

    dialog = panel.ask("/forgotten", "Remove from…", NEARLINE)
    dialog.get_by_role("checkbox", name="Keep the files").check()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    panel.expect_state("/forgotten", NEARLINE, "not there")

    assert studio.read_state(published, NEARLINE) is None
    assert studio.find_file(published, NEARLINE).exists()


def test_a_removal_is_undone_while_no_agent_has_done_it(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("kept")
    _sync(panel, "/kept", NEARLINE)
    studio.service.stop()
    try:
        dialog = panel.ask("/kept", "Remove from…", NEARLINE)
        dialog.get_by_role("button", name="Remove", exact=True).click()
        panel.expect_state("/kept", NEARLINE, "being removed")
        # The one before would take the order to sync back.
        panel.view.get_by_role("button", name="Undo").last.click()
        expect(panel.view.get_by_text("Undone.")).to_be_visible()
    finally:
        studio.service.start()
    panel.expect_state("/kept", NEARLINE, "synced")
    state = studio.read_state(published, NEARLINE)
    assert state is not None
    assert not state["isRemoving"]
    assert studio.find_file(published, NEARLINE).exists()


def test_a_verification_finds_rotten_bytes_and_mends_them(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("rotten")
    _sync(panel, "/rotten", NEARLINE)
    good = studio.find_file(published, STUDIO).read_bytes()
    file = studio.find_file(published, NEARLINE)
    file.write_bytes(os.urandom(len(good)))

    dialog = panel.ask("/rotten", "Verify…", NEARLINE)
    dialog.get_by_role("button", name="Verify", exact=True).click()
    expect(panel.view.get_by_text("asked to be verified")).to_be_visible()
    wait_until(lambda: file.exists() and file.read_bytes() == good)
    studio.wait_until_verified(published, NEARLINE)
    panel.expect_state("/rotten", NEARLINE, "synced just now, verified")


def test_what_failed_arrives_once_the_cause_is_gone_and_it_is_retried(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("blocked")
    file = studio.find_file(published, NEARLINE)
    file.mkdir(parents=True)
    try:
        studio.queue(published, NEARLINE)
        panel.expect_state("/blocked", NEARLINE, "failed: .* is not a regular file")
    finally:
        file.rmdir()

    dialog = panel.ask("/blocked", "Retry…", NEARLINE)
    dialog.get_by_role("button", name="Retry", exact=True).click()
    panel.expect_state("/blocked", NEARLINE, "synced just now, verified")
    assert file.read_bytes() == studio.find_file(published, STUDIO).read_bytes()


def test_what_is_reset_is_transferred_anew(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("anew")
    _sync(panel, "/anew", NEARLINE)
    good = studio.find_file(published, STUDIO).read_bytes()
    file = studio.find_file(published, NEARLINE)
    file.write_bytes(os.urandom(len(good)))

    dialog = panel.ask("/anew", "Reset…", NEARLINE)
    dialog.get_by_role("button", name="Reset", exact=True).click()
    wait_until(lambda: file.read_bytes() == good)
    studio.wait_until_verified(published, NEARLINE)


def test_what_is_paused_stays_away_until_it_is_resumed(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("held")
    file = studio.find_file(published, NEARLINE)
    studio.service.stop()
    studio.queue(published, NEARLINE)
    dialog = panel.ask("/held", "Pause…", NEARLINE)
    dialog.get_by_role("button", name="Pause", exact=True).click()
    panel.expect_state("/held", NEARLINE, "paused")
    studio.restart_service()
    assert not file.exists()

    dialog = panel.ask("/held", "Resume…", NEARLINE)
    dialog.get_by_role("button", name="Resume", exact=True).click()
    panel.expect_state("/held", NEARLINE, "synced just now, verified")
    assert file.exists()


def test_what_is_cancelled_never_arrives(studio: RealStudio, panel: PanelPage) -> None:
    published = studio.publish("unwanted")
    studio.service.stop()
    studio.queue(published, NEARLINE)
    dialog = panel.ask("/unwanted", "Cancel…", NEARLINE)
    dialog.get_by_role("button", name="Cancel the transfers").click()
    panel.expect_state("/unwanted", NEARLINE, "not there")
    studio.restart_service()
    assert studio.read_state(published, NEARLINE) is None
    assert not studio.find_file(published, NEARLINE).exists()


def test_a_last_copy_stays_on_the_disk(studio: RealStudio, panel: PanelPage) -> None:
    published = studio.publish("lonely")
    dialog = panel.ask("/lonely", "Remove from…", STUDIO)
    expect(dialog.get_by_text("the last copy there is: it stays")).to_be_visible()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(dialog.get_by_role("listitem")).to_contain_text("/lonely")
    dialog.get_by_role("button", name="Close").click()
    studio.restart_service()
    state = studio.read_state(published, STUDIO)
    assert state is not None
    assert not state["isRemoving"]
    assert studio.find_file(published, STUDIO).exists()


def test_a_scan_tells_what_somebody_deleted_from_a_machine(
    studio: RealStudio, panel: PanelPage
) -> None:
    """As its artist sees it: his own machine comes first."""
    published = studio.publish("deleted")
    panel.open_list(studio.project.framed_url("artist"))
    assert panel.site_names[0] == ARTIST_SITE
    _sync(panel, "/deleted", ARTIST_SITE)
    studio.find_file(published, ARTIST_SITE).unlink()

    panel.show("Sites and agents")
    actions = panel.view.get_by_role("button", name=f"Actions for {ARTIST_SITE}")
    actions.click()
    panel.view.get_by_role("button", name="Scan its disk").click()
    row = panel.view.get_by_role("row").filter(has=actions)
    expect(row).to_contain_text("1 missing")
    panel.show("Representations")
    panel.expect_state("/deleted", ARTIST_SITE, "not there")


def test_a_paused_project_waits_and_goes_on(
    studio: RealStudio, panel: PanelPage
) -> None:
    panel.view.get_by_role("button", name="Pause project").click()
    resume = panel.view.get_by_role("button", name="Resume project")
    resume.wait_for()
    published = studio.publish("waiting")
    studio.queue(published, NEARLINE)
    panel.expect_state("/waiting", NEARLINE, "queued")
    # An agent that starts asks for work at once; now it gets none.
    studio.restart_service()
    state = studio.read_state(published, NEARLINE)
    assert state is not None
    assert state["status"] == QUEUED
    assert not studio.find_file(published, NEARLINE).exists()

    resume.click()
    panel.expect_state("/waiting", NEARLINE, "synced just now, verified")
    assert studio.find_file(published, NEARLINE).exists()


def test_a_paused_site_and_a_pause_of_everything_hold_agents_back(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = [studio.publish(name) for name in ("resting", "idle")]
    files = [studio.find_file(one, NEARLINE) for one in published]

    def pauses() -> list[tuple[str, str | None]]:
        found = studio.project.get("-/pauses")["pauses"]
        return [(one["scope"], one["siteName"]) for one in found]

    panel.show("Sites and agents")
    panel.view.get_by_role("button", name=f"Pause {NEARLINE}").click()
    resume = panel.view.get_by_role("button", name=f"Resume {NEARLINE}")
    resume.wait_for()
    assert pauses() == [("site", NEARLINE)]
    studio.queue(published[0], NEARLINE)
    studio.restart_service()
    assert not files[0].exists()
    resume.click()
    panel.view.get_by_role("button", name=f"Pause {NEARLINE}").wait_for()
    studio.wait_until_verified(published[0], NEARLINE)
    assert files[0].exists()

    panel.open(studio.devhost.settings_url("manager"))
    panel.wait_for_frame()
    panel.view.get_by_role("button", name="Pause everything").click()
    resume = panel.view.get_by_role("button", name="Resume: Everything")
    resume.wait_for()
    assert pauses() == [("all", None)]
    studio.queue(published[1], NEARLINE)
    studio.restart_service()
    assert not files[1].exists()
    resume.click()
    panel.view.get_by_role("button", name="Pause everything").wait_for()
    assert pauses() == []
    studio.wait_until_verified(published[1], NEARLINE)
    assert files[1].exists()


def test_older_publishes_are_taken_in_and_brought_to_a_site(
    studio: RealStudio, panel: PanelPage
) -> None:
    published = studio.publish("older", with_rows=False)
    panel.show("Sites and agents")

    def take_in(site_name: str, answer: str) -> None:
        name = f"Actions for {site_name}"
        panel.view.get_by_role("button", name=name).click()
        panel.view.get_by_role("button", name="Take in older publishes…").click()
        dialog = panel.view.get_by_role("dialog")
        dialog.get_by_role("radio", name=answer).check()
        dialog.get_by_role("button", name="Take them in").click()
        expect(dialog).to_have_count(0)

    take_in(STUDIO, "Their files are there")
    state = studio.read_state(published, STUDIO)
    assert state is not None
    assert state["filesSynced"] == 1
    take_in(NEARLINE, "They are not there: sync them to it")
    studio.wait_until_verified(published, NEARLINE)
    file = studio.find_file(published, NEARLINE)
    assert file.read_bytes() == studio.find_file(published, STUDIO).read_bytes()


def test_the_settings_page_lists_projects_and_agents_and_opens_one(
    studio: RealStudio, panel: PanelPage
) -> None:
    panel.open(studio.devhost.settings_url("manager"))
    panel.wait_for_frame()
    agents = panel.view.get_by_role("region", name="Agents")
    expect(agents.get_by_role("row").filter(has_text=ARTIST_SITE)).to_be_visible()
    projects = panel.view.get_by_role("region", name="Projects")
    projects.get_by_role("link", name=PROJECT, exact=True).click()
    panel.view.get_by_role("region", name=f"Site {STUDIO}").wait_for()
    panel.view.get_by_role("link", name=PROJECT).click()
    panel.view.get_by_role("heading", name="All projects").wait_for()


def test_a_site_that_an_agent_cannot_use_is_a_problem_in_words(
    studio: RealStudio, panel: PanelPage
) -> None:
    """The root of a mounted storage is gone: the agent says so, the panel shows it."""
    published = studio.publish("unmounted")
    away = Path(f"{studio.roots.nearline}-away")
    studio.roots.nearline.rename(away)
    try:
        studio.queue(published, NEARLINE)
        panel.show("Overview")
        problems = panel.view.get_by_role("list", name="Problems")
        expect(problems).to_contain_text(NEARLINE)
    finally:
        away.rename(studio.roots.nearline)
    studio.wait_until_verified(published, NEARLINE)
    expect(panel.view.get_by_text("Nothing needs attention.")).to_be_visible()
