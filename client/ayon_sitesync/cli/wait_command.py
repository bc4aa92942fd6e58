"""`wait`: until representations are on a site."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import InputError
from ..server_api.operator_client import OperatorClient
from .command import EXIT_DONE, EXIT_FAILED, Command
from .options import Options
from .output import format_bytes, print_error
from .queue_command import describe_row, read_one_site
from .selection import (
    Selection,
    add_selection_arguments,
    fix_rows,
    resolve_selection,
)
from .tables import ProgressLine, print_json

FIRST_SECONDS, LONGEST_SECONDS = 0.5, 5.0
"""Time between two looks, which grows."""
SYNCED, FAILED, PAUSED, ABSENT = 4, 2, 3, -1
STUCK_CODES = frozenset({"failed"})
MOST_NAMED = 10


@dataclass
class _View:
    """A look at the selected representations: counts, and bytes on the site."""

    representations: int = 0
    synced: int = 0
    failed: int = 0
    paused: int = 0
    not_asked: int = 0
    bytes_total: int = 0
    bytes_done: int = 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection_arguments(parser)
    parser.add_argument(
        "--site", metavar="NAME", help="the site (default: AYON_SITE_ID)"
    )
    parser.add_argument(
        "--timeout", metavar="SECONDS", help="the longest wait (default: no limit)"
    )


def _run_wait(options: Options, client: OperatorClient) -> int:
    """0 when all is synced; 1 when it cannot be, or the time is up.

    JSON: one object at the end with the counts and `outcome`: `synced`, `failed`,
    `paused`, `not_asked` or `timeout`.
    """
    site = read_one_site(options)
    limit = _read_timeout(options.typed.timeout)
    selection = fix_rows(client, resolve_selection(options, client, [site]))
    waiting = _Waiting(client, selection, site)
    started_at = time.monotonic()
    delay = FIRST_SECONDS
    with ProgressLine(f"waiting for {site}", is_silent=options.as_json) as line:
        while True:
            view = waiting.look()
            outcome = waiting.judge(view)
            if outcome:
                break
            share = view.bytes_done / view.bytes_total if view.bytes_total else None
            line.update(share, _describe(view))
            left = None if limit is None else limit - (time.monotonic() - started_at)
            if left is not None and left <= 0:
                outcome = "timeout"
                break
            time.sleep(delay if left is None else min(delay, left))
            delay = min(delay * 1.5, LONGEST_SECONDS)
    _tell(options, selection, site, view, outcome)
    if not options.as_json:
        for text in waiting.stuck:
            print_error(text)
    return EXIT_DONE if outcome == "synced" else EXIT_FAILED


def _read_timeout(text: Optional[str]) -> Optional[float]:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise InputError(f"--timeout: '{text}' is not allowed; use seconds, 0 or more.")
    return seconds


class _Waiting:
    """Looks at the representations that are not there yet."""

    def __init__(
        self, client: OperatorClient, selection: Selection, site_name: str
    ) -> None:
        self._client = client
        self._selection = selection
        self._site_name = site_name
        self._failed: list[dict[str, Any]] = []
        self.stuck: list[str] = []
        """What will not be there without somebody, in words."""

    def look(self) -> _View:
        view = _View()
        self._failed = []
        body = {
            **self._selection.as_filter(),
            "siteNames": [self._site_name],
            "sortBy": "id",
        }
        for row in self._client.iterate_rows(self._selection.project_name, body):
            state = row["sites"].get(self._site_name)
            status = state["status"] if state else ABSENT
            view.representations += 1
            view.bytes_total += row["size"]
            view.bytes_done += state["bytesDone"] if state else 0
            view.synced += status == SYNCED
            view.paused += status == PAUSED
            view.not_asked += status == ABSENT
            if status == FAILED:
                view.failed += 1
                self._failed.append(row)
        return view

    def judge(self, view: _View) -> str:
        """How it ended; empty when it goes on."""
        if view.synced == view.representations:
            return "synced"
        ended = view.synced + view.failed + view.paused + view.not_asked
        if ended < view.representations:
            return ""
        if self._failed and not self._are_given_up():
            return ""
        if view.not_asked:
            return "not_asked"
        return "failed" if view.failed else "paused"

    def _are_given_up(self) -> bool:
        """Whether nothing that failed will be tried again by itself."""
        stuck: list[str] = []
        for row in self._failed:
            found = self._client.explain(
                *(self._selection.project_name, row["representationId"]),
                self._site_name,
            )
            texts = [
                reason["text"]
                for reason in found["reasons"]
                if reason["code"] in STUCK_CODES
            ]
            if not texts:
                return False
            if len(stuck) < MOST_NAMED:
                stuck.append(f"{describe_row(row)}: {texts[0]}")
        self.stuck = stuck
        return True


def _describe(view: _View) -> str:
    return (
        f"{view.synced} of {view.representations} there,"
        f" {format_bytes(view.bytes_done)} of {format_bytes(view.bytes_total)}"
    )


_SENTENCES = {
    "synced": "all is there",
    "failed": "some files failed for good; see `explain`, then `retry`",
    "paused": "the rest is paused; see `resume`",
    "not_asked": "nobody asked for the rest; see `add-site`",
    "timeout": "the time is up",
}


def _tell(
    options: Options, selection: Selection, site: str, view: _View, outcome: str
) -> None:
    if options.as_json:
        print_json(
            {
                "projectName": selection.project_name,
                "siteName": site,
                "outcome": outcome,
                "representations": view.representations,
                "synced": view.synced,
                "failed": view.failed,
                "paused": view.paused,
                "notAskedFor": view.not_asked,
                "bytesTotal": view.bytes_total,
                "bytesDone": view.bytes_done,
            }
        )
        return
    print(f"{site}: {_describe(view)}: {_SENTENCES[outcome]}")


WAIT = Command(
    "wait", "wait until representations are on a site", _add_arguments, _run_wait
)
