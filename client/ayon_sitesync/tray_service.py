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
from .tray_agent import TrayAgent
from .tray_menu import TrayActions, TrayMenu

log = logging.getLogger(__name__)

LOG_BYTES = 5_000_000
LOG_FILES = 3


class TrayService:
    """Made by `tray_init`, started by `tray_start`, stopped by `tray_exit`."""

    def __init__(
        self,
        services: AddonServices,
        log_folder: Path,
        notify: Callable[[str], None],
        set_machine_pause: Callable[[bool], None],
        find_machine_pause: Callable[[], bool],
    ) -> None:
        self._services = services
        self._log_folder = log_folder
        self._notify = notify
        self._set_machine_pause = set_machine_pause
        self._find_machine_pause = find_machine_pause
        self._menu: Any = None
        self.agent = TrayAgent(
            services.client, services.site_id, notify=self._notify_of_failure
        )

    def start(self) -> None:
        self._start_log()
        self.agent.start()
        self._services.wake.wake_here = self.agent.wake
        self._in_background(self._catch_up)

    def stop(self) -> None:
        self._services.wake.wake_here = None
        self.agent.stop()

    def make_menu(self, parent: Any) -> None:
        actions = TrayActions(
            sync_now=self.sync_now,
            pause=self.pause,
            resume=self.resume,
            open_panel=self.open_panel,
            show_log=self.show_log,
        )
        self._menu = TrayMenu(
            parent, self._services.site_id, lambda: self.agent.state, actions
        )

    # --- actions of the menu ---------------------------------------------------------

    def sync_now(self) -> None:
        self.agent.wake()

    def pause(self) -> None:
        """Stop at once here; the server remembers it for the next start."""
        self.agent.pause()
        self._in_background(lambda: self._remember_pause(True))

    def resume(self) -> None:
        self.agent.resume()
        self._in_background(lambda: self._remember_pause(False))

    def open_panel(self) -> None:
        self._in_background(self._open_panel)

    def show_log(self) -> None:
        path = self._log_folder / "sitesync.log"
        webbrowser.open(path.as_uri() if path.exists() else self._log_folder.as_uri())

    def _open_panel(self) -> None:
        try:
            url, _ = self._services.client.read_credentials()
            version = self._services.client.find_addon_version()
        except ServerError as error:
            self._notify(str(error))
            return
        webbrowser.open(f"{url}/addons/sitesync/{version}/frontend/")

    def _remember_pause(self, paused: bool) -> None:
        try:
            self._set_machine_pause(paused)
        except ServerError as error:
            log.warning("The pause lasts until the tray ends: %s", error)

    def _catch_up(self) -> None:
        if self._find_machine_pause():
            self.agent.pause()
        self._services.replay()

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
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        )
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
