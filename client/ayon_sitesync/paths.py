"""Rootless paths (`{root[work]}/...`) to paths of a machine, and no further.

Paths come from the database, written by others: they are data. Braces after the root
are part of a file's name. What would leave the root, or cannot exist on the platform,
is refused with a sentence. Platforms are named as in AYON: windows, linux, darwin.
"""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
import sys
from collections.abc import Mapping
from typing import Union

from .errors import PathError

PART_SUFFIX = ".sitesync-part"
"""Ending of our temporary files; no published file may be named so."""

_ROOTED = re.compile(r"\{root\[([a-zA-Z0-9_]+)\]\}/(.*)", re.DOTALL)
_WINDOWS_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?",
    re.IGNORECASE | re.DOTALL,
)
_WINDOWS_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_WINDOWS_LONG_PATH = 230
"""260 with the zero at the end, less what the name of a part adds to a file's."""


_EXTENDED = "\\\\?\\"
_EXTENDED_SHARE = "\\\\?\\UNC\\"


def current_platform() -> str:
    """AYON's name of the platform this runs on."""
    if sys.platform.startswith("win"):
        return "windows"
    return "darwin" if sys.platform == "darwin" else "linux"


def split_rootless(path: str) -> tuple[str, tuple[str, ...]]:
    """Root name and folder and file names of a rootless path.

    Raises `PathError` for a path without a root or without a name, and for `..`.
    """
    match = _ROOTED.fullmatch(path)
    if match is None:
        raise PathError(
            f"Path '{path}' does not start with a root like '{{root[work]}}/'."
        )
    names = tuple(name for name in match.group(2).split("/") if name not in ("", "."))
    if not names:
        raise PathError(f"Path '{path}' names no file.")
    for name in names:
        _check_name(name, path)
    return match.group(1), names


def _check_name(name: str, path: str) -> None:
    # A backslash separates names on servers that run Windows, whatever runs here.
    if ".." in name.split("\\"):
        raise PathError(f"Path '{path}' leaves its root by '..'.")
    if "\x00" in name:
        raise PathError(f"Path {path!r} holds a zero character.")
    if name.startswith(".") and name.endswith(PART_SUFFIX):
        raise PathError(
            f"Path '{path}': names like '.*{PART_SUFFIX}' are kept for temporary files."
        )


def _check_windows_name(name: str, path: str) -> None:
    if _WINDOWS_FORBIDDEN.search(name):
        raise PathError(f"Path '{path}': Windows does not allow the name '{name}'.")
    if name.endswith((" ", ".")):
        raise PathError(
            f"Path '{path}': Windows allows no space or dot at the end of '{name}'."
        )
    if _WINDOWS_RESERVED.fullmatch(name):
        raise PathError(f"Path '{path}': the name '{name}' is reserved on Windows.")


def is_absolute(path: str, platform: str) -> bool:
    """Whether a root's value is absolute on `platform` (Windows: drive or share)."""
    if platform == "windows":
        drive, rest = ntpath.splitdrive(path.replace("/", "\\"))
        return bool(drive) and (rest.startswith("\\") or drive.startswith("\\\\"))
    return posixpath.isabs(path)


def resolve_path(path: str, roots: Mapping[str, str], platform: str) -> str:
    """The path of a rootless path on `platform`, below the root that it names.

    Raises `PathError` when it names an unknown root or what `platform` cannot hold.
    """
    root_name, names = split_rootless(path)
    root = roots.get(root_name)
    if not root:
        known = ", ".join(sorted(roots)) or "none"
        raise PathError(f"Path '{path}': root '{root_name}' is not set (set: {known}).")
    if platform != "windows":
        return posixpath.join(root, *names)
    for name in names:
        _check_windows_name(name, path)
    return _extend_windows_path(ntpath.join(root.replace("/", "\\"), *names))


def _extend_windows_path(path: str) -> str:
    """Windows takes paths beyond 260 characters only in their extended form."""
    if len(path) < _WINDOWS_LONG_PATH or path.startswith(_EXTENDED):
        return path
    if path.startswith("\\\\"):
        return _EXTENDED_SHARE + path[2:]
    return _EXTENDED + path


def find_real_path(path: Union[str, os.PathLike[str]]) -> str:
    """`path` with its links followed, never in Windows' extended form.

    Windows leaves that to what has it already, and then it is below nothing that has
    it not.
    """
    real = os.path.realpath(path)
    if real.startswith(_EXTENDED_SHARE):
        return "\\\\" + real[len(_EXTENDED_SHARE) :]
    return real[len(_EXTENDED) :] if real.startswith(_EXTENDED) else real


def ensure_inside(path: str, root: str) -> None:
    """Refuse a path that symbolic links lead out of its root.

    `path` need not exist; its last name is followed as well when it is a link.
    """
    real_root = find_real_path(root)
    real_path = find_real_path(path)
    if real_path != real_root and not real_path.startswith(
        real_root if real_root.endswith(os.sep) else real_root + os.sep
    ):
        raise PathError(f"'{path}' leads out of its root '{root}' by a symbolic link.")
