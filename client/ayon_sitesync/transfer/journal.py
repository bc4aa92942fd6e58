"""What a large file needs to be gone on with after a crash or a cut line.

One small file for each part, in a folder that belongs to one agent alone: its id is
held by one process at a time and passes to the next one, and the journal with it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

log = logging.getLogger(__name__)

KEPT_SECONDS = 7 * 24 * 3600.0
"""For so long a file that was begun may wait to be gone on with."""


@dataclass(frozen=True)
class Checkpoint:
    """How far a part is: `offset` bytes, whose digests are `prefix`.

    `source` tells the file that it is copied from; another one is never gone on with.
    `token` finds the part on the target.
    """

    token: str
    offset: int
    prefix: Mapping[str, str]
    source: str


class Journal:
    """The checkpoints of one agent. Methods are safe to call from any thread.

    It is a help, not a truth: what cannot be written is told once and done without.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._in_use: set[str] = set()

    def begin(self, key: str) -> bool:
        """Whether nobody else copies to this place now; then it is the caller's."""
        with self._lock:
            if key in self._in_use:
                return False
            self._in_use.add(key)
            return True

    def end(self, key: str) -> None:
        with self._lock:
            self._in_use.discard(key)

    def read(self, key: str) -> Optional[Checkpoint]:
        """The last checkpoint; None for none and for one that cannot be read."""
        try:
            stored = json.loads(self._find_path(key).read_text(encoding="utf-8"))
            return Checkpoint(**stored)
        except (OSError, ValueError, TypeError):
            return None

    def write(self, key: str, checkpoint: Checkpoint) -> bool:
        """Replace the checkpoint; False when it could not be kept."""
        path = self._find_path(key)
        new = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(asdict(checkpoint)), encoding="utf-8")
            new.replace(path)
        except OSError as error:
            log.warning("Large files cannot be resumed: %s", error)
            return False
        return True

    def remove(self, key: str) -> None:
        with suppress(OSError):
            self._find_path(key).unlink()

    def list_tokens(self) -> frozenset[str]:
        """Every part that somebody may go on with.

        Checkpoints that nobody came back to are dropped: their parts are left over.
        """
        found = []
        oldest = time.time() - KEPT_SECONDS
        with suppress(OSError):
            for path in self._folder.glob("*.json"):
                if path.stat().st_mtime < oldest and path.stem not in self._in_use:
                    self.remove(path.stem)
                    continue
                checkpoint = self.read(path.stem)
                if checkpoint is not None:
                    found.append(checkpoint.token)
        return frozenset(found)

    def _find_path(self, key: str) -> Path:
        return self._folder / f"{key}.json"


def make_key(*names: str) -> str:
    """A file name for a place: site and path."""
    return hashlib.sha256("\n".join(names).encode("utf-8", "replace")).hexdigest()[:32]
