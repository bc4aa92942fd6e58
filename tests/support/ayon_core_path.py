"""Puts ayon_core on the path: the stand-in, or a real checkout by `AYON_CORE`.

What a checkout does not bring (pyblish, ayon_applications) comes from the stand-in
unless it is installed.
"""

import os
import sys
from pathlib import Path

STANDIN = Path(__file__).parent / "ayon_core_standin"


def is_real_core() -> bool:
    """Whether a real checkout is used."""
    return bool(os.environ.get("AYON_CORE"))


def put_core_on_path() -> None:
    """Make `import ayon_core` work in this process."""
    checkout = os.environ.get("AYON_CORE")
    folders = [str(Path(checkout, "client")), str(STANDIN)] if checkout else []
    for folder in folders or [str(STANDIN)]:
        if folder not in sys.path:
            # Last, so that what is installed (pyblish) comes first.
            sys.path.append(folder)
