"""Variables of this machine's environment that settings may name, as `{NAME}`."""

from __future__ import annotations

import os
import re
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
