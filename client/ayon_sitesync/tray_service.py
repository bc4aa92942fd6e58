"""Site Sync in the tray: the agent, its menu, its log and its notifications."""

from __future__ import annotations

import logging
import logging.handlers
import threading
import webbrowser
from pathlib import Path
from typing import Any, Callable

from .addon_services import AddonServices
from .errors import ServerError
from .machine_pause import MachinePause
from .optional_packages import find_missing
from .printable import LineFormatter
from .tray_agent import HELD, IDLE, AgentState, TrayAgent
from .tray_menu import TrayActions, TrayMenu

log = logging.getLogger(__name__)

LOG_BYTES = 5_000_000
LOG_FILES = 3
LOOK_SECONDS = 30.0
"""The longest time until a pause that others ordered is seen here."""


class TrayService:
    """Made by `tray_init`, started by `tray_start`, stopped by `tray_exit`."""

    def __init__(
        self,
        services: AddonServices,
        log_folder: Path,
        notify: Callable[[str], None],
    ) -> None:
        self._services = services
        self._log_folder = log_folder
        self._notify = notify
        self._menu: Any = None
        self._stop = threading.Event()
        self._look = threading.Event()
        self.agent = TrayAgent(
            services.client, services.site_id, notify=self._notify_of_failure
        )
        self.pauses = MachinePause(
            services.client, services.site_id, self.agent.set_paused
        )

    def start(self) -> None:
        self._start_log()
        for package, effect in find_missing():
            log.warning(
                "The package '%s' is not installed: %s. Make a dependency package for"
                " the bundle with AYON's dependency tool.",
                *(package, effect),
            )
        self.agent.start()
        self._services.wake.wake_here = self.agent.wake
        self._stop.clear()
        self._in_background(self._keep_up)

    def stop(self) -> None:
        self._services.wake.wake_here = None
        self._stop.set()
        self._look.set()
        self.agent.stop()

    def read_state(self) -> AgentState:
        """What the menu shows: the agent's state, or that all are paused."""
        state = self.agent.state
        reason = self.pauses.reason_for_all
        if reason and state.name == IDLE:
            return AgentState(HELD, problem=reason)
        return state

    def make_menu(self, parent: Any) -> None:
        actions = TrayActions(
            sync_now=self.sync_now,
            pause=self.pause,
            resume=self.resume,
            open_panel=self.open_panel,
            show_log=self.show_log,
        )
        self._menu = TrayMenu(
            parent, self._services.site_id, self._refresh_state, actions
        )

    # --- actions of the menu ---------------------------------------------------------

    def sync_now(self) -> None:
        self.agent.wake()

    def pause(self) -> None:
        """Stop at once here; the server remembers it for the next start."""
        self.pauses.want(True)
        self._look.set()

    def resume(self) -> None:
        self.pauses.want(False)
        self._look.set()

    def open_panel(self) -> None:
        self._in_background(self._open_panel)

    def show_log(self) -> None:
        path = self._log_folder / "sitesync.log"
        webbrowser.open(path.as_uri() if path.exists() else self._log_folder.as_uri())

    def _open_panel(self) -> None:
        try:
            url, _ = self._services.client.read_login()
            version = self._services.client.find_addon_version()
        except ServerError as error:
            self._notify(str(error))
            return
        webbrowser.open(f"{url}/addons/sitesync/{version}/frontend/")

    def _refresh_state(self) -> AgentState:
        """The menu opens: it shows what is known, and a look is due."""
        self._look.set()
        return self.read_state()

    def _keep_up(self) -> None:
        """Follow the pauses, and tell what could not be told, until the tray ends."""
        while not self._stop.is_set():
            self._look.clear()
            try:
                self.pauses.look()
                self._services.replay()
            except Exception:
                # The thread is all there is: it tells and tries again.
                log.exception("Site Sync looks again later")
            self._look.wait(LOOK_SECONDS)

    def _notify_of_failure(self, text: str) -> None:
        log.warning("%s", text)
        self._notify(text)

    def _in_background(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name="sitesync-tray", daemon=True).start()

    def _start_log(self) -> None:
        logger = logging.getLogger("ayon_sitesync")
        if any(
            isinstance(known, logging.handlers.RotatingFileHandler)
            for known in logger.handlers
        ):
            return
        try:
            self._log_folder.mkdir(parents=True, exist_ok=True)
            handler = logging.handlers.RotatingFileHandler(
                self._log_folder / "sitesync.log",
                maxBytes=LOG_BYTES,
                backupCount=LOG_FILES,
                encoding="utf-8",
                delay=True,
            )
        except OSError as error:
            log.warning("There will be no log file: %s", error)
            return
        handler.setFormatter(
            LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        )
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
