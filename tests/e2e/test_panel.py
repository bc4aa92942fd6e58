"""The panel in a real browser, on the devhost with the real server half."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Page, expect
from rich.console import Console

from devhost.demo import ARTIST_SITE, Demo, Roots
from devhost.process import DevhostProcess
from tests.e2e.browser import PanelPage
from tests.e2e.panel_project import FAILED, NEARLINE, QUEUED, PanelProject
from tests.support.relay import Relay

PROJECT = "panel"
ANOTHER_PROJECT = "quiet"


@pytest.fixture
def panel(page: Page) -> PanelPage:
    return PanelPage(page)


@pytest.fixture(scope="module")
def project(devhost_process: DevhostProcess) -> PanelProject:
    created = PanelProject(devhost_process, PROJECT)
    created.create()
    created.publish("shots/sq001/sh0010", file_count=3)
    created.publish("shots/sq002/sh0010")
    return created


def test_framed_it_lists_representations_with_a_column_for_each_site(
    project: PanelProject, panel: PanelPage
) -> None:
    panel.open_list(project.framed_url("artist"))

    assert set(panel.site_names) >= {"studio", NEARLINE}
    assert panel.site_names[0] == "studio"
    panel.expect_state("sq001", "studio", "synced just now, not verified yet")
    panel.expect_state("sq001", NEARLINE, "not there")
    panel.expect_connection("live")


def test_a_state_that_is_posted_appears_without_a_reload(
    project: PanelProject, panel: PanelPage
) -> None:
    published = project.publish("shots/sq003/sh0010")
    panel.open_list(project.framed_url("artist"))
    panel.expect_state("sq003", NEARLINE, "not there")
    panel.expect_connection("live")
    panel.page.evaluate("window.isSamePage = true")

    project.post_state(published, NEARLINE, QUEUED)
    panel.expect_state("sq003", NEARLINE, "queued")
    project.post_state(published, NEARLINE, FAILED)
    panel.expect_state("sq003", NEARLINE, "failed, 1 failed: No space left")
    assert panel.page.evaluate("window.isSamePage") is True


def test_a_publish_appears_by_itself(project: PanelProject, panel: PanelPage) -> None:
    panel.open_list(project.framed_url("artist"))
    expect(panel.row("sq001")).to_be_visible()
    panel.expect_connection("live")

    project.publish("shots/sq000/sh0990")
    expect(panel.row("sh0990")).to_be_visible()


def test_after_a_lost_connection_it_shows_what_happened_meanwhile(
    project: PanelProject, panel: PanelPage
) -> None:
    published = project.publish("shots/sq004/sh0010")
    url = urlsplit(project.framed_url("artist"))
    assert url.port is not None
    relay = Relay(url.port)
    panel.open_list(url._replace(netloc=f"127.0.0.1:{relay.port}").geturl())
    panel.expect_state("sq004", NEARLINE, "not there")
    panel.expect_connection("live")

    relay.cut()
    panel.expect_connection("reconnecting")
    project.post_state(published, NEARLINE, QUEUED)
    relay.restore()
    panel.expect_connection("live")
    panel.expect_state("sq004", NEARLINE, "queued")
    relay.cut()


def test_alone_it_opens_the_project_of_the_address(
    project: PanelProject, panel: PanelPage
) -> None:
    panel.open(f"{project.alone_url}#project={PROJECT}&view=representations")
    expect(panel.view.get_by_text("You are not logged in")).to_be_visible()

    login = panel.page.context.new_page()
    login.goto(project.framed_url("artist"))
    panel.expect_state("sq001", "studio", "synced")
    expect(panel.view.get_by_role("link", name=PROJECT)).to_be_visible()


def test_alone_and_without_an_address_it_asks_for_the_project(
    devhost_process: DevhostProcess, project: PanelProject, panel: PanelPage
) -> None:
    PanelProject(devhost_process, ANOTHER_PROJECT).create()
    panel.page.goto(project.framed_url("artist"))
    panel.wait_for_frame()

    other = PanelPage(panel.page.context.new_page())
    other.open(project.alone_url)
    other.view.get_by_role("link", name=ANOTHER_PROJECT, exact=True).click()
    other.show("Representations")
    expect(other.view.get_by_text("Nothing is published here yet")).to_be_visible()
    other.view.get_by_role("link", name=ANOTHER_PROJECT).click()
    other.view.get_by_role("link", name=PROJECT, exact=True).click()
    other.show("Representations")
    expect(other.row("sq001")).to_be_visible()


def test_a_restricted_user_sees_only_his_folders(
    project: PanelProject, panel: PanelPage
) -> None:
    panel.open_list(project.framed_url("restricted"))
    expect(panel.row("/shots/sq001/")).to_be_visible()
    expect(panel.row("/shots/sq002/")).to_have_count(0)
    panel.expect_count(1)


def test_a_search_is_data_and_a_link_repeats_it(
    project: PanelProject, panel: PanelPage
) -> None:
    panel.open_list(project.framed_url("artist"))
    search = panel.view.get_by_role("searchbox")
    search.fill("100%' _ 主人公")
    expect(panel.view.get_by_text("Nothing matches")).to_be_visible()
    search.fill("SQ002")
    panel.expect_count(1)

    link = panel.view.get_by_role("link", name="Copy link").get_attribute("href")
    assert link is not None
    other = PanelPage(panel.page.context.new_page())
    other.open(urljoin(project.alone_url, link))
    other.expect_count(1)
    expect(other.row("sq002")).to_be_visible()
    expect(other.view.get_by_role("searchbox")).to_have_value("SQ002")


def test_a_link_repeats_filters_sort_columns_and_details(
    project: PanelProject, panel: PanelPage
) -> None:
    panel.open_list(project.framed_url("artist"))
    panel.view.get_by_role("button", name="Status: any").click()
    studio = panel.view.get_by_role("group", name="studio", exact=True)
    studio.get_by_role("checkbox", name="synced").check()
    panel.page.keyboard.press("Escape")
    panel.view.get_by_role("button", name="Columns").click()
    panel.view.get_by_role("checkbox", name="Files").uncheck()
    panel.page.keyboard.press("Escape")
    panel.view.get_by_role("button", name="Folder", exact=True).click()
    header = panel.view.get_by_role("columnheader", name="Folder")
    expect(header).to_have_attribute("aria-sort", "descending")
    panel.row("sq002").dblclick()
    expect(panel.view.get_by_role("complementary", name="Details")).to_be_visible()

    def read_view(shown: PanelPage) -> tuple[list[str], list[str]]:
        headers = shown.view.get_by_role("columnheader").all_inner_texts()
        folders = shown.view.locator('[role="gridcell"][aria-colindex="1"]')
        return headers, folders.all_inner_texts()

    link = panel.view.get_by_role("link", name="Copy link").get_attribute("href")
    assert link is not None
    # What this browser remembers shall not help.
    panel.view.evaluate("localStorage.removeItem('sitesync.columns')")
    other = PanelPage(panel.page.context.new_page())
    other.page.set_viewport_size({"width": 1500, "height": 900})
    other.open(urljoin(project.alone_url, link))
    details = other.view.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", name="/shots/sq002")).to_be_visible()
    expect(other.row("sq002")).to_be_visible()
    assert read_view(other) == read_view(panel)
    headers, rows = read_view(other)
    assert not any("Files" in header for header in headers)
    assert rows == sorted(rows, reverse=True)


def test_a_long_list_is_read_in_pages_and_walked_by_keyboard(
    devhost_process: DevhostProcess, panel: PanelPage
) -> None:
    project = PanelProject(devhost_process, "long")
    project.create()
    names = [f"part{number:03}" for number in range(130)]
    project.publish_many("shots/sq001/sh0010", names)
    panel.open_list(project.framed_url("artist"))
    panel.expect_count(130)
    grid = panel.view.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "131")
    expect(panel.row("part000")).to_be_visible()
    expect(panel.row("part129")).to_have_count(0)

    grid.press("End")
    expect(panel.row("part129")).to_be_visible()
    expect(panel.row("part129")).to_have_attribute("aria-rowindex", "131")
    grid.press("Home")
    grid.press("ArrowDown")
    expect(panel.row("part001")).to_have_attribute("aria-selected", "true")


def test_among_equals_in_the_queue_each_is_dropped_where_it_goes(
    devhost_process: DevhostProcess, panel: PanelPage
) -> None:
    project = PanelProject(devhost_process, "dragged")
    project.create()
    names = {}
    for name in ("one", "two", "three", "four", "five"):
        published = project.publish(f"shots/sq300/{name}", name)
        project.post_state(published, NEARLINE, QUEUED)
        names[published.id] = name
    panel.open(project.framed_url("manager"))
    panel.wait_for_frame()
    panel.show("Transfers")
    rows = panel.view.get_by_role("region", name="Waiting").get_by_role("row")
    expect(rows).to_have_count(6)

    def read_queue() -> list[str]:
        queued = project.get(f"{project.name}/transfers")["queued"]
        return [names[one["representationId"]] for one in queued]

    order = read_queue()
    for start, end in ((4, 1), (0, 3)):
        rows.nth(start + 1).drag_to(rows.nth(end + 1))
        order.insert(end, order.pop(start))
        for position, name in enumerate(order, 1):
            expect(rows.nth(position)).to_contain_text(name)
        assert read_queue() == order


def test_it_goes_on_after_the_server_was_restarted(
    tmp_path: Path, panel: PanelPage
) -> None:
    """The devhost forgets logins when it stops, so a new one is part of it."""
    with DevhostProcess(tmp_path) as devhost:
        project = PanelProject(devhost, PROJECT)
        project.create()
        published = project.publish("shots/sq001/sh0010")
        login = panel.page.context.new_page()
        login.goto(project.framed_url("artist"))
        panel.open(f"{project.alone_url}#project={PROJECT}&view=representations")
        panel.expect_state("sq001", NEARLINE, "not there")
        panel.expect_connection("live")
        port = urlsplit(devhost.url).port
    panel.expect_connection("reconnecting")

    with DevhostProcess(tmp_path, f"--port={port}") as devhost:
        login.goto(project.framed_url("artist"))
        panel.expect_connection("live")
        project.post_state(published, NEARLINE, QUEUED)
        panel.expect_state("sq001", NEARLINE, "queued")


def test_what_agents_transfer_is_seen_to_arrive_verified(
    devhost_process: DevhostProcess, tmp_path: Path, panel: PanelPage
) -> None:
    source = tmp_path / "files"
    source.mkdir()
    (source / "plate.mov").write_bytes(bytes(2_000_000))
    roots = Roots.make(tmp_path / "sites")
    demo = Demo(devhost_process, roots, Console(quiet=True))
    demo.configure()
    demo.publish(source)
    panel.open_list(demo.panel_url())
    panel.expect_state("plate", "studio", "not verified yet")
    panel.expect_state("plate", ARTIST_SITE, "queued")
    panel.expect_connection("live")

    with ExitStack() as stack:
        demo.start_agents(stack)
        for site_name in (ARTIST_SITE, NEARLINE):
            panel.expect_state("plate", site_name, "synced just now, verified")
        header = panel.view.get_by_role("columnheader", name=ARTIST_SITE)
        expect(header).to_contain_text("an agent is running")
