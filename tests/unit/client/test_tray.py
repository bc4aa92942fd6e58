"""What the tray shows of the agent, and how a wait is shown."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from ayon_sitesync.optional_packages import find_missing
from ayon_sitesync.tray_agent import QUIET_SECONDS, AgentState, TrayAgent
from ayon_sitesync.tray_menu import TrayActions, TrayMenu
from ayon_sitesync.wait_window import open_wait_window


class Signal:
    def __init__(self) -> None:
        self.slots: list[Callable[..., Any]] = []

    def connect(self, slot: Callable[..., Any]) -> None:
        self.slots.append(slot)

    def emit(self, *args: Any) -> None:
        for slot in self.slots:
            slot(*args)


class Action:
    def __init__(self, label: str) -> None:
        self.label = label
        self.is_enabled = True
        self.triggered = Signal()

    def setText(self, text: str) -> None:
        self.label = text

    def setEnabled(self, on: bool) -> None:
        self.is_enabled = on


class Menu:
    def __init__(self, title: str, parent: Any = None) -> None:
        self.title = title
        self.actions: list[Action] = []
        self.menus: list[Menu] = []
        self.aboutToShow = Signal()

    def addAction(self, label: str) -> Action:
        self.actions.append(Action(label))
        return self.actions[-1]

    def addMenu(self, menu: Menu) -> None:
        self.menus.append(menu)

    def addSeparator(self) -> None: ...


@pytest.fixture
def qt(monkeypatch: pytest.MonkeyPatch) -> None:
    qtpy = ModuleType("qtpy")
    widgets = ModuleType("qtpy.QtWidgets")
    vars(widgets).update(QMenu=Menu)
    vars(qtpy).update(QtWidgets=widgets)
    monkeypatch.setitem(sys.modules, "qtpy", qtpy)
    monkeypatch.setitem(sys.modules, "qtpy.QtWidgets", widgets)


def test_menu_says_what_is_going_on_and_acts(qt: None) -> None:
    done: list[str] = []
    state = [AgentState("syncing", 12, 34_500_000.0)]
    actions = TrayActions(
        *(lambda name=name: done.append(name) for name in ("sync", "pause", "resume")),
        open_panel=lambda: done.append("panel"),
        show_log=lambda: done.append("log"),
    )
    parent = Menu("tray")
    made = TrayMenu(parent, "brisk-amber-fox", lambda: state[0], actions)
    (menu,) = parent.menus
    assert menu is made.menu
    labels = [action.label for action in menu.actions]
    assert labels == [
        "syncing 12 files at 34.5 MB/s",
        "Sync now",
        "Pause",
        "Open panel",
        "Show log",
        "This machine: brisk-amber-fox",
    ]
    for action in menu.actions:
        if action.is_enabled:
            action.triggered.emit(False)
    assert done == ["sync", "pause", "panel", "log"]
    state[0] = AgentState("paused")
    menu.aboutToShow.emit()
    assert [action.label for action in menu.actions][:3] == [
        "paused",
        "Sync now",
        "Resume",
    ]
    menu.actions[2].triggered.emit(False)
    assert done[-1] == "resume"
    state[0] = AgentState("problem", problem="the disk is full")
    menu.aboutToShow.emit()
    assert menu.actions[0].label == "problem: the disk is full"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def agent(told: list[str], now: list[float]) -> TrayAgent:
    client: Any = None
    return TrayAgent(client, "fox", notify=told.append, now=lambda: now[0])


def test_state_follows_what_the_agent_tells(agent: TrayAgent, now: list[float]) -> None:
    assert agent.state.describe() == "stopped"
    agent._receive("progress", {"filesActive": 3, "bytesMoved": 0})
    now[0] = 2.0
    agent._receive("progress", {"filesActive": 2, "bytesMoved": 10_000_000})
    assert agent.state.describe() == "syncing 2 files at 5.0 MB/s"
    agent._receive("progress", {"filesActive": 0, "bytesMoved": 10_000_000})
    assert agent.state.describe() == "idle"
    agent._receive("problem", {"message": "the disk is full"})
    assert agent.state.describe() == "problem: the disk is full"
    assert agent.find_problem() == "the disk is full"
    agent._receive("recovered", {"siteName": "fox"})
    assert agent.state.describe() == "idle"
    assert agent.find_problem() == ""
    agent.pause()
    assert agent.state.describe() == "paused"
    agent.resume()
    assert agent.state.describe() == "idle"


def test_each_failure_is_told_once_in_a_while(
    agent: TrayAgent, told: list[str], now: list[float]
) -> None:
    event = {"label": "plate v001 exr", "errors": [{"message": "disk full"}]}
    for _ in range(3):
        agent._receive("transfer", event)
    assert told == ["plate v001 exr: disk full"]
    now[0] = QUIET_SECONDS
    agent._receive("transfer", event)
    assert len(told) == 2
    agent._receive("removal", {"errors": [{"message": "access is denied"}]})
    assert told[2:] == ["Not removed: access is denied"]


def test_wait_without_a_window_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with open_wait_window("Published workfile", logging.getLogger("hook")) as watcher:
        watcher.show("1 of 2 downloaded", 0.5)
        watcher.show("1 of 2 downloaded", 0.5)
        assert not watcher.is_cancelled()
    assert [record.message for record in caplog.records] == ["1 of 2 downloaded (50%)"]


def test_packages_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert list(find_missing()) == []
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "websocket" else name
    )
    (lack,) = find_missing()
    assert lack == ("websocket-client", "work is looked for by the clock only")


class Box:
    """A message box that is closed after it was looked at three times."""

    shown: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.looks = 0

    def setWindowTitle(self, title: str) -> None: ...

    def setText(self, text: str) -> None:
        self.shown.append(text)

    def show(self) -> None: ...

    def isVisible(self) -> bool:
        self.looks += 1
        return self.looks < 3

    def close(self) -> None: ...


class ProgressDialog:
    def __init__(self, *args: Any) -> None:
        self.is_open = True
        self.values: list[int] = []

    def setWindowTitle(self, title: str) -> None: ...

    def setMinimumDuration(self, milliseconds: int) -> None: ...

    def setAutoClose(self, on: bool) -> None: ...

    def setLabelText(self, text: str) -> None: ...

    def setValue(self, value: int) -> None:
        self.values.append(value)

    def wasCanceled(self) -> bool:
        return False

    def hide(self) -> None:
        self.is_open = False

    close = hide


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Qt with an application in this thread."""
    thread = object()
    application = SimpleNamespace(thread=lambda: thread)
    core, widgets = ModuleType("QtCore"), ModuleType("QtWidgets")
    vars(core).update(QThread=SimpleNamespace(currentThread=lambda: thread))
    vars(widgets).update(
        QApplication=SimpleNamespace(
            instance=lambda: application, processEvents=lambda: None
        ),
        QProgressDialog=ProgressDialog,
        QMessageBox=Box,
    )
    qtpy = ModuleType("qtpy")
    vars(qtpy).update(QtCore=core, QtWidgets=widgets)
    monkeypatch.setitem(sys.modules, "qtpy", qtpy)
    monkeypatch.setattr(Box, "shown", [])
    return widgets


def test_why_a_wait_was_given_up_is_shown_until_it_is_read(
    application: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    with open_wait_window("Published workfile", logging.getLogger("hook")) as watcher:
        watcher.show("0 of 1 downloaded", 0.0)
        watcher.tell("The download does not move for 60 s.")
        assert not watcher._window.is_open
    assert Box.shown == ["The download does not move for 60 s."]
    assert caplog.messages == Box.shown


def test_a_message_that_nobody_closes_does_not_stop_a_launch(
    application: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ayon_sitesync.wait_window.READING_SECONDS", 0.0)
    monkeypatch.setattr(Box, "isVisible", lambda self: True)
    with open_wait_window("Published workfile", logging.getLogger("hook")) as watcher:
        watcher.tell("Nothing moves.")
    assert Box.shown == ["Nothing moves."]
