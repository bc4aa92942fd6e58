"""Who may see one folder only walks through the whole panel.

Not only what is shown is looked at: also every answer and frame that the browser gets.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from devhost.process import DevhostProcess
from tests.e2e.browser import PanelPage
from tests.e2e.panel_project import (
    FAILED,
    NEARLINE,
    QUEUED,
    PanelProject,
    PublishedRepresentation,
)
from tests.e2e.panel_walk import VIEWS, Traffic
from tests.support.canaries import Hunt

USER, PROJECT = "restricted", "walls"


@dataclass(frozen=True)
class Names:
    """What things are called in a folder."""

    folder: str
    product: str
    representation: str
    stem: str
    message: str


OPEN = Names("shots/sq001/sh0010", "comp", "exr", "comp", "No space left")
CLOSED = Names("shots/zanzibar", "wombat", "numbat", "bilby", "kookaburra is away")
CANARIES = {
    "folder": "zanzibar",
    "product": CLOSED.product,
    "representation": CLOSED.representation,
    "file": CLOSED.stem,
    "message": "kookaburra",
}


class Walls:
    """Of each folder one representation that failed, one that moves, one that waits."""

    def __init__(self, devhost: DevhostProcess) -> None:
        self.project = PanelProject(devhost, PROJECT)
        self.project.create()
        for names in (CLOSED, OPEN):
            self._publish(names, "Moving", QUEUED)
            self._move()
        for names in (CLOSED, OPEN):
            self._publish(names, "Waiting", QUEUED)
        self._publish(OPEN, "Failed", FAILED)
        self.hidden = self._publish(CLOSED, "Failed", FAILED)

    def _publish(self, names: Names, kind: str, status: int) -> PublishedRepresentation:
        published = self.project.publish(
            *(names.folder, names.product + kind, 1, names.representation),
            stem=names.stem,
        )
        self.project.post_state(published, NEARLINE, status, names.message)
        return published

    def _move(self) -> None:
        """Let an agent take what is queued and report a part of it."""
        agent = {
            "id": uuid.uuid4().hex,
            "siteName": NEARLINE,
            "hostname": "vault02",
            "version": "2.0.0",
            "roots": {"work": "/mnt/projects"},
        }
        limits = {"maxTransfers": 1, "maxFiles": 10, "maxBytes": 10**9}
        claim = {
            "agent": agent,
            "projects": [PROJECT],
            "serve": ["studio"],
            "variant": "production",
            **limits,
        }
        [transfer] = self.project.call("-/claim", claim)["transfers"]
        report: dict[str, Any] = {
            **{key: transfer[key] for key in ("projectName", "representationId")},
            "siteName": NEARLINE,
            "leaseToken": transfer["lease"]["token"],
            "finished": False,
            "files": [
                {"id": transfer["files"][0]["id"], "status": 0, "bytesDone": 400_000}
            ],
        }
        body = {"agentId": agent["id"], "transfers": [report], "claim": None}
        self.project.call("-/report", body)


@pytest.fixture(scope="module")
def walls(devhost_process: DevhostProcess) -> Walls:
    return Walls(devhost_process)


class Visit:
    """A person's look at the panel, and all that his browser was told."""

    def __init__(self, browser: Browser) -> None:
        context = browser.new_context(viewport={"width": 1500, "height": 900})
        page = context.new_page()
        self.panel = PanelPage(page)
        self.hunt = Hunt(CANARIES)
        self.complaints: list[str] = []
        self._traffic = Traffic(page, self.hunt)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location}")

    def look(self) -> None:
        """Take what is on the page, once it has come."""
        expect(self.panel.view.get_by_role("status", name="Loading")).to_have_count(0)
        self.panel.page.wait_for_load_state("networkidle")
        expect(self.panel.view.get_by_role("alert")).to_have_count(0)
        self.hunt.add("page", self.panel.view.content())
        self._traffic.read()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    made = Visit(browser)
    yield made
    made.panel.page.context.close()


def test_nothing_of_a_closed_folder_is_in_any_view_or_answer(
    walls: Walls, visit: Visit
) -> None:
    panel, project = visit.panel, walls.project
    panel.open(project.framed_url(USER))
    panel.wait_for_frame()
    panel.expect_connection("live")
    for view in VIEWS:
        panel.show(view)
        visit.look()

    panel.show("Overview")
    problems = panel.view.get_by_role("list", name="Problems")
    expect(problems.get_by_role("listitem").first).to_contain_text("failed")
    expect(panel.view.get_by_role("region", name="Moving now")).to_contain_text(
        "sh0010"
    )
    card = panel.view.get_by_role("region", name=f"Site {NEARLINE}")
    expect(card).to_contain_text("1 · 1.0 MB")

    panel.show("Transfers")
    for part in ("Moving now", "Waiting"):
        rows = panel.view.get_by_role("region", name=part).get_by_role("row")
        expect(rows).to_have_count(2)

    panel.show("Representations")
    panel.expect_count(3)
    # What happens behind the wall while he looks is no news for him.
    project.post_state(walls.hidden, NEARLINE, FAILED, CLOSED.message + " again")
    project.publish(CLOSED.folder, "wombatNew", 1, CLOSED.representation)
    project.publish(OPEN.folder, "lightMain")
    panel.expect_count(4)
    panel.view.get_by_role("searchbox").fill(CLOSED.folder)
    expect(panel.view.get_by_text("Nothing matches")).to_be_visible()
    panel.view.get_by_role("searchbox").fill("")
    panel.row("compFailed").dblclick()
    details = panel.view.get_by_role("complementary", name="Details")
    expect(details.get_by_text(OPEN.message).first).to_be_visible()
    visit.look()

    # One of these he typed himself.
    del visit.hunt.texts["panel requests"]
    shown = Hunt({"his own": "compFailed"}, visit.hunt.texts).find()
    assert shown == ["his own in page", "his own in panel answers"]
    assert visit.hunt.find() == []
    assert visit.complaints == []


def test_a_link_to_a_representation_of_a_closed_folder_tells_nothing(
    walls: Walls, visit: Visit
) -> None:
    panel = visit.panel
    login = panel.page.context.new_page()
    login.goto(walls.project.framed_url(USER))
    link = f"#project={PROJECT}&view=representations&open={walls.hidden.id}"
    panel.open(f"{walls.project.alone_url}{link}")
    details = panel.view.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("you have no access to its folder")
    visit.look()
    assert visit.hunt.find() == []
    assert visit.complaints == []


def test_all_projects_are_shown_without_what_is_in_closed_folders(
    devhost_process: DevhostProcess, walls: Walls, visit: Visit
) -> None:
    panel = visit.panel
    panel.open(devhost_process.settings_url(USER))
    panel.wait_for_frame()
    panel.expect_connection("live")
    projects = panel.view.get_by_role("region", name="Projects")
    expect(projects.get_by_role("link", name=PROJECT, exact=True)).to_be_visible()
    visit.look()
    assert visit.hunt.find() == []
    assert visit.complaints == []
