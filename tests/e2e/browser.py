"""Debian's Chromium, driven by Playwright, and what a person reads in the panel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Frame, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WAIT_MS = 20_000


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """A headless browser; `tests/support/install_chromium.sh` installs it."""
    assert CHROMIUM.exists(), "run: bash tests/support/install_chromium.sh"
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield browser
        browser.close()


class PanelPage:
    """The panel as a person sees it: rows, columns, words. Framed or alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        self.page.goto(url)

    @property
    def view(self) -> Page | Frame:
        """Where the panel is: in the page's frame, if it has one."""
        frame = next((one for one in self.page.frames if one.parent_frame), None)
        return frame or self.page

    def wait_for_frame(self) -> None:
        self.page.wait_for_selector("iframe", timeout=WAIT_MS)

    def show(self, view: str) -> None:
        """Go to a view by its tab."""
        self.view.get_by_role("link", name=view, exact=True).click()

    def open_list(self, url: str) -> None:
        """Open a framed panel and go to its list."""
        self.open(url)
        self.wait_for_frame()
        self.show("Representations")

    @property
    def site_names(self) -> list[str]:
        """Names of the columns that are sites, in their order."""
        headers = self.view.locator(".site-header-name")
        expect(headers.first).to_be_visible()
        return headers.all_inner_texts()

    def row(self, text: str) -> Locator:
        return self.view.get_by_role("row").filter(has_text=text)

    def cell(self, row_text: str, site_name: str) -> Locator:
        """The cell of a site, by what its tooltip says first."""
        title = re.compile(rf"^{re.escape(site_name)}: ")
        cells = self.row(row_text).get_by_role("gridcell")
        return cells.and_(self.view.get_by_title(title))

    def expect_state(self, row_text: str, site_name: str, words: str) -> None:
        """Wait until the cell says this, in its tooltip and for screen readers."""
        cell = self.cell(row_text, site_name)
        expect(cell).to_have_attribute("title", re.compile(words))
        expect(cell).to_contain_text(re.compile(words))

    def ask(self, row: str, verb: str, site_name: str) -> Locator:
        """Select a row, choose a verb and a site; the dialog before its question."""
        self.row(row).click()
        self.view.get_by_role("button", name=verb).click()
        dialog = self.view.get_by_role("dialog")
        dialog.get_by_role("checkbox", name=site_name).check()
        expect(dialog.get_by_text("will change")).to_be_visible()
        return dialog

    def expect_connection(self, word: str) -> None:
        expect(self.view.locator(".connection")).to_have_text(word)

    def expect_count(self, count: int) -> None:
        told = re.compile(rf"^{count} (of [0-9,]+ )?representations?\b")
        expect(self.view.locator(".count")).to_have_text(told)
