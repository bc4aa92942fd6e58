"""Parts of a benchmark that fail alone: what the others measured is kept."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager


class Parts:
    """Notes which parts failed; `end` says so once all have had their turn."""

    def __init__(self) -> None:
        self._failed: list[str] = []

    @contextmanager
    def keep(self, name: str) -> Iterator[None]:
        """Run one part; what it raises is printed and ends only that part."""
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            yield
        except Exception:
            traceback.print_exc()
            self._failed.append(name)

    def end(self) -> None:
        """Exit with 1 when anything failed."""
        if self._failed:
            sys.exit(f"failed: {', '.join(self._failed)}")
