"""`clean`: what killed processes and deleted versions left behind."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..agent_ids import find_state_folder
from ..errors import InputError, SiteUnhealthyError
from ..paths import PART_SUFFIX, current_platform
from ..providers.disk.folders import is_left_over
from ..server_api.operator_client import OperatorClient
from ..server_api.state_client import split_chunks
from ..site_access import SiteAccess
from ..sites import LOCAL_DRIVE
from ..transfer.journal import Journal
from .command import EXIT_DONE, EXIT_FAILED, Command
from .connection import find_machine_tag, list_projects, make_site_access
from .options import Options, add_own_site_argument, check_site_names
from .output import format_bytes, print_error, print_line
from .tables import ProgressLine, print_json

DAY_SECONDS = 24 * 3600
USUAL_DAYS = 7
TOMBSTONES_IN_BODY = 1000


@dataclass(frozen=True)
class _LeftOver:
    """A file that nobody needs. `kind`: `temporary` or `journal`."""

    kind: str
    path: Path
    size: int


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_own_site_argument(parser)
    parser.add_argument(
        "--on",
        action="append",
        metavar="SITE",
        help="the site to clean; may be repeated (default: the own site)",
    )
    parser.add_argument(
        "--tombstones",
        action="store_true",
        help="also files of what was deleted in AYON",
    )
    parser.add_argument(
        "--older-than",
        metavar="DAYS",
        help=f"journals that nobody wrote to for so long (default: {USUAL_DAYS})",
    )
    parser.add_argument(
        "--delete", action="store_true", help="delete; without it they are listed"
    )


def _run_clean(options: Options, client: OperatorClient) -> int:
    """JSON: one object a left-over; 1 when a site cannot be looked at."""
    days = _read_days(options.typed.older_than)
    sites = check_site_names("--on", options.typed.on) or (str(options.site_name),)
    access = make_site_access(client, str(options.site_name))
    projects = list_projects(options, client)
    roots, is_done = _find_roots(access, projects, sites)
    journals = sorted(_find_journals(days), key=lambda one: one.path)
    kept = _list_kept_parts({journal.path for journal in journals})
    tag = find_machine_tag(str(options.site_name))
    with ProgressLine("temporary files", is_silent=options.as_json) as line:
        found = [*_find_parts(roots, tag, kept, line), *journals]
    is_done &= _clean_files(options, found)
    if options.typed.tombstones:
        for project in projects:
            for site in sites:
                _clean_tombstones(options, client, project, site)
    return EXIT_DONE if is_done else EXIT_FAILED


def _read_days(text: Optional[str]) -> float:
    if text is None:
        return USUAL_DAYS
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"--older-than: '{text}' is not allowed; use days, 1 or more.")
    return float(text)


# --- files of this machine -----------------------------------------------------------


def _find_roots(
    access: SiteAccess, projects: Sequence[str], sites: Sequence[str]
) -> tuple[list[str], bool]:
    """Root folders of disk sites, each once; whether all sites can be looked at."""
    roots: dict[str, None] = {}
    is_done = True
    for project in projects:
        for site in sites:
            try:
                roots.update(dict.fromkeys(_open_roots(access, project, site)))
            except SiteUnhealthyError as error:  # noqa: PERF203 - each for itself
                print_error(f"project '{project}': {error}")
                is_done = False
    return list(roots), is_done


def _open_roots(
    access: SiteAccess, project_name: str, site_name: str
) -> Collection[str]:
    settings = access.read_project(project_name)
    if settings.find_provider_code(site_name) != LOCAL_DRIVE:
        raise SiteUnhealthyError(
            site_name, "it is no disk; agents remove what they left on other storage"
        )
    roots = settings.find_roots(site_name)
    access.open_site(project_name, site_name).check_health(roots, writable=True)
    return roots.values()


def _find_parts(
    roots: Sequence[str], tag: str, kept: frozenset[str], line: ProgressLine
) -> Iterator[_LeftOver]:
    seen: set[Path] = set()
    folders = 0
    for root in roots:
        for folder, _, names in os.walk(root):
            folders += 1
            line.update(None, f"{folders} folders looked at")
            for name in names:
                part = Path(folder, name)
                is_part = name.endswith(PART_SUFFIX) and str(part) not in kept
                if is_part and part not in seen:
                    seen.add(part)
                    with suppress(OSError):
                        if is_left_over(part, tag):
                            yield _LeftOver("temporary", part, part.stat().st_size)


def _find_journal_folder() -> Optional[Path]:
    folder = find_state_folder(os.environ, current_platform())
    return folder / "journal" if folder else None


def _find_journals(days: float) -> Iterator[_LeftOver]:
    """Checkpoints of large files that no agent went on with for so long."""
    folder = _find_journal_folder()
    if folder is None or not folder.is_dir():
        return
    for path in folder.glob("*/*.*"):
        with suppress(OSError):
            found = path.stat()
            if time.time() - found.st_mtime > days * DAY_SECONDS:
                yield _LeftOver("journal", path, found.st_size)


def _list_kept_parts(orphans: set[Path]) -> frozenset[str]:
    """Temporary files that an agent will go on with."""
    folder = _find_journal_folder()
    kept: set[str] = set()
    for path in folder.glob("*/*.json") if folder else ():
        checkpoint = Journal(path.parent).read(path.stem)
        if checkpoint is not None and path not in orphans:
            kept.add(checkpoint.token)
    return frozenset(kept)


def _clean_files(options: Options, found: list[_LeftOver]) -> bool:
    """List or delete; whether all could be deleted."""
    is_done = True
    deletes = options.typed.delete
    for one in found:
        error = _delete(one.path) if deletes else None
        is_done &= error is None
        if options.as_json:
            about = {"kind": one.kind, "path": str(one.path), "size": one.size}
            is_gone = deletes and error is None
            print_json({**about, "deleted": is_gone, "error": error})
        else:
            tail = f": {error}" if error else ""
            print_line(f"{one.kind}: {one.path} ({format_bytes(one.size)}){tail}")
    if not options.as_json:
        size = format_bytes(sum(one.size for one in found))
        told = "deleted" if deletes else "left over; add --delete to delete them"
        print(f"{len(found)} files, {size} {told}")
    return is_done


def _delete(path: Path) -> Optional[str]:
    """What is wrong, None when it is gone."""
    try:
        path.unlink()
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


# --- files of what was deleted in AYON -----------------------------------------------


def _clean_tombstones(
    options: Options, client: OperatorClient, project_name: str, site_name: str
) -> None:
    """List them; with `--delete` agents of the site delete their files."""
    ids: list[str] = []
    files = size = 0
    for one in client.iterate_tombstones(project_name, site_name):
        ids.append(str(one["representationId"]))
        files += len(one["files"])
        size += sum(file["size"] for file in one["files"])
    is_ordered = bool(options.typed.delete and ids)
    if is_ordered:
        for chunk in split_chunks(ids, TOMBSTONES_IN_BODY):
            client.remove_tombstones(project_name, site_name, chunk)
    if options.as_json:
        print_json(
            {
                "kind": "tombstones",
                "projectName": project_name,
                "siteName": site_name,
                "representations": len(ids),
                "files": files,
                "size": size,
                "ordered": is_ordered,
            }
        )
        return
    told = "are deleted by the site's agent" if is_ordered else "may be there still"
    print(
        f"{project_name} on {site_name}: {files} files ({format_bytes(size)}) of"
        f" {len(ids)} deleted representations {told}"
    )


CLEAN = Command(
    "clean",
    "list or delete what killed processes and deleted versions left",
    _add_arguments,
    _run_clean,
    runs_at_site=True,
    description=(
        "Looks for temporary files of this machine's ended agents (and of any, after a"
        " day) below the roots of disk sites, for journals of large files that nobody"
        " goes on with, and with --tombstones for files of what was deleted in AYON."
        " Lists only, unless --delete is given."
    ),
)
