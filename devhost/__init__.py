"""A stand-in AYON server with an embedded Postgres, for development and tests.

It never ships. Importing it puts `stubs/` on the module path, so that the addon and
the devhost find the stand-in `ayon_server`.
"""

import sys
from pathlib import Path

_STUBS = str(Path(__file__).parent / "stubs")
if _STUBS not in sys.path:
    sys.path.insert(0, _STUBS)
