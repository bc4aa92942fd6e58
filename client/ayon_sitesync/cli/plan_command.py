"""`plan`: what an agent here would move now. Nothing is moved or claimed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import SiteUnhealthyError, TransferError
from ..providers.base import Provider
from ..server_api.operator_client import OperatorClient
from ..site_access import SiteAccess
from .command import EXIT_DONE, Command
from .connection import list_projects, make_site_access
from .options import Options, add_own_site_argument, add_serve_argument
from .output import format_bytes
from .queue_command import add_first_argument, describe_row, read_first
from .tables import print_json, print_table

SYNCED = 4
_COLUMNS = ("PROJECT", "DIRECTION", "WHAT", "FROM", "TO", "FILES", "SIZE", "NOTE")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_own_site_argument(parser)
    add_serve_argument(parser)
    add_first_argument(parser)


@dataclass(frozen=True)
class _Move:
    """A transfer of the plan; `note` says what holds it up, empty for nothing."""

    project_name: str
    row: dict[str, Any]
    source: str
    target: str
    direction: str
    files: int
    size: int
    files_there: int
    note: str

    def as_json(self) -> dict[str, Any]:
        row = self.row
        return {
            "projectName": self.project_name,
            "direction": self.direction,
            "sourceSite": self.source,
            "siteName": self.target,
            "representationId": row["representationId"],
            "folderPath": row["folderPath"],
            "product": row["product"],
            "version": row["version"],
            "representation": row["representation"],
            "files": self.files,
            "bytes": self.size,
            "filesThere": self.files_there,
            "note": self.note or None,
        }

    def as_row(self) -> tuple[str, ...]:
        notes = [self.note] if self.note else []
        if self.files_there:
            notes.append(f"{self.files_there} files are there, to be verified only")
        return (
            self.project_name,
            self.direction,
            describe_row(self.row),
            self.source,
            self.target,
            str(self.files),
            format_bytes(self.size),
            "; ".join(notes),
        )


def _run_plan(options: Options, client: OperatorClient) -> int:
    """JSON: one object a transfer, in the order of the queue of each project."""
    first = read_first(options)
    access = make_site_access(client, str(options.site_name))
    pauses = client.list_pauses()
    moves: list[_Move] = []
    for name in list_projects(options, client):
        plan = _ProjectPlan(options, client, access, name, pauses)
        moves += plan.make(first)
    for move in moves:
        if options.as_json:
            print_json(move.as_json())
    if not options.as_json:
        _print_plan(moves)
    return EXIT_DONE


def _print_plan(moves: Sequence[_Move]) -> None:
    if not moves:
        print("An agent here would move nothing now.")
        return
    print_table(_COLUMNS, [move.as_row() for move in moves])
    free = [move for move in moves if not move.note]
    size = sum(move.size for move in free)
    files = sum(move.files for move in free)
    print(f"To move now: {len(free)} transfers, {files} files, {format_bytes(size)}.")


class _ProjectPlan:
    """The plan of one project for one machine."""

    def __init__(
        self,
        options: Options,
        client: OperatorClient,
        access: SiteAccess,
        project_name: str,
        pauses: Sequence[dict[str, Any]],
    ) -> None:
        self._client = client
        self._access = access
        self._project = project_name
        self._own = str(options.site_name)
        self._serve = options.serve
        self._pauses = pauses

    def make(self, first: int) -> list[_Move]:
        sites = self._list_sites()
        if not sites:
            return []
        found = self._client.read_transfers(self._project, first, sites)
        ids = [one["representationId"] for one in found["queued"]]
        body = {"representationIds": ids, "siteNames": sites, "withFiles": True}
        rows = {
            row["representationId"]: row
            for row in self._client.iterate_rows(self._project, body)
        }
        moves = []
        for one in found["queued"]:
            row = rows.get(one["representationId"])
            move = self._make_move(one, row, sites) if row else None
            if move is not None:
                moves.append(move)
        return moves

    def _list_sites(self) -> list[str]:
        """The own site and what this machine reaches; none in a disabled project."""
        settings = self._access.read_project(self._project)
        if not settings.is_enabled:
            return []
        pair = (settings.active_site, settings.remote_site)
        return list(dict.fromkeys((self._own, *pair, *self._serve)))

    def _make_move(
        self, queued: dict[str, Any], row: dict[str, Any], sites: Sequence[str]
    ) -> Optional[_Move]:
        target = queued["siteName"]
        source = self._find_source(row, target, sites)
        if source is None:
            return None
        lacking = [
            file
            for file in row["files"]
            if file["sites"].get(target, {}).get("status") != SYNCED
        ]
        fault, files_there = self._look(source, target, lacking)
        wait = queued["dueAt"] - time.time()
        later = f"due in {wait:.0f} s" if wait > 1 else ""
        return _Move(
            self._project,
            row,
            source,
            target,
            direction="download" if target == self._own else "upload",
            files=len(lacking),
            size=sum(file["size"] for file in lacking),
            files_there=files_there,
            note=self._find_pause(source, target) or fault or later,
        )

    def _find_source(
        self, row: dict[str, Any], target: str, sites: Sequence[str]
    ) -> Optional[str]:
        """A reachable site that has all of it; one of the two is the own site."""
        sources = sites if target == self._own else [self._own]
        for name in sources:
            if name != target and row["sites"].get(name, {}).get("status") == SYNCED:
                return name
        return None

    def _find_pause(self, *site_names: str) -> str:
        for pause in self._pauses:
            is_here = pause["projectName"] in (None, self._project)
            if is_here and pause["siteName"] in (None, *site_names):
                return "paused" + (f": {pause['reason']}" if pause["reason"] else "")
        return ""

    def _look(
        self, source: str, target: str, files: Sequence[dict[str, Any]]
    ) -> tuple[str, int]:
        """What is wrong with the two sites, and files that a disk has already."""
        try:
            self._access.open_site(self._project, source)
            provider = self._access.open_site(self._project, target)
        except SiteUnhealthyError as error:
            return str(error), 0
        if not provider.capabilities.is_disk:
            return "", 0
        return "", sum(_is_there(provider, file) for file in files)


def _is_there(provider: Provider, file: dict[str, Any]) -> bool:
    try:
        found = provider.stat(provider.locate(file["path"]))
    except TransferError:
        return False
    return found is not None and found.size == file["size"]


PLAN = Command(
    "plan",
    "show what an agent here would move now",
    _add_arguments,
    _run_plan,
    runs_at_site=True,
)
