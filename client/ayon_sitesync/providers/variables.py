"""What paths in settings may name: variables of this machine as `{NAME}`, its home."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Optional

_LOGIN = re.compile(
    r"(.*_)?API_KEY|AYON_.*(KEY|TOKEN|SECRET|PASSWORD).*", re.IGNORECASE
)


def read_variable(name: str) -> Optional[str]:
    """The value of a variable, None when there is none.

    None too for keys of AYON and of services like it, which launchers give to their
    processes: whoever edits a site's settings would have them sent to his own server.
    """
    return None if _LOGIN.fullmatch(name) else os.environ.get(name)


def expand_home(path: str) -> Path:
    """`path` with `~` as the user's home; as it is for a user who has none."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, KeyError):  # Python 3.9 lets out the KeyError of `pwd`
        return Path(path)
