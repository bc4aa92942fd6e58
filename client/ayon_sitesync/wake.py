"""Tells the agent of this machine that there is work, whichever process it runs in."""

from __future__ import annotations

import logging
import os
import threading
import urllib.error
import urllib.request
from typing import Callable, Optional

log = logging.getLogger(__name__)

WAKE_PATH = "/sitesync/reset_timer"
TRAY_ADDRESS = "AYON_WEBSERVER_URL"
TIMEOUT_SECONDS = 3.0


class Wake:
    """`send` never waits and never raises; calls in quick succession are one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._again = False
        self.wake_here: Optional[Callable[[], None]] = None
        """Wakes an agent of this very process; its owner sets it."""

    def send(self) -> None:
        if self.wake_here is not None:
            self.wake_here()
            return
        if not os.environ.get(TRAY_ADDRESS):
            return
        with self._lock:
            if self._thread is not None:
                self._again = True
                return
            self._thread = threading.Thread(
                target=self._run, name="sitesync-wake", daemon=True
            )
            self._thread.start()

    def receive(self) -> None:
        """Another process asks: wake the agent of this one, and pass nothing on."""
        if self.wake_here is not None:
            self.wake_here()

    def _run(self) -> None:
        while True:
            wake_tray()
            with self._lock:
                if not self._again:
                    self._thread = None
                    return
                self._again = False


def wake_tray() -> bool:
    """Ask the tray of this machine to look for work; whether it heard."""
    address = os.environ.get(TRAY_ADDRESS)
    if not address:
        return False
    request = urllib.request.Request(address + WAKE_PATH, data=b"", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return True
    except (urllib.error.URLError, OSError, ValueError) as error:
        log.debug("No tray was woken at %s: %s", address, error)
        return False
