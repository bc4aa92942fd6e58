"""What operators order: pauses, retries, priorities, copies to bring and to remove."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable, Optional

from ..errors import InputError
from ..server_api.operator_client import OperatorClient
from .command import EXIT_DONE, EXIT_FAILED, Command
from .connection import list_projects
from .options import Options, check_site_names
from .output import format_bytes, print_line
from .selection import (
    Selection,
    add_selection_arguments,
    has_selection,
    resolve_selection,
)
from .tables import ProgressLine, print_json

JOB_SECONDS = 1.0
"""Time between two looks at a job of the server."""
LOWEST_PRIORITY, HIGHEST_PRIORITY = 1, 1000
SHOWN_PROBLEMS = 10


@dataclass(frozen=True)
class Verb:
    """A verb of the server. `takes_away`: what it undoes must be done again, so it
    asks first. `scopes`: works on a whole site or project too."""

    name: str
    server_name: str
    summary: str
    takes_away: bool = False
    scopes: bool = False
    has_priority: bool = False
    removes: bool = False
    names_site_first: bool = False


_VERBS = (
    Verb("pause", "pause", "hold up rows, a site, a project or all", scopes=True),
    Verb("resume", "resume", "let go on what was paused", scopes=True),
    Verb("retry", "retry", "give failed files all their attempts again"),
    Verb("priority", "priority", "set who goes first: 1 to 1000, higher first"),
    Verb("reset", "reset", "bring everything anew", takes_away=True),
    Verb("cancel", "cancel", "take back what is not there yet", takes_away=True),
    Verb("remove", "remove", "remove from sites", takes_away=True, removes=True),
    Verb(
        *("add-site", "queue", "bring representations to a site"),
        has_priority=True,
        names_site_first=True,
    ),
    Verb(
        *("remove-site", "remove", "remove representations from a site"),
        takes_away=True,
        removes=True,
        names_site_first=True,
    ),
)


def _make_arguments(verb: Verb) -> Callable[[argparse.ArgumentParser], None]:
    def add(parser: argparse.ArgumentParser) -> None:
        if verb.names_site_first:
            parser.add_argument("own_site", metavar="SITE", help="the site")
        elif verb.name == "priority":
            parser.add_argument("value", metavar="N", help="1 to 1000, 50 is usual")
        add_selection_arguments(parser)
        if not verb.names_site_first:
            parser.add_argument(
                "--site",
                action="append",
                metavar="NAME",
                help="the site of the rows; may be repeated (default: AYON_SITE_ID)",
            )
        if verb.has_priority:
            parser.add_argument("--priority", metavar="N", help="1 to 1000")
        if verb.removes:
            parser.add_argument(
                "--keep-files", action="store_true", help="forget the rows only"
            )
            parser.add_argument(
                "--force",
                action="store_true",
                help="the last copy too; for managers",
            )
        if verb.scopes:
            parser.add_argument(
                "--everything", action="store_true", help="all sites of all projects"
            )
            if verb.name == "pause":
                parser.add_argument(
                    "--reason", metavar="TEXT", help="why, shown to others"
                )
        if verb.takes_away:
            parser.add_argument(
                "--yes", action="store_true", help="do it without asking"
            )
        parser.add_argument(
            "--dry-run", action="store_true", help="count only, change nothing"
        )

    return add


def _make_run(verb: Verb) -> Callable[[Options, OperatorClient], int]:
    def run(options: Options, client: OperatorClient) -> int:
        if verb.scopes and not has_selection(options.typed):
            return _switch_scopes(options, client, is_paused=verb.name == "pause")
        return _run_verb(verb, options, client)

    return run


# --- verbs over rows -----------------------------------------------------------------


def _run_verb(verb: Verb, options: Options, client: OperatorClient) -> int:
    if verb.scopes and options.typed.everything:
        raise InputError("--everything: takes no WHICH; leave one of them out.")
    sites = _find_sites(verb, options)
    body = _make_body(verb, options)
    selection = resolve_selection(options, client, sites)
    body.update(siteNames=list(sites), selection=selection.as_order())
    if verb.takes_away and not (options.typed.yes or options.typed.dry_run):
        dry = {**body, "dryRun": True}
        expected = client.run_verb(selection.project_name, verb.server_name, dry)
        if not _is_confirmed(verb, sites, expected):
            print("Nothing was changed.")
            return EXIT_FAILED
    answer = client.run_verb(selection.project_name, verb.server_name, body)
    if answer.get("jobId"):
        answer = _follow_job(client, answer["jobId"], options)
    _tell(verb, options, selection, sites, answer)
    is_failed = answer["problems"] or answer.get("state") == "failed"
    return EXIT_FAILED if is_failed else EXIT_DONE


def _find_sites(verb: Verb, options: Options) -> tuple[str, ...]:
    if verb.names_site_first:
        return check_site_names("SITE", [options.typed.own_site])
    sites = check_site_names("--site", options.typed.site)
    if not sites and options.site_name:
        sites = (options.site_name,)
    if not sites:
        raise InputError("--site: name the site of the rows, or set AYON_SITE_ID.")
    return sites


def _make_body(verb: Verb, options: Options) -> dict[str, Any]:
    typed = options.typed
    body: dict[str, Any] = {"dryRun": typed.dry_run}
    if verb.name == "priority":
        body["priority"] = _check_priority("N", typed.value)
    elif verb.has_priority and typed.priority is not None:
        body["priority"] = _check_priority("--priority", typed.priority)
    if verb.removes:
        body.update(force=typed.force, keepFiles=typed.keep_files)
    return body


def _check_priority(option: str, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not LOWEST_PRIORITY <= value <= HIGHEST_PRIORITY:
        raise InputError(
            f"{option}: '{text}' is not allowed; use a number from {LOWEST_PRIORITY}"
            f" to {HIGHEST_PRIORITY}, higher goes first."
        )
    return value


def _is_confirmed(verb: Verb, sites: tuple[str, ...], expected: dict[str, Any]) -> bool:
    """Ask at the terminal. Raises `InputError` when nobody is there."""
    if not sys.stdin.isatty():
        raise InputError(
            f"--yes: '{verb.name}' asks first; add --yes to do it, or --dry-run to see"
            " what it would do."
        )
    count = f"{expected['changed']} rows" if not expected.get("jobId") else "many rows"
    question = f"{verb.name} {count} on {', '.join(sites)}? [y/N] "
    return input(question).strip().lower() in ("y", "yes")


def _follow_job(
    client: OperatorClient, job_id: str, options: Options
) -> dict[str, Any]:
    """Wait until the server is done with many rows."""
    with ProgressLine("the server works", is_silent=options.as_json) as line:
        while True:
            job = client.read_job(job_id)
            if job["state"] != "running":
                return job
            line.update(None, f"{job['changed']} of {job['matched']} rows so far")
            time.sleep(JOB_SECONDS)


def _tell(
    verb: Verb,
    options: Options,
    selection: Selection,
    sites: tuple[str, ...],
    answer: dict[str, Any],
) -> None:
    if options.as_json:
        about = {
            "command": verb.name,
            "projectName": selection.project_name,
            "siteNames": list(sites),
            "dryRun": options.typed.dry_run,
        }
        print_json({**about, **answer})
        return
    would = "would change" if options.typed.dry_run else "changed"
    print(
        f"{verb.name} on {', '.join(sites)}: {answer['matched']} rows matched,"
        f" {answer['changed']} {would} ({answer['files']} files,"
        f" {format_bytes(answer['bytes'])})"
    )
    for problem in answer["problems"][:SHOWN_PROBLEMS]:
        print_line(
            f"  refused: {problem['representationId']} on {problem['siteName']}:"
            f" {problem['detail']}"
        )
    hidden = len(answer["problems"]) - SHOWN_PROBLEMS + answer["problemsOmitted"]
    if hidden > 0:
        print(f"  and {hidden} more that were refused")
    if answer.get("detail"):
        print_line(f"  {answer['detail']}")


# --- pauses of sites, projects, everything -------------------------------------------


def _switch_scopes(options: Options, client: OperatorClient, *, is_paused: bool) -> int:
    typed = options.typed
    if typed.dry_run:
        raise InputError("--dry-run: needs WHICH; a whole site or project is one row.")
    sites = check_site_names("--site", typed.site)
    if typed.everything and (sites or options.projects):
        raise InputError("--everything: takes no --site and no --project.")
    if not (typed.everything or sites or options.projects):
        raise InputError(
            "WHICH: say what: representations (WHICH), a whole site (--site), a whole"
            " project (--project), or --everything."
        )
    if options.projects:
        list_projects(options, client)
    reason: Optional[str] = typed.reason if is_paused else None
    for scope in _list_scopes(options, sites):
        body = {**scope, "paused": is_paused}
        if reason:
            body["reason"] = reason
        client.write_pause(body)
        _tell_scope(options, body)
    return EXIT_DONE


def _list_scopes(options: Options, sites: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if not sites and not options.projects:
        yield {"scope": "all"}
    for project in options.projects or (None,):
        about = {"projectName": project} if project else {}
        if not sites and project:
            yield {"scope": "project", **about}
        for site in sites:
            yield {"scope": "site", "siteName": site, **about}


def _tell_scope(options: Options, body: dict[str, Any]) -> None:
    if options.as_json:
        print_json(body)
        return
    what = {
        "all": "everything",
        "project": f"project {body.get('projectName')}",
        "site": f"site {body.get('siteName')}",
    }[body["scope"]]
    if body["scope"] == "site" and "projectName" in body:
        what += f" in project {body['projectName']}"
    print(f"{'paused' if body['paused'] else 'goes on'}: {what}")


VERBS = tuple(
    Command(verb.name, verb.summary, _make_arguments(verb), _make_run(verb))
    for verb in _VERBS
)
