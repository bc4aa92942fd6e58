"""`queue`: what moves and what waits. `explain`: why something is not on a site."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from ..server_api.operator_client import OperatorClient
from .command import EXIT_DONE, Command
from .connection import list_projects
from .options import Options, check_site_names
from .output import format_bytes, print_line
from .selection import add_selection_arguments, resolve_selection
from .tables import print_json, print_table

MOST_SHOWN = 1000
SHOWN = 50
MOST_EXPLAINED = 20

_COLUMNS = ("PROJECT", "STATE", "WHAT", "TO", "FROM", "FILES", "SIZE", "NOTE")


# --- queue ---------------------------------------------------------------------------


def add_first_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--first",
        metavar="N",
        help=f"at most so many that wait, of each project (default: {SHOWN})",
    )


def read_first(options: Options) -> int:
    """The checked `--first`. Raises `InputError`."""
    text = options.typed.first
    if text is None:
        return SHOWN
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SHOWN:
        raise InputError(
            f"--first: '{text}' is not allowed; use a number from 1 to {MOST_SHOWN}."
        )
    return int(text)


def _add_queue_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--site",
        action="append",
        metavar="NAME",
        help="only what goes to this site; may be repeated",
    )
    add_first_argument(parser)


def _run_queue(options: Options, client: OperatorClient) -> int:
    """JSON: one object a transfer, then one with `queuedTotal` for each project."""
    sites = check_site_names("--site", options.typed.site)
    first = read_first(options)
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    projects = list_projects(options, client)
    _check_known(client, projects, sites)
    for name in projects:
        found = client.read_transfers(name, first, sites)
        for state in ("moving", "queued"):
            for one in found[state]:
                if options.as_json:
                    print_json({"projectName": name, "state": state, **one})
                rows.append(_make_row(name, state, one))
        total = found["queuedTotal"]
        if options.as_json:
            print_json({"projectName": name, "queuedTotal": total})
        elif total > len(found["queued"]):
            notes.append(f"{name}: {total} wait in all; --first shows more")
    if not options.as_json:
        _print_queue(rows, notes)
    return EXIT_DONE


def _check_known(
    client: OperatorClient, projects: list[str], sites: Sequence[str]
) -> None:
    """Raises `InputError` for a site that none of the projects knows: a misspelt name
    would look like a queue with nothing in it."""
    known: set[str] = set()
    for name in projects if sites else ():
        known |= {str(site["siteName"]) for site in client.read_site_totals(name)}
    for site in sites:
        if site not in known:
            raise InputError(
                f"--site: nothing was ever wanted on '{site}', and it is in no"
                f" settings (there are: {', '.join(sorted(known)) or 'none'})."
            )


def _print_queue(rows: list[tuple[str, ...]], notes: list[str]) -> None:
    if not rows:
        print("Nothing moves and nothing waits.")
        return
    print_table(_COLUMNS, rows)
    for note in notes:
        print(note)


def _make_row(project_name: str, state: str, one: dict[str, Any]) -> tuple[str, ...]:
    if state == "moving":
        eta = one["etaSeconds"]
        note = f"{format_bytes(one['bytesPerSecond'])}/s"
        note += f", {eta:.0f} s left" if eta is not None else ""
        note += f", {one['hostname'] or one['agentId'][:8]}"
    else:
        note = f"priority {one['priority']}"
        note += f"; failed: {one['lastError']}" if one["lastError"] else ""
    return (
        project_name,
        "moving" if state == "moving" else f"waits, {one['position']}.",
        describe_row(one),
        str(one["siteName"]),
        str(one.get("sourceSite") or "-"),
        f"{one['filesDone']}/{one['filesTotal']}",
        f"{format_bytes(one['bytesDone'])}/{format_bytes(one['bytesTotal'])}",
        note,
    )


def describe_row(row: dict[str, Any]) -> str:
    """A representation as people know it."""
    return (
        f"{row['folderPath']} {row['product']} v{row['version']:03d}"
        f" {row['representation']}"
    )


# --- explain -------------------------------------------------------------------------


def _add_explain_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection_arguments(parser)
    parser.add_argument(
        "--site", metavar="NAME", help="the site (default: AYON_SITE_ID)"
    )


def read_one_site(options: Options) -> str:
    """The one site that a command is about. Raises `InputError`."""
    name = options.typed.site or options.site_name
    if not name:
        raise InputError("--site: name the site, or set AYON_SITE_ID.")
    return check_site_names("--site", [name])[0]


def _run_explain(options: Options, client: OperatorClient) -> int:
    """JSON: one object a representation, with the server's `reasons`."""
    site_name = read_one_site(options)
    selection = resolve_selection(options, client, [site_name])
    body = {**selection.as_filter(), "siteNames": [site_name]}
    rows = client.iterate_rows(selection.project_name, body)
    for count, row in enumerate(rows):
        if count == MOST_EXPLAINED:
            if not options.as_json:
                print(f"Only the first {MOST_EXPLAINED} are explained.")
            break
        _explain(options, client, selection.project_name, row, site_name)
    return EXIT_DONE


def _explain(
    options: Options,
    client: OperatorClient,
    project_name: str,
    row: dict[str, Any],
    site_name: str,
) -> None:
    found = client.explain(project_name, row["representationId"], site_name)
    if options.as_json:
        about = {
            "projectName": project_name,
            "representationId": row["representationId"],
            "folderPath": row["folderPath"],
            "product": row["product"],
            "version": row["version"],
            "representation": row["representation"],
        }
        print_json({**about, **found})
        return
    print_line(f"{describe_row(row)} on {site_name}:")
    for reason in found["reasons"]:
        print_line(f"  {reason['text']}. {reason['todo']}.")


QUEUE = Command(
    "queue", "show what moves and what waits", _add_queue_arguments, _run_queue
)
EXPLAIN = Command(
    "explain",
    "say why something is, or is not, on a site",
    _add_explain_arguments,
    _run_explain,
)
