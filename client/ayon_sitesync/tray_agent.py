"""An agent on a thread of its own, for the tray and for a launch without one."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

from .agent_ids import find_journal, hold_agent_id
from .errors import ServerError, describe_origin
from .paths import current_platform
from .server_api.host_client import HostClient
from .server_api.live import LiveChannel
from .server_api.state_client import StateClient
from .site_access import SiteAccess
from .transfer.agent import Agent
from .transfer.agent_config import THREADS, AgentConfig
from .transfer.backoff import Backoff
from .transfer.ports import MonotonicClock
from .version import __version__
from .work import AgentIdentity

log = logging.getLogger(__name__)

STOP_SECONDS = 30.0
QUIET_SECONDS = 300.0
"""The same failure is told once in so long."""

IDLE, SYNCING, PAUSED, PROBLEM = "idle", "syncing", "paused", "problem"
HELD, STOPPED = "held", "stopped"


@dataclass(frozen=True)
class AgentState:
    """What an agent does now. `bytes_per_second` and `files` while it is syncing.

    `problem` is a sentence, also of why it is held by others.
    """

    name: str = STOPPED
    files: int = 0
    bytes_per_second: float = 0.0
    problem: str = ""

    def describe(self) -> str:
        """One line for people."""
        if self.name == SYNCING:
            speed = self.bytes_per_second / 1_000_000
            return f"syncing {self.files} files at {speed:.1f} MB/s"
        if self.name == PROBLEM:
            return f"problem: {self.problem}"
        return self.problem if self.name == HELD else self.name


class TrayAgent:
    """Runs an agent of this machine until it is stopped; safe from any thread.

    `notify` is called with a sentence for each new failure, from the agent's thread.
    """

    def __init__(
        self,
        client: HostClient,
        site_id: str,
        *,
        projects: Optional[tuple[str, ...]] = None,
        notify: Callable[[str], None] = log.warning,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._site_id = site_id
        self._projects = projects
        self._notify = notify
        self._now = now
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._agent: Optional[Agent] = None
        self._is_paused = False
        self._thread: Optional[threading.Thread] = None
        self._state = AgentState()
        self._measured: Optional[tuple[float, int]] = None
        self._told: dict[str, float] = {}

    @property
    def state(self) -> AgentState:
        with self._lock:
            is_paused = self._is_paused and self._state.name != STOPPED
            return replace(self._state, name=PAUSED) if is_paused else self._state

    def find_problem(self) -> str:
        """Why nothing moves, "" while nothing is wrong."""
        state = self.state
        return state.problem if state.name == PROBLEM else ""

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        if self.is_running:
            return
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, name="sitesync-agent", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Give everything back and end; waits for the step that workers are in."""
        self._stop.set()
        with self._lock:
            agent = self._agent
        if agent is not None:
            agent.request_stop()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def wake(self) -> None:
        with self._lock:
            agent = self._agent
        if agent is not None:
            agent.wake()

    def pause(self) -> None:
        self.set_paused(True)

    def resume(self) -> None:
        self.set_paused(False)

    def set_paused(self, paused: bool) -> None:
        """Give everything back and take nothing, or go on; nothing if it is so."""
        with self._lock:
            if self._is_paused == paused:
                return
            self._is_paused = paused
            agent = self._agent
        if agent is not None:
            (agent.pause if paused else agent.resume)()

    # --- the thread ------------------------------------------------------------------

    def _run(self) -> None:
        backoff = Backoff(1.0, 60.0)
        self._change(name=IDLE, problem="")
        while not self._stop.is_set():
            try:
                self._run_agent()
            except ServerError as error:
                self._fail(str(error))
            except Exception as error:
                # The thread is all there is: it tells and tries again.
                told = describe_origin(error)
                log.error("Site Sync starts its agent again: %s", told)
                self._fail(f"Unexpected {type(error).__name__}; the log says where")
            self._stop.wait(backoff.fail())
        self._change(name=STOPPED)

    def _run_agent(self) -> None:
        url, key = self._client.read_login()
        client = StateClient(
            *(url, key, self._site_id),
            variant=self._client.variant,
            own_version=__version__,
            addon_version=self._client.find_addon_version(),
        )
        with closing(client):
            self._run_with(client, f"{url}\n{key}")

    def _run_with(self, client: StateClient, login: str) -> None:
        hostname = socket.gethostname()
        name = f"{hostname}\n{self._site_id}"
        tag = hashlib.sha256(name.encode()).hexdigest()[:4]
        sites = SiteAccess(client, self._site_id, current_platform(), tag)
        roots = sites.find_own_roots(self._projects or ())
        with hold_agent_id(self._site_id, login) as agent_id:
            identity = AgentIdentity(
                *(agent_id, self._site_id, hostname, __version__, roots),
                run_id=uuid.uuid4().hex,
            )
            config = AgentConfig(
                identity,
                self._projects,
                variant=self._client.variant,
                journal=find_journal(agent_id),
            )
            self._run_until_stopped(config, client, sites)

    def _run_until_stopped(
        self, config: AgentConfig, client: StateClient, sites: SiteAccess
    ) -> None:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="transfer") as pool:
            agent = Agent(config, client, sites, pool, MonotonicClock(), self._receive)
            live = LiveChannel(client, agent.wake)
            sites.is_live = live.is_up
            sites.note_projects = live.note_projects
            with self._lock:
                self._agent = agent
                if self._is_paused:
                    agent.pause()
            if self._stop.is_set():
                agent.request_stop()
            try:
                agent.run()
            finally:
                live.stop()
                with self._lock:
                    self._agent = None

    # --- what it tells ---------------------------------------------------------------

    def _receive(self, event: str, data: Mapping[str, Any]) -> None:
        if event == "progress":
            self._measure(int(data["filesActive"]), int(data["bytesMoved"]))
        elif event == "problem":
            self._fail(str(data["message"]), str(data.get("label") or ""))
        elif event == "recovered":
            self._change(name=IDLE, problem="")
        elif event == "idle":
            if self._state.name != PROBLEM:
                self._change(name=IDLE, files=0, bytes_per_second=0.0)
        elif event == "transfer":
            for error in data["errors"]:
                self._tell(f"{data['label']}: {error['message']}")
        elif event == "removal":
            for error in data["errors"]:
                self._tell(f"Not removed: {error['message']}")

    def _measure(self, files: int, moved: int) -> None:
        now = self._now()
        before, self._measured = self._measured, (now, moved)
        speed = 0.0
        if before is not None and now > before[0]:
            speed = max(moved - before[1], 0) / (now - before[0])
        self._change(
            name=SYNCING if files else IDLE,
            files=files,
            bytes_per_second=speed,
            problem="",
        )

    def _fail(self, message: str, label: str = "") -> None:
        text = f"{label}: {message}" if label else message
        self._change(name=PROBLEM, problem=text)
        self._tell(text)

    def _tell(self, text: str) -> None:
        now = self._now()
        self._told = {
            known: at for known, at in self._told.items() if now - at < QUIET_SECONDS
        }
        if text not in self._told:
            self._told[text] = now
            self._notify(text)

    def _change(self, **changes: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)
