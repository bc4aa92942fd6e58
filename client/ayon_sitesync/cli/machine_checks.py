"""Checks of this machine alone: packages, and what it keeps on disk."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ..agent_ids import find_state_folder
from ..optional_packages import find_missing
from ..paths import current_platform
from ..version import __version__
from .checks import OK, WARNING, WRONG, Check

OLD_SECONDS = 7 * 24 * 3600
SPOOL_FOLDER = ("sitesync", "spool")
ROOM_BYTES = 10_000_000_000
"""Four files of 2.5 GB under way at once."""


def check_machine() -> Iterator[Check]:
    yield Check(
        "this machine",
        OK,
        f"Site Sync {__version__}, Python {platform.python_version()},"
        f" {platform.system()}",
    )
    missing = list(find_missing())
    for package, effect in missing:
        yield Check(
            *("packages", WARNING, f"'{package}' is not installed: {effect}"),
            f"Install it: pip install {package}",
        )
    if not missing:
        yield Check("packages", OK, "All optional packages are installed")
    yield _check_state_folder()
    yield _check_temporary_folder()
    yield from _check_spool()


def _check_state_folder() -> Check:
    folder = find_state_folder(os.environ, current_platform())
    subject = "state folder"
    if folder is None:
        return Check(
            *(subject, WARNING, "No folder for what the agent remembers"),
            "Set HOME (Windows: LOCALAPPDATA), so that large files can be resumed",
        )
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = f"'{folder}' cannot be made: {error.strerror}"
        return Check(subject, WRONG, reason, "Make it, or correct its permissions")
    if not os.access(folder, os.W_OK):
        found = f"'{folder}' cannot be written to"
        return Check(subject, WRONG, found, "Correct its permissions")
    old = [
        path
        for path in folder.glob("journal/*/*.json")
        if time.time() - path.stat().st_mtime > OLD_SECONDS
    ]
    if old:
        return Check(
            *(subject, WARNING, f"{len(old)} journals that nobody goes on with"),
            "Look at them with: clean",
        )
    return Check(subject, OK, f"'{folder}'")


def _check_temporary_folder() -> Check:
    """Whole files wait there on their way to a cloud from where is no disk."""
    subject = "temporary files"
    todo = "Free some space, or name another folder by TMPDIR (Windows: TMP)"
    try:
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(subject, WRONG, f"No folder for them: {error}", todo)
    found = f"'{folder}', {free / 1e9:.1f} GB free"
    if free < ROOM_BYTES:
        found += ": too little for large files from SFTP or a cloud to a cloud"
        return Check(subject, WARNING, found, todo)
    return Check(subject, OK, found)


def _check_spool() -> Iterator[Check]:
    """States of publishes that could not be told to the server."""
    base = os.environ.get("AYON_LAUNCHER_LOCAL_DIR")
    if not base:
        return
    waiting = list(Path(base, *SPOOL_FOLDER).glob("*/*.json"))
    if waiting:
        yield Check(
            *("publishes", WARNING, f"{len(waiting)} could not be told to the server"),
            "Start the tray or publish again: they are told then",
        )
    else:
        yield Check("publishes", OK, "All of this machine are told to the server")
