"""`agent`: puts the parts of an agent together and runs it."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Optional

from ..agent_ids import find_journal, hold_agent_id
from ..errors import ServerUnreachableError
from ..memory_pools import bound_memory_pools
from ..server_api.live import LiveChannel
from ..server_api.operator_client import OperatorClient
from ..site_access import SiteAccess
from ..transfer.agent import Agent
from ..transfer.agent_config import THREADS, AgentConfig, AgentSummary
from ..transfer.backoff import Backoff
from ..transfer.ports import MonotonicClock
from ..version import __version__
from ..work import AgentIdentity
from .command import EXIT_DONE, EXIT_FAILED, Command
from .connection import check_projects, make_site_access
from .options import Options, add_own_site_argument, add_serve_argument
from .output import EventPrinter, print_error
from .tables import ProgressLine


def add_agent_arguments(parser: argparse.ArgumentParser) -> None:
    add_own_site_argument(parser)
    add_serve_argument(parser)
    parser.add_argument(
        "--once", action="store_true", help="end when nothing is pending"
    )


def run_agent_command(options: Options, client: OperatorClient) -> int:
    """Run an agent until it ends or is told to; the exit code (0 or 1).

    Raises `InputError` and the `ServerError` classes for what its owner must see to.
    """
    bound_memory_pools()
    stop = _StopSwitch()
    is_silent = options.as_json or not sys.stdout.isatty()
    with ProgressLine("agent", is_silent=is_silent) as line:
        printer = EventPrinter(as_json=options.as_json, line=line)
        return _serve_site(options, client, stop, printer)


def _serve_site(
    options: Options,
    client: OperatorClient,
    stop: _StopSwitch,
    printer: EventPrinter,
) -> int:
    site_name = str(options.site_name)
    sites = make_site_access(client, site_name)
    own_roots = _wait_for_server(client, sites, options, stop, printer)
    if own_roots is None:
        return EXIT_DONE
    login = f"{options.server_url}\n{options.api_key}"
    with hold_agent_id(site_name, login) as agent_id:
        identity = AgentIdentity(
            *(agent_id, site_name, socket.gethostname(), __version__, own_roots),
            run_id=uuid.uuid4().hex,
        )
        summary = _run_agent(identity, client, sites, options, stop, printer)
    if summary.unfinished:
        print_error(f"not everything is done: {summary.unfinished}")
    is_incomplete = summary.failed_files or summary.unfinished
    return EXIT_FAILED if is_incomplete else EXIT_DONE


def _run_agent(
    identity: AgentIdentity,
    client: OperatorClient,
    sites: SiteAccess,
    options: Options,
    stop: _StopSwitch,
    printer: EventPrinter,
) -> AgentSummary:
    config = AgentConfig(
        identity,
        options.projects or None,
        options.serve,
        options.variant,
        options.once,
        journal=find_journal(identity.id),
    )
    with ThreadPoolExecutor(THREADS, thread_name_prefix="transfer") as pool:
        agent = Agent(config, client, sites, pool, MonotonicClock(), printer.emit)
        live = LiveChannel(client, agent.wake)
        sites.is_live = live.is_up
        sites.note_projects = live.note_projects
        stop.connect(agent.request_stop)
        try:
            return agent.run()
        finally:
            live.stop()


def _wait_for_server(
    client: OperatorClient,
    sites: SiteAccess,
    options: Options,
    stop: _StopSwitch,
    printer: EventPrinter,
) -> Optional[dict[str, dict[str, str]]]:
    """The own site's roots by project, once the server answers; None when stopped
    before.

    With `--once` the first failure ends it.
    """
    backoff = Backoff(1.0, 30.0)
    while not stop.event.is_set():
        try:
            known = client.list_projects()
            check_projects(options, known)
            return sites.find_own_roots(options.projects)
        except ServerUnreachableError as error:  # noqa: PERF203 - it waits anyway
            if options.once:
                raise
            delay = backoff.fail()
            printer.emit("problem", {"message": str(error), "retryInSeconds": delay})
            stop.event.wait(delay)
    return None


class _StopSwitch:
    """SIGTERM and SIGINT ask for a clean end; a second signal ends at once."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._request: Callable[[], None] = lambda: None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._receive)

    def connect(self, request: Callable[[], None]) -> None:
        """Call `request` at a signal, or now when one came already."""
        self._request = request
        if self.event.is_set():
            request()

    def _receive(self, number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        # In a thread: the interrupted code may hold the lock of the event.
        threading.Thread(target=self._stop, name="stop").start()

    def _stop(self) -> None:
        self.event.set()
        self._request()


AGENT = Command(
    "agent",
    "perform transfers of a site",
    add_agent_arguments,
    run_agent_command,
    runs_at_site=True,
)
