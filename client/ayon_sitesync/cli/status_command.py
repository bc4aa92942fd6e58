"""`status`: totals per site, as a table or as JSON."""

from __future__ import annotations

import json
from typing import Any

from ..errors import RequestRefusedError
from ..server_api.client import ServerClient
from .agent_command import check_projects, explain_refusal, make_client
from .options import Options
from .output import format_bytes

STATUS_NAMES = {
    "4": "synced",
    "0": "in progress",
    "1": "queued",
    "2": "failed",
    "3": "paused",
    "-1": "not available",
}
_HEADER = ("PROJECT", "SITE", "KIND", "PROVIDER", "STATE", "AGENTS")


def run_status_command(options: Options) -> int:
    """Print the sites of the projects; 0. JSON: one object a site."""
    client = make_client(options)
    try:
        return _print_status(options, client)
    except RequestRefusedError as error:
        raise explain_refusal(error, client) from error


def _print_status(options: Options, client: ServerClient) -> int:
    known = client.list_projects()
    check_projects(options, known)
    rows = []
    for name in options.projects or known:
        for site in client.read_site_totals(name):
            if options.as_json:
                print(json.dumps({"projectName": name, **site}))
            else:
                rows.append(_make_row(name, site))
    if not options.as_json:
        _print_table([_HEADER, *rows])
    return 0


def _make_row(project_name: str, site: dict[str, Any]) -> tuple[str, ...]:
    totals = site.get("totals") or {}
    states = [
        f"{totals[code]['representations']} {name}"
        f" ({format_bytes(totals[code]['bytes'])})"
        for code, name in STATUS_NAMES.items()
        if totals.get(code, {}).get("representations")
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


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        print("  ".join(cells).rstrip())
