"""`scan`: what a site really has. `verify`: whether it is what was published."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Callable, Optional

from ..errors import SiteUnhealthyError
from ..server_api.operator_client import OperatorClient
from ..transfer.scan import ScanResult, scan_site
from .command import EXIT_DONE, EXIT_FAILED, Command
from .connection import list_projects, make_site_access
from .options import Options, add_own_site_argument, check_site_names
from .output import print_error, print_line
from .selection import (
    Selection,
    add_selection_arguments,
    has_selection,
    resolve_selection,
)
from .tables import ProgressLine, print_json


class _ScanServer:
    """The server as a scan asks it, narrowed to what was selected.

    With `is_dry` nothing is told to it.
    """

    def __init__(
        self, client: OperatorClient, selection: Optional[Selection], *, is_dry: bool
    ) -> None:
        self._client = client
        self._filter = selection.as_filter() if selection else {}
        self._is_dry = is_dry

    def iterate_rows(
        self, project_name: str, body: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        return self._client.iterate_rows(project_name, {**self._filter, **body})

    def write_presence(
        self,
        project_name: str,
        site_name: str,
        files: Sequence[Mapping[str, Any]],
        *,
        requeue: bool,
    ) -> dict[str, Any]:
        if self._is_dry:
            return {"results": [], "synced": 0, "queued": 0, "missing": 0}
        return self._client.write_presence(
            project_name, site_name, files, requeue=requeue
        )


class _ScanProgress(ProgressLine):
    def tell(self, result: ScanResult) -> None:
        faults = result.missing + result.different
        self.update(None, f"{result.found} files found, {faults} missing or different")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection_arguments(parser)
    add_own_site_argument(parser)
    parser.add_argument(
        "--on",
        action="append",
        metavar="SITE",
        help="the site to look at; may be repeated (default: the own site)",
    )
    parser.add_argument(
        "--requeue",
        action="store_true",
        help="queue what is missing or differs, where another site has it",
    )


def _add_scan_arguments(parser: argparse.ArgumentParser) -> None:
    _add_arguments(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="look only, tell the server nothing"
    )


def _make_run(*, verify: bool) -> Callable[[Options, OperatorClient], int]:
    def run(options: Options, client: OperatorClient) -> int:
        return _run_scan(options, client, verify=verify)

    return run


def _run_scan(options: Options, client: OperatorClient, *, verify: bool) -> int:
    """JSON: one object a project and site with the counts of `ScanResult`."""
    sites = check_site_names("--on", options.typed.on) or (str(options.site_name),)
    selection = None
    if has_selection(options.typed):
        selection = resolve_selection(options, client, sites)
    projects = [selection.project_name] if selection else None
    access = make_site_access(client, str(options.site_name))
    is_dry = not verify and options.typed.dry_run
    server = _ScanServer(client, selection, is_dry=is_dry)
    is_clean = True
    for project in projects or list_projects(options, client):
        for site in sites:
            label = f"{project} on {site}"
            try:
                provider = access.open_site(project, site)
                with _ScanProgress(label, is_silent=options.as_json) as progress:
                    result = scan_site(
                        *(server, provider, project, site),
                        verify=verify,
                        requeue=options.typed.requeue,
                        report=progress.tell,
                    )
            except SiteUnhealthyError as error:
                print_error(f"project '{project}': {error}")
                is_clean = False
                continue
            _tell(options, project, site, result, is_dry=is_dry)
            is_clean &= not (result.missing or result.different or result.problems)
    return EXIT_DONE if is_clean else EXIT_FAILED


def _tell(
    options: Options, project: str, site: str, result: ScanResult, *, is_dry: bool
) -> None:
    if options.as_json:
        about = {"projectName": project, "siteName": site, "dryRun": is_dry}
        print_json({**about, **asdict(result)})
        return
    print(
        f"{project} on {site}: {result.found} files found, {result.missing} missing,"
        f" {result.different} different; {result.synced} states changed to synced,"
        f" {result.queued} queued"
    )
    for problem in result.problems:
        print_line(f"  {problem}")


SCAN = Command(
    "scan",
    "adopt files that are on a site, report or queue what is missing",
    _add_scan_arguments,
    _make_run(verify=False),
    runs_at_site=True,
    description=(
        "Compares what the server says with the storage, by path and size. Files that"
        " are there are adopted, also those that nobody asked for; missing ones are"
        " reported, and queued with --requeue. Without WHICH: all of the projects."
    ),
)
VERIFY = Command(
    "verify",
    "read the files on a site and compare their checksums",
    _add_arguments,
    _make_run(verify=True),
    runs_at_site=True,
    description=(
        "As scan, and reads every file. What differs from the recorded checksum is no"
        " longer counted as there, and is queued with --requeue."
    ),
)
