"""Long and foreign names, ten sites, 1,000 files: nothing runs out of its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from devhost.process import DevhostProcess
from tests.e2e.browser import PanelPage
from tests.e2e.odd_names import FRAMES, MESSAGES, NAMES, SITES, create_odd_names
from tests.e2e.panel_project import PanelProject

SIZES = ((1500, 900), (900, 700))
VIEWS = ("Overview", "Representations", "Transfers", "Sites and agents")
# What is wider than its place. Tables scroll within theirs, and may; what is cut on
# purpose ends in an ellipsis.
_OVERFLOWING = """(root) => [root, ...root.querySelectorAll("*")]
  .filter((element) => {
    const style = getComputedStyle(element);
    const isFree = style.overflowX === "hidden" || style.display === "inline"
      || element.closest(".table, .list, .for-readers, .stack") !== null;
    return !isFree && element.clientWidth > 0
      && element.scrollWidth > element.clientWidth + 1;
  })
  .map((element) => element.outerHTML.slice(0, 120))"""

# Names of the sites of a row's cells that a pointer reaches; pinned cells hide others.
_SITES_IN_REACH = """(grid) => [...grid.querySelectorAll("[data-site]")]
  .filter((cell) => {
    const { left, top, width, height } = cell.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return cell.contains(found);
  })
  .map((cell) => cell.dataset.site)"""


@pytest.fixture(scope="module")
def project(devhost_process: DevhostProcess) -> PanelProject:
    return create_odd_names(devhost_process)


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]} px")
def panel(
    request: pytest.FixtureRequest, browser: Browser, project: PanelProject
) -> Iterator[PanelPage]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    shown = PanelPage(context.new_page())
    shown.open(project.framed_url("manager"))
    shown.wait_for_frame()
    shown.open(f"{project.alone_url}#project={project.name}")
    shown.expect_connection("live")
    yield shown
    context.close()


def _expect_in_place(part: Locator) -> None:
    assert part.evaluate(_OVERFLOWING) == []


def test_every_view_keeps_within_its_frame(panel: PanelPage) -> None:
    for view in VIEWS:
        panel.show(view)
        expect(panel.view.get_by_role("status", name="Loading")).to_have_count(0)
        _expect_in_place(panel.view.locator("body"))


def test_sites_are_in_reach_beside_open_details(panel: PanelPage) -> None:
    panel.show("Representations")
    panel.row("beauty").dblclick()
    expect(panel.view.get_by_role("complementary", name="Details")).to_be_visible()
    grid = panel.view.get_by_role("grid")
    folder = panel.row("beauty").get_by_role("gridcell").first
    grid.evaluate("(grid) => { grid.scrollLeft = grid.scrollWidth; }")
    in_reach: list[str] = grid.evaluate(_SITES_IN_REACH)
    assert panel.site_names[-1] in in_reach
    # What the row is about stays beside them.
    left, cell = grid.bounding_box(), folder.bounding_box()
    assert left is not None
    assert cell is not None
    assert abs(left["x"] - cell["x"]) <= 1


def test_details_and_dialogs_keep_within_their_frames(panel: PanelPage) -> None:
    panel.show("Representations")
    panel.row("beauty").dblclick()
    details = panel.view.get_by_role("complementary", name="Details")
    expect(details.get_by_text(MESSAGES[0]).first).to_be_visible()
    _expect_in_place(details)
    more = details.get_by_role("button", name=f"{FRAMES - 100} more")
    more.click()
    expect(details.locator(".file")).to_have_count(FRAMES)

    for folder, product, _name, stem in NAMES:
        panel.row(product).first.dblclick()
        expect(details.get_by_role("heading", name=folder)).to_be_visible()
        expect(details.get_by_text(f"{stem}.1001.exr").first).to_be_visible()
        _expect_in_place(details)

    panel.view.get_by_role("button", name="Remove from…").click()
    dialog = panel.view.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name=SITES[1][0])).to_be_visible()
    _expect_in_place(dialog)
    bar = panel.view.get_by_role("toolbar", include_hidden=True).bounding_box()
    assert bar is not None
    # One line.
    one_line = 48
    assert bar["height"] <= one_line
