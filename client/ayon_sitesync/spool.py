"""States that could not be told to the server, kept on disk for a later process.

One folder per user and server, one file per publish, written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

log = logging.getLogger(__name__)

KEPT_SECONDS = 30 * 24 * 3600.0
MOST_FILES = 1000


@dataclass(frozen=True)
class SpooledStates:
    """What one publish wanted to write, and when (epoch seconds)."""

    path: Path
    project_name: str
    states: list[dict[str, Any]]
    written_at: float


class Spool:
    """The folder of one user and one server."""

    def __init__(
        self,
        folder: Path,
        user_name: str,
        server_url: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        owner = re.sub(r"[^a-zA-Z0-9_.-]", "_", user_name)
        tag = hashlib.sha256(f"{user_name}\n{server_url}".encode()).hexdigest()[:12]
        self._folder = folder / f"{owner}-{tag}"
        self._now = now

    def keep(self, project_name: str, states: Sequence[Mapping[str, Any]]) -> Path:
        """Write states to disk; raises `OSError` when that is not possible."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}.json"
        body = {
            "projectName": project_name,
            "writtenAt": self._now(),
            "states": list(states),
        }
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as stream:
            json.dump(body, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
        return path

    def read(self) -> Iterator[SpooledStates]:
        """What is kept, oldest first. What is too old or broken is dropped."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.json"))[:MOST_FILES]:
            try:
                body = json.loads(path.read_text(encoding="utf-8"))
                found = SpooledStates(
                    path,
                    str(body["projectName"]),
                    [dict(state) for state in body["states"]],
                    float(body["writtenAt"]),
                )
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                log.warning("'%s' holds no states of a publish: %s", path, error)
                self.drop(path)
                continue
            if self._now() - found.written_at > KEPT_SECONDS:
                log.warning("'%s' is too old to be told to the server", path)
                self.drop(path)
                continue
            yield found

    def drop(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink()
