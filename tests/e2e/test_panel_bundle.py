"""What a browser loads before the panel is there: AYON serves it uncompressed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

DIST = Path(__file__).parents[2] / "frontend" / "dist"
MOST_BYTES = 1_100_000
MOST_COMPRESSED_BYTES = 350_000


def _read_first_load() -> list[bytes]:
    """The page and all that it or its styles name."""
    page = (DIST / "index.html").read_text()
    names = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert any(name.endswith(".js") for name in names)
    assert any(name.endswith(".css") for name in names)
    return [page.encode(), *[(DIST / name).read_bytes() for name in names]]


def test_the_first_load_is_small() -> None:
    parts = _read_first_load()
    assert sum(len(part) for part in parts) <= MOST_BYTES
    compressed = sum(len(gzip.compress(part)) for part in parts)
    assert compressed <= MOST_COMPRESSED_BYTES


def test_nothing_is_loaded_from_elsewhere() -> None:
    """A studio's network may have no way out."""
    text = b"".join(_read_first_load()).decode()
    assert not re.findall(r'(?:src|href)="https?://|url\(["\']?https?://', text)


def test_the_whole_panel_is_within_the_limit_of_the_first_load() -> None:
    """Parts that are loaded later would count too."""
    sizes = [path.stat().st_size for path in DIST.rglob("*") if path.is_file()]
    assert sum(sizes) <= MOST_BYTES
