"""`doctor`: whether this machine can do its part, and what to do where it cannot."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict

from ..errors import ServerError
from ..server_api.operator_client import OperatorClient
from .checks import WARNING, WRONG, Check
from .command import EXIT_DONE, EXIT_FAILED, Command
from .connection import check_projects, make_site_access
from .machine_checks import check_machine
from .options import Options, add_own_site_argument, add_serve_argument
from .server_checks import check_addon, check_live_channel, check_server
from .site_checks import check_project
from .tables import print_json, print_table

_COLUMNS = ("RESULT", "CHECK", "FOUND", "WHAT TO DO")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_own_site_argument(parser)
    add_serve_argument(parser)


def _run_doctor(options: Options, client: OperatorClient) -> int:
    """JSON: one object a check: `subject`, `result`, `found`, `todo`."""
    checks = []
    for check in _make_checks(options, client):
        checks.append(check)
        if options.as_json:
            print_json(asdict(check))
    if not options.as_json:
        rows = [(one.result, one.subject, one.found, one.todo) for one in checks]
        print_table(_COLUMNS, rows)
        counts = [
            sum(one.result == kind for one in checks) for kind in (WRONG, WARNING)
        ]
        print(f"{counts[0]} things are wrong, {counts[1]} to look at.")
    is_wrong = any(check.result == WRONG for check in checks)
    return EXIT_FAILED if is_wrong else EXIT_DONE


def _make_checks(options: Options, client: OperatorClient) -> Iterator[Check]:
    yield from check_machine()
    server = check_server(client)
    yield server
    if server.result == WRONG:
        return
    try:
        known = client.list_projects()
    except ServerError as error:
        yield Check("projects", WRONG, str(error), "See to the server")
        return
    check_projects(options, known)
    yield from check_addon(client)
    yield check_live_channel(client)
    if not known:
        yield Check(
            *("projects", WRONG, "The user may read no active project"),
            "Give the user access to a project in AYON",
        )
    access = make_site_access(client, str(options.site_name))
    for name in options.projects or known:
        yield from check_project(options, client, access, name)


DOCTOR = Command(
    "doctor",
    "check the server, settings, sites and this machine, and say what to do",
    _add_arguments,
    _run_doctor,
    runs_at_site=True,
    description=(
        "Checks the server and the login, the addon, clocks, the live channel, the"
        " settings, and every site that this machine uses: packages and programs, a"
        " real connection, roots, write access, free space. Exit code 1 when something"
        " is wrong."
    ),
)
