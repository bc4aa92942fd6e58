"""`status`: totals per site, as a table or as JSON."""

from __future__ import annotations

import argparse
from typing import Any

from ..server_api.operator_client import OperatorClient
from .command import EXIT_DONE, Command
from .connection import list_projects
from .options import Options
from .output import format_bytes
from .tables import print_json, print_table

STATUS_NAMES = {
    4: "synced",
    0: "in progress",
    1: "queued",
    2: "failed",
    3: "paused",
    -1: "not available",
}
_HEADER = ("PROJECT", "SITE", "KIND", "PROVIDER", "STATE", "AGENTS")


def add_status_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run_status_command(options: Options, client: OperatorClient) -> int:
    """Print the sites of the projects; 0. JSON: one object a site."""
    rows = []
    for name in list_projects(options, client):
        for site in client.read_site_totals(name):
            if options.as_json:
                print_json({"projectName": name, **site})
            else:
                rows.append(_make_row(name, site))
    if not options.as_json:
        print_table(_HEADER, rows)
    return EXIT_DONE


def _make_row(project_name: str, site: dict[str, Any]) -> tuple[str, ...]:
    totals = site.get("totals") or {}
    states = [
        f"{totals[str(code)]['representations']} {name}"
        f" ({format_bytes(totals[str(code)]['bytes'])})"
        for code, name in STATUS_NAMES.items()
        if totals.get(str(code), {}).get("representations")
    ]
    agents = [
        agent["hostname"] for agent in site.get("agents") or () if agent["isLive"]
    ]
    return (
        project_name,
        str(site["siteName"]),
        str(site["kind"]),
        str(site.get("provider") or "-"),
        ", ".join(states) or "nothing",
        ", ".join(agents) or "-",
    )


STATUS = Command(
    "status", "show totals per site", add_status_arguments, run_status_command
)
