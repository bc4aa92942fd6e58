"""Names on disks that tell no upper from lower case."""

from __future__ import annotations

import os
import string
import unicodedata
from typing import Optional

from ...errors import PermanentError

_SWAPPED = str.maketrans(
    string.ascii_letters, string.ascii_uppercase + string.ascii_lowercase
)


def refuse_other_case(path: str) -> None:
    """Raise `PermanentError` when a file of another name would be replaced.

    Where `A.exr` and `a.exr` are one file, the second to come would take the place of
    the first, which still counts as there.
    """
    name = os.path.basename(path)
    other = _find_other_case(path, name)
    if other is not None:
        raise PermanentError(
            f"'{path}': '{other}' is in its place, and this disk tells no upper from"
            f" lower case. Publish one of them under another name, or delete '{other}'"
            " if nobody needs it."
        )


def _find_other_case(path: str, name: str) -> Optional[str]:
    """The name that the folder has in the place of `path`; None for none, and for the
    same one in another form of Unicode, which some disks have for all names."""
    folder, swapped = os.path.dirname(path), name.translate(_SWAPPED)
    if swapped == name:
        return None
    try:
        if not os.path.samefile(path, os.path.join(folder, swapped)):
            return None
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return None  # nothing is there, or the other name is nobody's
    if _normalize(name) in map(_normalize, names):
        return None
    folded = _normalize(name).casefold()
    return next((n for n in names if _normalize(n).casefold() == folded), None)


def _normalize(name: str) -> str:
    return unicodedata.normalize("NFC", name)
