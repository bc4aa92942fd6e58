"""Whether a program of rclone is new enough for us: distributions have old ones."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Optional

from .errors import DaemonStartError

LEAST = (1, 72)
"""The first with `job/batch`."""
ANSWER_SECONDS = 10.0
_VERSION = re.compile(r"rclone v(\d+)\.(\d+)")


def read_version(
    binary: str, environment: Mapping[str, str]
) -> Optional[tuple[int, ...]]:
    """What a program says of itself; None when that is no version of rclone."""
    try:
        said = subprocess.run(
            [binary, "version"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_SECONDS,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(said)
    return tuple(int(number) for number in found.groups()) if found else None


def refuse_old(binary: str, version: Optional[Sequence[int]]) -> None:
    """Raise `DaemonStartError` for a version below `LEAST`; None is not known."""
    if version is None or tuple(version) >= LEAST:
        return
    found, least = (".".join(map(str, one[:2])) for one in (version, LEAST))
    raise DaemonStartError(
        f"'{binary}' is rclone {found}, and {least} or later is needed; install that,"
        " name it in 'rclone_executable_path', or build the addon with it (`make"
        " package RCLONE=...`)"
    )
