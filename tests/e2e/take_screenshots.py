"""Pictures of every view at two sizes: python -m tests.e2e.take_screenshots."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from devhost.process import DevhostProcess
from tests.e2e.browser import run_chromium
from tests.e2e.busy_studio import PROVIDER_SETTINGS, SITES, BusyStudio
from tests.e2e.panel_project import PanelProject

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SIZES = ((1500, 900), (900, 700))


def _open_details(page: Page) -> None:
    failed = page.get_by_title(re.compile("failed.*checksum"))
    failed.first.dblclick()
    page.get_by_role("grid").evaluate("(grid) => { grid.scrollLeft = 0; }")
    expect(page.get_by_role("complementary", name="Details")).to_be_visible()
    expect(page.get_by_role("heading", name="History")).to_be_visible()


def _select_some(page: Page) -> None:
    rows = page.get_by_role("row")
    rows.nth(3).click()
    rows.nth(6).click(modifiers=["Shift"])
    expect(page.get_by_role("toolbar")).to_be_visible()


def _ask_to_remove(page: Page) -> None:
    _select_some(page)
    page.get_by_role("button", name="Remove from…").click()
    page.get_by_role("dialog").get_by_text("studio").first.click()
    expect(page.get_by_role("dialog").get_by_text("will change")).to_be_visible()


def _filter_by_status(page: Page) -> None:
    page.get_by_role("button", name="Status: any").click()
    expect(page.get_by_role("group", name="Status on each site")).to_be_visible()


def _do_nothing(_page: Page) -> None:
    """The view as it opens."""


PICTURES: tuple[tuple[str, str, Callable[[Page], None]], ...] = (
    ("overview", "", _do_nothing),
    ("representations", "&view=representations", _do_nothing),
    ("selection", "&view=representations", _select_some),
    ("remove", "&view=representations", _ask_to_remove),
    ("filter", "&view=representations", _filter_by_status),
    ("details", "&view=representations&failed=yes", _open_details),
    ("transfers", "&view=transfers", _do_nothing),
    ("sites", "&view=sites", _do_nothing),
    ("projects", "", _do_nothing),
)


def _take(browser: Browser, studio: BusyStudio, only: set[str]) -> None:
    for width, height in SIZES:
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.goto(studio.project.framed_url("manager"))
        page.wait_for_selector("iframe")
        for name, rest, act in PICTURES:
            if only and name not in only:
                continue
            page.goto("about:blank")
            url = f"{studio.project.alone_url}#project={studio.project.name}{rest}"
            page.goto(studio.project.alone_url if name == "projects" else url)
            expect(page.locator(".connection")).to_have_text("live")
            expect(page.get_by_role("status", name="Loading")).to_have_count(0)
            act(page)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{name}-{width}.png", animations="disabled")
        context.close()


def main(names: list[str]) -> None:
    """Take all pictures, or those named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, DevhostProcess(Path(folder)) as host:
        studio = BusyStudio(host)
        studio.create()
        studio.start_moving()
        for name in ("commercial_fox", "episode_two"):
            other = PanelProject(host, name)
            other.create(SITES, PROVIDER_SETTINGS)
            other.publish("shots/sq010/sh0010", file_count=24)
        with run_chromium() as browser:
            _take(browser, studio, set(names))


if __name__ == "__main__":
    main(sys.argv[1:])
