"""A person goes through the whole panel, and all that the browser was told is kept."""

from __future__ import annotations

from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, WebSocket, expect

from tests.e2e.browser import PanelPage, run_chromium
from tests.support.canaries import Hunt

VIEWS = ("Overview", "Representations", "Transfers", "Sites and agents")
LOGIN = "/devhost/open"
NO_CONTENT = 204
REDIRECTS = range(300, 400)


class Traffic:
    """Requests, answers and frames of a page, as they come."""

    def __init__(self, page: Page, hunt: Hunt) -> None:
        self._hunt = hunt
        self._finished: list[Request] = []
        self._socket: WebSocket | None = None
        page.on("requestfinished", self._note)
        page.on("websocket", self._follow)

    def _note(self, request: Request) -> None:
        # The page that logs in leaves at once, and what it was told with it.
        if urlsplit(request.url).path != LOGIN:
            self._finished.append(request)

    def _follow(self, socket: WebSocket) -> None:
        self._socket = socket
        for event in ("framereceived", "framesent"):
            socket.on(event, lambda text: self._hunt.add("panel frames", text))

    def expect_frame(self, text: str) -> AbstractContextManager[object]:
        """Wait, at the end of the context, for a frame in which a text is."""
        assert self._socket is not None
        return self._socket.expect_event(
            "framereceived", lambda frame: text in str(frame)
        )

    def read(self) -> None:
        """Take what has come; to be asked before the page goes elsewhere."""
        while self._finished:
            request = self._finished.pop()
            answer = request.response()
            assert answer is not None
            has_body = answer.status != NO_CONTENT and answer.status not in REDIRECTS
            self._hunt.add("panel requests", f"{request.url} {request.post_data}")
            self._hunt.add("panel answers", str(answer.all_headers()))
            self._hunt.add("panel answers", answer.body() if has_body else b"")


class Walk:
    """One person's way through the panel.

    :param project_url: the panel of a project, framed; `studio_url` that of the
        settings, about all projects.
    """

    def __init__(self, project_url: str, studio_url: str, hunt: Hunt) -> None:
        self._project_url = project_url
        self._studio_url = studio_url
        self._hunt = hunt

    def run(self, row: str, site: str) -> None:
        """See every view, the details of a row and its states, and order a retry.

        Blocks; Playwright wants a thread without a running loop.
        """
        with run_chromium() as browser:
            self._see_project(browser, row, site)
            self._see_studio(browser)

    def _see_project(self, browser: Browser, row: str, site: str) -> None:
        panel, traffic = self._open(browser)
        panel.open_list(self._project_url)
        panel.expect_connection("live")
        for view in VIEWS:
            panel.show(view)
            self._look(panel, traffic)
        panel.show("Representations")
        panel.row(row).dblclick()
        details = panel.view.get_by_role("complementary", name="Details")
        expect(details.get_by_text(site).first).to_be_visible()
        self._look(panel, traffic)
        dialog = panel.ask(row, "Retry…", site)
        with traffic.expect_frame(f'"{site}"'):
            dialog.get_by_role("button", name="Retry", exact=True).click()
        panel.expect_state(row, site, "queued")
        self._look(panel, traffic)
        panel.page.context.close()

    def _see_studio(self, browser: Browser) -> None:
        panel, traffic = self._open(browser)
        panel.open(self._studio_url)
        panel.wait_for_frame()
        expect(panel.view.get_by_role("table").first).to_be_visible()
        self._look(panel, traffic)
        panel.page.context.close()

    def _open(self, browser: Browser) -> tuple[PanelPage, Traffic]:
        context = browser.new_context(viewport={"width": 1500, "height": 900})
        page = context.new_page()
        return PanelPage(page), Traffic(page, self._hunt)

    def _look(self, panel: PanelPage, traffic: Traffic) -> None:
        expect(panel.view.get_by_role("status", name="Loading")).to_have_count(0)
        self._hunt.add("panel page", panel.view.content())
        traffic.read()
