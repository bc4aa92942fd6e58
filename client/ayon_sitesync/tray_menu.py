"""The addon's part of the tray's menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional

from .tray_agent import PAUSED, AgentState


@dataclass(frozen=True)
class TrayActions:
    """What the entries of the menu do."""

    sync_now: Callable[[], None]
    pause: Callable[[], None]
    resume: Callable[[], None]
    open_panel: Callable[[], None]
    show_log: Callable[[], None]


class TrayMenu:
    """A submenu that says what is going on each time it is opened."""

    def __init__(
        self,
        parent: Any,
        site_id: str,
        read_state: Callable[[], AgentState],
        actions: TrayActions,
    ) -> None:
        from qtpy import QtWidgets  # noqa: PLC0415 - only the tray has it

        self._read_state = read_state
        self._actions = actions
        self.menu = QtWidgets.QMenu("Site Sync", parent)
        self._state = self._add("", None)
        self.menu.addSeparator()
        self._add("Sync now", actions.sync_now)
        self._pause = self._add("Pause", self._toggle)
        self._add("Open panel", actions.open_panel)
        self._add("Show log", actions.show_log)
        self.menu.addSeparator()
        self._add(f"This machine: {site_id}", None)
        self.menu.aboutToShow.connect(self.refresh)
        parent.addMenu(self.menu)
        self.refresh()

    def refresh(self) -> None:
        state = self._read_state()
        self._state.setText(state.describe())
        self._pause.setText("Resume" if state.name == PAUSED else "Pause")

    def _toggle(self) -> None:
        is_paused = self._read_state().name == PAUSED
        (self._actions.resume if is_paused else self._actions.pause)()
        self.refresh()

    def _add(self, label: str, act: Optional[Callable[[], None]]) -> Any:
        action = self.menu.addAction(label)
        if act is None:
            action.setEnabled(False)
        else:
            action.triggered.connect(lambda *_: act())
        return action
