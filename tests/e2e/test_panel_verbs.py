"""What a person does to a selection in the panel, and what the server has then."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from devhost.process import DevhostProcess
from tests.e2e.browser import PanelPage
from tests.e2e.panel_project import FAILED, NEARLINE, QUEUED, SYNCED, PanelProject

ABSENT, PAUSED = -1, 3


@pytest.fixture(scope="module")
def project(devhost_process: DevhostProcess) -> PanelProject:
    created = PanelProject(devhost_process, "verbs")
    created.create()
    return created


@pytest.fixture
def panel(page: Page, project: PanelProject) -> PanelPage:
    """The list as a manager sees it."""
    shown = PanelPage(page)
    shown.open_list(project.framed_url("manager"))
    return shown


def _read_site(project: PanelProject, representation_id: str, site: str) -> Any:
    """The row of a site as the server has it, or None."""
    body = {"siteNames": [site], "representationIds": [representation_id]}
    answer = project.call(f"{project.name}/representations/query", body)
    [row] = answer["representations"]
    return row["sites"].get(site)


def _status(project: PanelProject, representation_id: str) -> int:
    row = _read_site(project, representation_id, NEARLINE)
    return ABSENT if row is None else int(row["status"])


@dataclass(frozen=True)
class Case:
    """What a verb makes of a state on the nearline storage."""

    before: int
    verb: str
    action: str
    after: int
    has_undo: bool


CASES = (
    Case(ABSENT, "Sync to…", "Sync", QUEUED, has_undo=True),
    Case(FAILED, "Retry…", "Retry", QUEUED, has_undo=False),
    Case(SYNCED, "Reset…", "Reset", QUEUED, has_undo=False),
    Case(QUEUED, "Pause…", "Pause", PAUSED, has_undo=True),
    Case(PAUSED, "Resume…", "Resume", QUEUED, has_undo=True),
    Case(QUEUED, "Cancel…", "Cancel the transfers", ABSENT, has_undo=False),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_a_verb_changes_the_selection_and_is_undone_where_that_can_be(
    project: PanelProject, panel: PanelPage, case: Case
) -> None:
    name = f"sh090{CASES.index(case)}"
    published = project.publish(f"shots/sq100/{name}")
    if case.before != ABSENT:
        project.post_state(published, NEARLINE, case.before)

    dialog = panel.ask(name, case.verb, NEARLINE)
    dialog.get_by_role("button", name=case.action, exact=True).click()
    expect(dialog).to_have_count(0)
    words = {QUEUED: "queued", PAUSED: "paused", ABSENT: "not there"}
    panel.expect_state(name, NEARLINE, words[case.after])
    assert _status(project, published.id) == case.after

    undo = panel.view.get_by_role("button", name="Undo")
    expect(undo).to_have_count(int(case.has_undo))
    if case.has_undo:
        undo.click()
        panel.expect_state(name, NEARLINE, words[case.before])
        assert _status(project, published.id) == case.before


def test_all_that_matches_is_selected_and_queued_and_nothing_else(
    project: PanelProject, panel: PanelPage
) -> None:
    matching = [project.publish(f"shots/sq140/sh014{number}") for number in range(3)]
    other = project.publish("shots/sq141/sh0149")
    panel.view.get_by_role("searchbox").fill("sq140")
    panel.expect_count(3)
    panel.row("sh0140").click()
    panel.view.get_by_role("button", name="Select all 3").click()
    panel.view.get_by_role("button", name="Sync to…").click()
    dialog = panel.view.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=NEARLINE).check()
    expect(dialog.get_by_text("3 of 3 will change")).to_be_visible()
    dialog.get_by_role("button", name="Sync", exact=True).click()
    expect(dialog).to_have_count(0)
    panel.expect_state("sh0142", NEARLINE, "queued")
    found = [_status(project, one.id) for one in (*matching, other)]
    assert found == [QUEUED, QUEUED, QUEUED, ABSENT]


def test_a_message_about_one_verb_leaves_the_next_in_reach(
    project: PanelProject, panel: PanelPage
) -> None:
    project.publish("shots/sq115/sh0115")
    dialog = panel.ask("sh0115", "Sync to…", NEARLINE)
    dialog.get_by_role("button", name="Sync", exact=True).click()
    message = panel.view.get_by_role("log", name="Messages")
    expect(message.get_by_role("button", name="Undo")).to_be_visible()
    verbs = panel.view.get_by_role("toolbar")
    for width, height in ((1500, 900), (900, 700)):
        panel.page.set_viewport_size({"width": width, "height": height})
        told, bar = message.bounding_box(), verbs.bounding_box()
        assert told is not None
        assert bar is not None
        assert told["y"] + told["height"] <= bar["y"]


def test_the_priority_of_a_selection_is_set(
    project: PanelProject, panel: PanelPage
) -> None:
    published = project.publish("shots/sq120/sh0120")
    project.post_state(published, NEARLINE, QUEUED)
    panel.expect_state("sh0120", NEARLINE, "queued")
    dialog = panel.ask("sh0120", "Priority…", NEARLINE)
    dialog.get_by_role("spinbutton").fill("80")
    dialog.get_by_role("button", name="Set the priority").click()
    expect(panel.view.get_by_text("given the priority")).to_be_visible()
    assert _read_site(project, published.id, NEARLINE)["priority"] == 80
    panel.view.get_by_role("button", name="Undo").click()
    expect(panel.view.get_by_text("Undone.")).to_be_visible()
    assert _read_site(project, published.id, NEARLINE)["priority"] == 50


def test_a_transfer_that_is_dragged_up_the_queue_goes_first(
    project: PanelProject, panel: PanelPage
) -> None:
    first = project.publish("shots/sq125/sh0125", "early")
    last = project.publish("shots/sq125/sh0126", "late")
    for published in (first, last):
        project.post_state(published, NEARLINE, QUEUED)
    panel.show("Transfers")
    waiting = panel.view.get_by_role("region", name="Waiting")
    rows = waiting.get_by_role("row")
    rows.filter(has_text="late").drag_to(rows.filter(has_text="early"))
    expect(panel.view.get_by_text("given the priority")).to_be_visible()

    def read_queue() -> list[str]:
        queued = project.get(f"{project.name}/transfers")["queued"]
        ids = [one["representationId"] for one in queued]
        return [one for one in ids if one in (first.id, last.id)]

    assert read_queue() == [last.id, first.id]
    expect(rows.filter(has_text=re.compile("early|late")).first).to_contain_text("late")
    panel.view.get_by_role("button", name="Undo").click()
    expect(panel.view.get_by_text("Undone.")).to_be_visible()
    assert read_queue() == [first.id, last.id]


def test_html_in_a_name_is_text(project: PanelProject, panel: PanelPage) -> None:
    stem = "<img src=x onerror=alert(1)><b>bold</b>"
    published = project.publish("shots/sq126/sh0127", stem=stem)
    project.post_state(published, NEARLINE, FAILED, message=stem)
    panel.row("sh0127").dblclick()
    details = panel.view.get_by_role("complementary", name="Details")
    expect(details.get_by_text(stem).first).to_be_visible()
    expect(panel.view.locator("b", has_text=re.compile("^bold$"))).to_have_count(0)
    expect(panel.view.locator("img")).to_have_count(0)


def test_a_last_copy_is_named_and_stays(
    project: PanelProject, panel: PanelPage
) -> None:
    published = project.publish("shots/sq130/sh0130")
    panel.row("sh0130").click()
    panel.view.get_by_role("button", name="Remove from…").click()
    dialog = panel.view.get_by_role("dialog")
    dialog.get_by_role("checkbox", name="studio").check()
    expect(dialog.get_by_text("the last copy there is: it stays")).to_be_visible()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(dialog.get_by_role("listitem")).to_contain_text("sh0130")
    assert _read_site(project, published.id, "studio")["status"] == SYNCED
