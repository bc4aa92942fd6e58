"""The first load of the panel is small and needs nobody else."""

from __future__ import annotations

import re

from tests.e2e.first_load import (
    DIST,
    MOST_BYTES,
    MOST_COMPRESSED_BYTES,
    measure_first_load,
    read_first_load,
)


def test_the_first_load_is_small() -> None:
    served, compressed = measure_first_load()
    assert served <= MOST_BYTES
    assert compressed <= MOST_COMPRESSED_BYTES


def test_nothing_is_loaded_from_elsewhere() -> None:
    """A studio's network may have no way out."""
    text = b"".join(read_first_load()).decode()
    assert not re.findall(r'(?:src|href)="https?://|url\(["\']?https?://', text)


def test_the_whole_panel_is_within_the_limit_of_the_first_load() -> None:
    """Parts that are loaded later would count too."""
    sizes = [path.stat().st_size for path in DIST.rglob("*") if path.is_file()]
    assert sum(sizes) <= MOST_BYTES
