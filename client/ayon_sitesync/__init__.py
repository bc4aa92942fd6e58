"""Site Sync, client half: the AYON addon and the agent that performs transfers.

`SiteSyncAddon` needs ayon_core and is therefore resolved on first use: the agent
runs without a launcher.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .addon import SiteSyncAddon

SYNC_ADDON_DIR = str(Path(__file__).resolve().parent)

__all__ = ("SYNC_ADDON_DIR", "SiteSyncAddon", "__version__")


def __getattr__(name: str) -> Any:
    if name == "SiteSyncAddon":
        from .addon import SiteSyncAddon

        return SiteSyncAddon
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
