"""Publishes that could not be told to the server, kept on disk for a later process.

One folder per user and server, one file per publish, written whole or not at all. Kept
is what was published, not what is to be written: that depends on the server's state at
the time when it is told.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Optional

log = logging.getLogger(__name__)

KEPT_SECONDS = 30 * 24 * 3600.0
HELD_SECONDS = 600.0
"""A process that took a note and is not done with it after so long has died."""
MOST_FILES = 1000
NOTE, HELD, PART = ".json", ".held", ".part"
_BROKEN = (ValueError, KeyError, TypeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Publish:
    """What was published.

    `new_ids` are representations that did not exist before, `replaced_ids` those that
    did. Of `version_ids` all representations count as replaced: who published them
    does not know their ids.
    """

    project_name: str
    new_ids: tuple[str, ...] = ()
    replaced_ids: tuple[str, ...] = ()
    version_ids: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the representations and versions that it speaks of."""
        return (*self.new_ids, *self.replaced_ids, *self.version_ids)


@dataclass(frozen=True)
class SpooledPublish:
    """A publish that waits. `written_at` is this machine's time, epoch seconds.

    `sites` are where it is and has to go; None when the settings could not be read.
    """

    path: Path
    publish: Publish
    sites: Optional[list[dict[str, Any]]]
    written_at: float


def has_waiting(folder: Path) -> bool:
    """Whether anything waits in the spools in a folder, whosever it is."""
    return any(path.suffix in (NOTE, HELD) for path in folder.glob("*/*"))


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

    def keep(
        self, publish: Publish, sites: Optional[Sequence[Mapping[str, Any]]]
    ) -> Path:
        """Write a publish to disk; raises `OSError` when that is not possible."""
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        name = f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}"
        path = self._folder / f"{name}{NOTE}"
        body = {
            "writtenAt": self._now(),
            "publish": asdict(publish),
            "sites": None if sites is None else [dict(site) for site in sites],
        }
        part = path.with_suffix(PART)
        with part.open("w", encoding="utf-8") as stream:
            json.dump(body, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
        return path

    def read(self) -> Iterator[SpooledPublish]:
        """What is kept, newest first, and what another process is telling now.

        What is too old or broken is dropped; what cannot be read now stays.
        """
        if not self._folder.is_dir():
            return
        self._sweep()
        notes = [one for one in self._folder.iterdir() if one.suffix in (NOTE, HELD)]
        for path in sorted(notes, reverse=True)[:MOST_FILES]:
            try:
                found = _parse(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("'%s' cannot be read now: %s", path, error)
                continue
            except _BROKEN as error:
                log.warning("'%s' holds no publish: %s", path, error)
                self.drop(path)
                continue
            if self._now() - found.written_at > KEPT_SECONDS:
                log.warning("'%s' is too old to be told to the server", path)
                self.drop(path)
                continue
            yield found

    def take(self, path: Path) -> Optional[Path]:
        """Keep other processes from a note; the path it has now, None when it is
        another's already."""
        held = path.with_suffix(HELD)
        if path == held:
            return None
        try:
            # Its age is what tells a process that died from one that is at it.
            os.utime(path)
            path.rename(held)
        except OSError:
            return None
        return held

    def put_back(self, held: Path) -> None:
        """Leave a note that was taken to a later process."""
        with suppress(OSError):
            held.rename(held.with_suffix(NOTE))

    def drop(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink()

    def _sweep(self) -> None:
        """Give back what a process took and died with, and drop what it half wrote."""
        for path in self._folder.iterdir():
            if path.suffix not in (HELD, PART):
                continue
            with suppress(OSError):
                if time.time() - path.stat().st_mtime < HELD_SECONDS:
                    continue
                (self.put_back if path.suffix == HELD else self.drop)(path)


def _parse(path: Path) -> SpooledPublish:
    body = json.loads(path.read_text(encoding="utf-8"))
    told = body["publish"]
    publish = Publish(
        str(told["project_name"]),
        *(
            tuple(str(one) for one in told[name])
            for name in ("new_ids", "replaced_ids", "version_ids")
        ),
    )
    sites = body["sites"]
    if sites is not None:
        sites = [
            {"name": str(site["name"]), "status": int(site["status"])} for site in sites
        ]
    written_at = float(body["writtenAt"])
    if not math.isfinite(written_at):
        raise ValueError(f"{written_at} is no time")
    return SpooledPublish(path, publish, sites, written_at)
