"""`agent`: puts the parts of an agent together and runs it."""

from __future__ import annotations

import hashlib
import signal
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Optional

from ..agent_ids import find_journal, hold_agent_id
from ..errors import InputError, RequestRefusedError, ServerUnreachableError
from ..paths import current_platform
from ..server_api.client import ServerClient
from ..server_api.live import LiveChannel
from ..site_access import SiteAccess
from ..transfer.agent import Agent
from ..transfer.agent_config import AgentConfig, AgentSummary
from ..transfer.backoff import Backoff
from ..transfer.ports import MonotonicClock
from ..version import __version__
from ..work import AgentIdentity
from .options import Options
from .output import EventPrinter, print_error

THREADS = 4
HTTP_NOT_FOUND = 404


def run_agent_command(options: Options) -> int:
    """Run an agent until it ends or is told to; the exit code (0 or 1).

    Raises `InputError` and the `ServerError` classes for what its owner must see to.
    """
    printer = EventPrinter(as_json=options.as_json)
    stop = _StopSwitch()
    client = make_client(options)
    site_name = str(options.site_name)
    hostname = socket.gethostname()
    tag = hashlib.sha256(f"{hostname}\n{site_name}".encode()).hexdigest()[:4]
    sites = SiteAccess(client, site_name, current_platform(), tag)
    try:
        own_roots = _wait_for_server(client, sites, options, stop, printer)
        if own_roots is None:
            return 0
        login = f"{options.server_url}\n{options.api_key}"
        with hold_agent_id(site_name, login) as agent_id:
            identity = AgentIdentity(
                *(agent_id, site_name, hostname, __version__, own_roots),
                run_id=uuid.uuid4().hex,
            )
            summary = _run_agent(identity, client, sites, options, stop, printer)
    except RequestRefusedError as error:
        raise explain_refusal(error, client) from error
    if summary.unfinished:
        print_error(f"not everything is done: {summary.unfinished}")
    return 1 if summary.failed_files or summary.unfinished else 0


def _run_agent(
    identity: AgentIdentity,
    client: ServerClient,
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


def make_client(options: Options) -> ServerClient:
    return ServerClient(
        options.server_url,
        options.api_key,
        options.site_name,
        variant=options.variant,
        own_version=__version__,
        addon_version=options.addon_version,
    )


def check_projects(options: Options, known: list[str]) -> None:
    """Refuse named projects that are not among those the user may read."""
    for name in options.projects:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise InputError(
                f"--project: there is no active project '{name}' that you may read"
                f" (there are: {allowed})."
            )


def _wait_for_server(
    client: ServerClient,
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
            return sites.find_own_roots(options.projects or known)
        except ServerUnreachableError as error:  # noqa: PERF203 - it waits anyway
            if options.once:
                raise
            delay = backoff.fail()
            printer.emit("problem", {"message": str(error), "retryInSeconds": delay})
            stop.event.wait(delay)
    return None


def explain_refusal(error: RequestRefusedError, client: ServerClient) -> Exception:
    """What a refusal means to who typed the command: no such path, no such addon."""
    if error.status != HTTP_NOT_FOUND:
        return error
    return InputError(
        f"--addon-version: the server has no Site Sync {client.find_addon_version()}"
        f" with a queue ({error})."
    )


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
