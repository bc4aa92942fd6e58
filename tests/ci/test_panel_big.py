"""The list of a large project: scrolled to its end, and while all of it changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from devhost.process import DevhostProcess
from devhost.seed import SeedPlan, run_seed
from tests.e2e.browser import PanelPage, run_chromium
from tests.e2e.frames import jump, read_sight, scroll, watching
from tests.e2e.panel_project import QUEUED, SYNCED, PanelProject
from tests.e2e.real_studio import wait_until

ROWS = 50_000
PROJECT = "big"
MACHINE = "artist-01"
BURST = 10_000
CHANGED_ROWS = BURST // 2
SLICE = 1000
LEAST_IN_SIGHT = 20
MOVES = 300
# What scrolling may cost beside the same page at rest, on a machine with other work.
MOST_SLOWER = 6
MOST_LONG_TASKS = MOVES // 2
# Frames that may be left out one after the other before a page is frozen.
MOST_MISSED_FRAMES = 100


@pytest.fixture(scope="module")
def project(devhost_process: DevhostProcess) -> PanelProject:
    run_seed(devhost_process.data_dir, SeedPlan(PROJECT, ROWS))
    return PanelProject(devhost_process, PROJECT)


@pytest.fixture(scope="module")
def browser(project: PanelProject) -> Iterator[Browser]:
    """Started after the seed, whose event loop cannot run beside Playwright's."""
    assert project.name == PROJECT
    with run_chromium() as running:
        yield running


@pytest.fixture
def panel(page: Page, project: PanelProject) -> PanelPage:
    """The list as a manager sees it."""
    shown = PanelPage(page)
    shown.open_list(project.framed_url("manager"))
    expect(shown.row("compMain").first).to_be_visible()
    return shown


def _count_requests(panel: PanelPage) -> list[str]:
    """Paths of the addon's API that the page asks for from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/api/addons/" in request.url:
            asked.append(request.url.partition("/api/addons/")[2])

    panel.page.on("request", note)
    return asked


def _wait_for_rows(panel: PanelPage, place: int) -> list[int]:
    """Numbers of the rows in sight, once all around this place have their content."""
    found: list[int] = []

    def is_filled() -> bool:
        sight = read_sight(panel.view)
        found[:] = [number for number in sight if number is not None]
        is_whole = len(found) == len(sight) >= LEAST_IN_SIGHT
        return is_whole and abs(found[0] - place) <= 2 * len(found)

    wait_until(is_filled)
    return found


def _count_on(seen: list[int]) -> list[int]:
    return [*range(seen[0], seen[0] + len(seen))]


def test_it_is_scrolled_without_a_blank_row_and_with_few_requests(
    panel: PanelPage, record_property: Any
) -> None:
    panel.view.locator('[role="grid"]:not([aria-rowcount="-1"])').wait_for()
    total = int(panel.view.get_by_role("grid").get_attribute("aria-rowcount") or 0)
    assert total > 0.9 * ROWS
    at_rest = scroll(panel.view, moves=MOVES, pixels=0)
    asked = _count_requests(panel)
    frames = scroll(panel.view, moves=MOVES, pixels=140)
    record_property("frames", str(frames))
    print(f"scrolled {ROWS} rows: {frames}; at rest: {at_rest}")
    assert median(frames.gaps) <= MOST_SLOWER * median(at_rest.gaps)
    assert len(frames.long_tasks) <= len(at_rest.long_tasks) + MOST_LONG_TASKS
    # 42,000 pixels are 1,500 rows, read in pages of some hundred; and the anchors.
    seen = _wait_for_rows(panel, 1500)
    assert seen == _count_on(seen)
    assert len(asked) <= 16

    asked.clear()
    shares = (0.5, 0.95, 0.2, 0.75, 1.0)
    for share in shares:
        jump(panel.view, share)
        seen = _wait_for_rows(panel, round(share * total))
        assert seen == _count_on(seen)
    # Rows in sight, and a second of scrolling on both sides, in blocks of 200.
    assert len(asked) <= 5 * len(shares)
    assert seen[-1] == total


def test_ten_thousand_changes_at_once_neither_freeze_nor_flood(
    panel: PanelPage, project: PanelProject
) -> None:
    ids: list[str] = []
    after = None
    while len(ids) < CHANGED_ROWS:
        body = {"siteNames": [MACHINE], "first": SLICE, "after": after}
        page = project.call(f"{PROJECT}/representations/query", body)
        ids += [row["representationId"] for row in page["representations"]]
        after = page["pageInfo"]["endCursor"]
    panel.expect_connection("live")
    asked = _count_requests(panel)
    started_at = panel.view.evaluate("() => performance.now()")
    with watching(panel.view) as hold_ups:
        for status in (QUEUED, SYNCED):
            for start in range(0, len(ids), SLICE):
                states = [
                    {"representationId": one, "siteName": MACHINE, "status": status}
                    for one in ids[start : start + SLICE]
                ]
                project.call(f"{PROJECT}/states", {"states": states})
        first = panel.view.locator('[role="row"][aria-rowindex="2"]')
        cell = first.get_by_title(re.compile(f"^{MACHINE}: "))
        expect(cell).to_have_attribute("title", re.compile("synced"))
    seconds = (panel.view.evaluate("() => performance.now()") - started_at) / 1000
    print(f"{BURST} changes in {seconds:.1f} s: {len(asked)} requests")
    # A read of the rows in sight and of the totals, some times a second at most.
    assert len(asked) <= 12 * (seconds + 1)
    assert hold_ups.longest_gap <= MOST_MISSED_FRAMES * median(hold_ups.gaps)
    panel.view.get_by_role("searchbox").fill("nothing is called so")
    expect(panel.view.get_by_text("Nothing matches")).to_be_visible()
