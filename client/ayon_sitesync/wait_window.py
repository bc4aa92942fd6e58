"""Shows how a wait goes: a window where there is one, else lines of the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LINE_SECONDS = 5.0
READING_SECONDS = 30.0
"""How long a message stays that nobody closes."""
_STEP_SECONDS = 0.05


class LogWatcher:
    """Tells the log what changed, every few seconds."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._last_text = ""
        self._last_at = float("-inf")

    def show(self, text: str, share: float) -> None:
        line = f"{text} ({share:.0%})"
        now = time.monotonic()
        if line != self._last_text and now - self._last_at >= LINE_SECONDS:
            self._last_text, self._last_at = line, now
            self._log.info(line)

    def tell(self, text: str) -> None:
        self._log.warning(text)

    def is_cancelled(self) -> bool:
        return False


class WindowWatcher:
    """A progress window whose button ends the wait."""

    def __init__(self, title: str, widgets: Any, log: logging.Logger) -> None:
        self._widgets = widgets
        self._log = log
        self._title = title
        self._window = widgets.QProgressDialog("", "Go on without it", 0, 100)
        self._window.setWindowTitle(title)
        self._window.setMinimumDuration(0)
        self._window.setAutoClose(False)

    def show(self, text: str, share: float) -> None:
        self._window.setLabelText(text)
        self._window.setValue(int(share * 100))
        self._widgets.QApplication.processEvents()

    def tell(self, text: str) -> None:
        """A message in place of the window, until it is closed or time is up."""
        self._log.warning(text)
        self._window.hide()
        box = self._widgets.QMessageBox()
        box.setWindowTitle(self._title)
        box.setText(text)
        box.show()
        until = time.monotonic() + READING_SECONDS
        while box.isVisible() and time.monotonic() < until:
            self._widgets.QApplication.processEvents()
            time.sleep(_STEP_SECONDS)
        box.close()

    def is_cancelled(self) -> bool:
        self._widgets.QApplication.processEvents()
        return bool(self._window.wasCanceled())

    def close(self) -> None:
        self._window.close()


@contextmanager
def open_wait_window(title: str, log: logging.Logger) -> Iterator[Any]:
    """A watcher of `published_workfile` for the time of the context."""
    widgets = find_widgets()
    if widgets is None:
        yield LogWatcher(log)
        return
    window = WindowWatcher(title, widgets, log)
    try:
        yield window
    finally:
        window.close()


def find_widgets() -> Any:
    """Qt's widgets when this thread is that of a running application, else None."""
    try:
        from qtpy import QtCore, QtWidgets  # noqa: PLC0415 - not in every process
    except Exception:
        # qtpy has errors of its own for a missing binding.
        return None
    application = QtWidgets.QApplication.instance()
    if application is None or QtCore.QThread.currentThread() != application.thread():
        return None
    return QtWidgets
