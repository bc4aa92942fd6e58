"""What a browser loads before the panel is there."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

DIST = Path(__file__).parents[2] / "frontend" / "dist"
MOST_BYTES = 1_100_000
MOST_COMPRESSED_BYTES = 350_000


def read_first_load() -> list[bytes]:
    """The page and all that it names: scripts and styles."""
    page = (DIST / "index.html").read_text()
    names = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert any(name.endswith(".js") for name in names)
    assert any(name.endswith(".css") for name in names)
    return [page.encode(), *[(DIST / name).read_bytes() for name in names]]


def measure_first_load() -> tuple[int, int]:
    """Bytes as AYON serves them, which is uncompressed; and bytes compressed."""
    parts = read_first_load()
    return (
        sum(len(part) for part in parts),
        sum(len(gzip.compress(part)) for part in parts),
    )
