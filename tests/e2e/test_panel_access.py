"""For everybody: the keyboard alone, no barriers that axe finds, columns by hand."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from devhost.process import DevhostProcess
from tests.e2e.barriers import expect_no_barriers
from tests.e2e.browser import PanelPage
from tests.e2e.panel_project import FAILED, NEARLINE, QUEUED, PanelProject
from tests.e2e.real_studio import wait_until
from tests.support.relay import Relay

VIEWS = ("Overview", "Representations", "Transfers", "Sites and agents")
POPOVERS = ("Status: any", "Changed: any", "More filters", "Sort: folder", "Columns")
MOST_TABS = 60
PROJECT = "access"


@pytest.fixture(scope="module")
def project(devhost_process: DevhostProcess) -> PanelProject:
    created = PanelProject(devhost_process, PROJECT)
    created.create()
    created.publish("shots/sq010/sh0010")
    failed = created.publish("shots/sq010/sh0020", file_count=3)
    created.post_state(failed, NEARLINE, FAILED)
    waiting = created.publish("shots/sq010/sh0030")
    created.post_state(waiting, NEARLINE, QUEUED)
    return created


@pytest.fixture
def panel(page: Page, project: PanelProject) -> PanelPage:
    """The panel alone, as a manager sees it."""
    shown = PanelPage(page)
    shown.open(project.framed_url("manager"))
    shown.wait_for_frame()
    shown.open(f"{project.alone_url}#project={PROJECT}")
    shown.expect_connection("live")
    return shown


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_no_serious_barrier(panel: PanelPage, view: str) -> None:
    panel.show(view)
    expect(panel.view.get_by_role("status", name="Loading")).to_have_count(0)
    expect_no_barriers(panel)


def test_the_settings_page_has_no_serious_barrier(
    devhost_process: DevhostProcess, panel: PanelPage
) -> None:
    panel.open(devhost_process.settings_url("manager"))
    panel.wait_for_frame()
    panel.view.get_by_role("heading", name="Agents").wait_for()
    expect_no_barriers(panel)


def test_popovers_details_and_dialogs_have_no_serious_barrier(panel: PanelPage) -> None:
    panel.show("Representations")
    for name in POPOVERS:
        exact = name == "Columns"
        button = panel.view.get_by_role("button", name=name, exact=exact)
        button.click()
        expect(button).to_have_attribute("aria-expanded", "true")
        expect_no_barriers(panel)
        panel.page.keyboard.press("Escape")
        expect(button).to_have_attribute("aria-expanded", "false")

    panel.row("sh0020").dblclick()
    details = panel.view.get_by_role("complementary", name="Details")
    expect(details.get_by_text("No space left").first).to_be_visible()
    expect_no_barriers(panel)

    dialog = panel.ask("sh0020", "Remove from…", "studio")
    expect_no_barriers(panel)
    dialog.get_by_role("button", name="Cancel").click()
    panel.show("Sites and agents")
    panel.view.get_by_role("button", name="Actions for studio").click()
    panel.view.get_by_role("button", name="Take in older publishes…").click()
    dialog.get_by_text("without a state there").wait_for()
    expect_no_barriers(panel)


def test_lists_without_rows_or_answer_and_selections_have_no_serious_barrier(
    panel: PanelPage,
) -> None:
    panel.show("Representations")
    panel.row("sh0020").click()
    panel.view.get_by_role("button", name="Select all 3").click()
    expect(panel.view.get_by_role("toolbar")).to_contain_text("3 selected")
    expect_no_barriers(panel)

    panel.view.get_by_role("searchbox").fill("nothing is called so")
    expect(panel.view.get_by_text("Nothing matches")).to_be_visible()
    expect_no_barriers(panel)

    panel.page.route("**/representations/query", lambda route: route.abort())
    panel.view.get_by_role("searchbox").fill("sh00")
    words = "The representations could not be read"
    expect(panel.view.get_by_text(words)).to_be_visible()
    expect_no_barriers(panel)


def test_a_lost_connection_has_no_serious_barrier(
    project: PanelProject, panel: PanelPage
) -> None:
    url = urlsplit(project.framed_url("manager"))
    assert url.port is not None
    relay = Relay(url.port)
    panel.open_list(url._replace(netloc=f"127.0.0.1:{relay.port}").geturl())
    panel.expect_connection("live")
    expect(panel.row("sh0020")).to_be_visible()
    relay.cut()
    panel.expect_connection("reconnecting")
    expect_no_barriers(panel)


def _tab_to(panel: PanelPage, target: Locator) -> None:
    """Press Tab until the target has the focus, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        panel.page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached with Tab")


# What Tab shall stop at: of radio buttons one, of what is hidden or off nothing.
_STOPS = """[...document.querySelectorAll(
    'a[href], button, input, select, summary, [tabindex="0"]'
  )].filter((element) => !element.disabled && element.tabIndex >= 0
    && element.checkVisibility({ visibilityProperty: true })).length"""
# Numbers the element with the focus; tells it when nobody sees that it has it.
_LOOK = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  // A field may leave it to the box around it.
  const isSeen = [element, element.parentElement].some((one) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
    const isOutlined = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    return isOutlined || boxShadow !== "none";
  });
  window.visited ??= new Map();
  if (!window.visited.has(element)) window.visited.set(element, window.visited.size);
  return [window.visited.get(element), isSeen ? "" : element.outerHTML.slice(0, 200)];
}"""


@pytest.mark.parametrize("view", VIEWS)
def test_tab_goes_round_all_of_a_view_and_the_focus_is_seen(
    panel: PanelPage, view: str
) -> None:
    panel.show(view)
    expect(panel.view.get_by_role("status", name="Loading")).to_have_count(0)
    expect(panel.view.locator("main, .page, .split").first).to_be_visible()
    panel.page.wait_for_load_state("networkidle")
    wanted = panel.view.evaluate(_STOPS)
    visited: set[int] = set()
    for _ in range(2 * wanted):
        panel.page.keyboard.press("Tab")
        looked = panel.view.evaluate(_LOOK)
        if looked is None:
            continue
        number, unseen = looked
        assert unseen == ""
        visited.add(number)
        if len(visited) == wanted:
            break
    assert len(visited) == wanted


def test_everything_is_reached_with_the_keyboard_alone(
    project: PanelProject, panel: PanelPage
) -> None:
    published = project.publish("assets/first")
    view, keyboard = panel.view, panel.page.keyboard
    _tab_to(panel, view.get_by_role("link", name="Representations", exact=True))
    keyboard.press("Enter")
    expect(panel.row("/assets/first")).to_be_visible()
    _tab_to(panel, view.get_by_role("grid"))
    keyboard.press("Home")
    keyboard.press("Enter")
    details = view.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", name="/assets/first")).to_be_visible()
    keyboard.press("Escape")
    expect(details).to_have_count(0)

    keyboard.press("Space")
    verb = view.get_by_role("toolbar").get_by_role("button", name="Sync to…")
    _tab_to(panel, verb)
    keyboard.press("Enter")
    dialog = view.get_by_role("dialog")
    _tab_to(panel, dialog.get_by_role("checkbox", name=NEARLINE))
    keyboard.press("Space")
    expect(dialog.get_by_text("will change")).to_be_visible()
    _tab_to(panel, dialog.get_by_role("button", name="Sync", exact=True))
    keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    panel.expect_state("/assets/first", NEARLINE, "queued")
    body = {"siteNames": [NEARLINE], "representationIds": [published.id]}
    answer = project.call(f"{PROJECT}/representations/query", body)
    assert answer["representations"][0]["sites"][NEARLINE]["status"] == QUEUED
    # From a question the focus comes back to where it was asked.
    assert verb.evaluate("element => element === document.activeElement")


def test_columns_are_dragged_and_resized_and_stay_so(panel: PanelPage) -> None:
    panel.show("Representations")
    headers = panel.view.get_by_role("columnheader")
    size = headers.filter(has_text="Size")
    files = headers.filter(has_text="Files")
    expect(files).to_be_visible()

    def is_size_first() -> bool:
        left, right = size.bounding_box(), files.bounding_box()
        assert left is not None
        assert right is not None
        return left["x"] < right["x"]

    assert not is_size_first()
    size.drag_to(files)
    wait_until(is_size_first)

    before = size.bounding_box()
    assert before is not None
    edge = before["x"] + before["width"] - 2
    middle = before["y"] + before["height"] / 2
    mouse = panel.page.mouse
    mouse.move(edge, middle)
    mouse.down()
    mouse.move(edge + 60, middle, steps=4)
    mouse.up()

    def width() -> float:
        box = size.bounding_box()
        return 0 if box is None else box["width"]

    wait_until(lambda: abs(width() - before["width"] - 60) <= 2)
    panel.page.reload()
    expect(files).to_be_visible()
    assert is_size_first()
    assert abs(width() - before["width"] - 60) <= 2
