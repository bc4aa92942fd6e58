from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def get_local_site_id() -> str:
    site_id = os.environ.get("AYON_SITE_ID")
    if not site_id:
        raise ValueError("Couldn't access local site id")
    return site_id


def get_launcher_local_dir(*names: str) -> str:
    return str(Path(os.environ["AYON_LAUNCHER_LOCAL_DIR"], *names))


def is_headless_mode_enabled() -> bool:
    return os.environ.get("AYON_HEADLESS_MODE") == "1"


def filter_profiles(
    profiles: list[dict[str, Any]], wanted: dict[str, str]
) -> dict[str, Any] | None:
    """The profile that names most of what is wanted, and nothing else."""
    best, best_score = None, -1
    for profile in profiles:
        score = 0
        for key, value in wanted.items():
            names = profile.get(key) or []
            if names and value not in names:
                break
            score += bool(names)
        else:
            if score > best_score:
                best, best_score = profile, score
    return best
