"""Files of one remote: look, put, move, copy, delete, through a session's calls.

Paths here are rclone's: relative to the remote, without a leading slash.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable, Optional

from ..base import FileStat
from .daemon import Session
from .errors import NOT_FOUND, RcError
from .groups import SLOW_SECONDS, Group

LOCKED = "423 Locked"
LOCKED_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)

DIGEST_ALGORITHMS = ("md5", "dropbox", "sha1", "sha256")
"""Storage digests that the engine can compute, the cheapest first."""

TRANSFER_CONFIG = {
    "MultiThreadStreams": 0,
    "IgnoreChecksum": True,
    "NoCheckDest": True,
    "LowLevelRetries": 3,
}
"""The engine compares by itself; several streams would hide a changing source."""

_TIME = re.compile(r"(.+T[\d:]+)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Entry:
    """A file or folder in a folder. `mtime_ns` is 0 where it was not asked for."""

    name: str
    is_folder: bool
    mtime_ns: int


@dataclass(frozen=True)
class StoreFacts:
    """What a kind of remote can do. `has_duplicates`: two files of one name.

    `keeps_folders`: one without files is still there.
    """

    algorithm: str
    has_duplicates: bool
    copies: bool
    keeps_folders: bool


def parse_time(text: str) -> int:
    """Nanoseconds since the epoch of an RFC 3339 time; 0 when it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return 0
    zone = "+00:00" if match.group(3) == "Z" else match.group(3)
    moment = datetime.fromisoformat(match.group(1) + zone).astimezone(timezone.utc)
    nanoseconds = int((match.group(2) or "").ljust(9, "0")[:9])
    return int(moment.timestamp()) * 10**9 + nanoseconds


class Store:
    """One remote in one session. `fs` is its name with a colon, and a slash when its
    paths are absolute. Methods raise `RcError` and `DaemonLostError`."""

    def __init__(self, session: Session, fs: str) -> None:
        self.session = session
        self.fs = fs

    def read_facts(self) -> StoreFacts:
        found = self.session.call("operations/fsinfo", {"fs": self.fs})
        features = found["Features"]
        hashes = () if features.get("SlowHash") else found.get("Hashes") or ()
        algorithm = next((name for name in DIGEST_ALGORITHMS if name in hashes), "")
        return StoreFacts(
            algorithm,
            bool(features.get("DuplicateFiles")),
            bool(features.get("Copy")),
            bool(features.get("CanHaveEmptyDirectories")),
        )

    def stat(self, remote: str, algorithm: str) -> Optional[FileStat]:
        """None when there is no file; folders are not looked for."""
        answer = self.session.call(
            "operations/stat", self._stat_parameters(remote, algorithm)
        )
        return read_stat(answer.get("item"), algorithm)

    def _stat_parameters(self, remote: str, algorithm: str) -> dict[str, Any]:
        options: dict[str, Any] = {"filesOnly": True, "noMimeType": True}
        if algorithm:
            options.update(showHash=True, hashTypes=[algorithm])
        return {"fs": self.fs, "remote": remote, "opt": options}

    def list_folder(self, remote: str, *, with_times: bool = False) -> list[Entry]:
        """What is in a folder; an `RcError` of 404 when it is not there.

        Times may cost a request for each file.
        """
        options = {"noMimeType": True, "noModTime": not with_times}
        answer = self.session.call(
            "operations/list", {"fs": self.fs, "remote": remote, "opt": options}
        )
        return [
            Entry(item["Name"], bool(item["IsDir"]), parse_time(item["ModTime"]))
            for item in answer["list"]
        ]

    def put(
        self,
        folder: str,
        name: str,
        remote: str,
        *,
        size: int,
        algorithm: str,
        tick: Callable[[int], None],
    ) -> Optional[FileStat]:
        """Copy a file of this machine; what the storage then has of it."""
        copy = {
            "_path": "operations/copyfile",
            "srcFs": folder,
            "srcRemote": name,
            "dstFs": self.fs,
            "dstRemote": remote,
        }
        look = {
            "_path": "operations/stat",
            **self._stat_parameters(remote, algorithm),
        }
        count = _Counter(size, tick)
        answers = self.call_together([copy, look], at_once=1, tick=count, size=size)
        for answer in answers:
            error = self.find_error(answer)
            if error is not None:
                raise error
        count(size)
        return read_stat(answers[-1].get("item"), algorithm)

    def copy(
        self,
        source_remote: str,
        remote: str,
        size: int,
        tick: Callable[[int], None],
    ) -> None:
        """Copy inside the storage."""
        count = _Counter(size, tick)
        call = {
            "srcFs": self.fs,
            "srcRemote": source_remote,
            "dstFs": self.fs,
            "dstRemote": remote,
            "_config": TRANSFER_CONFIG,
        }
        with Group(self.session) as group:
            group.watch("operations/copyfile", call, count, size)
        count(size)

    def find_free_bytes(self) -> Optional[int]:
        """None where the storage does not tell."""
        try:
            answer = self.session.call("operations/about", {"fs": self.fs})
        except RcError:
            return None
        free = answer.get("free")
        return None if free is None else int(free)

    def make_folder(self, remote: str) -> None:
        """With its parents; no error when it is there."""
        self.session.call("operations/mkdir", {"fs": self.fs, "remote": remote})

    def move(self, source_remote: str, remote: str, *, replaces: bool) -> None:
        """Rename inside the storage; what is there is replaced.

        `replaces`: the storage does that by itself, at once. Else rclone deletes the
        older file before; left alone it would keep one of the same size.
        """
        config = {"NoCheckDest": True} if replaces else {"IgnoreTimes": True}
        parameters = {
            "srcFs": self.fs,
            "srcRemote": source_remote,
            "dstFs": self.fs,
            "dstRemote": remote,
            "_config": {"IgnoreChecksum": True, **config},
        }
        # WebDAV locks the folder for moments while other files are written in it.
        for pause in LOCKED_PAUSES:
            try:
                self.session.call("operations/movefile", parameters, SLOW_SECONDS)
                return
            except RcError as error:
                if LOCKED not in str(error):
                    raise
            time.sleep(pause)
        self.session.call("operations/movefile", parameters, SLOW_SECONDS)

    def remove_folder(self, remote: str) -> None:
        """Only an empty one: rclone looks again, and refuses any other."""
        self.session.call("operations/rmdir", {"fs": self.fs, "remote": remote})

    def delete(self, remote: str) -> None:
        """No error when it is not there."""
        try:
            self.session.call(
                "operations/deletefile", {"fs": self.fs, "remote": remote}
            )
        except RcError as error:
            if error.status != NOT_FOUND:
                raise

    def abort_uploads(self, remote: str, older_than: str) -> None:
        """End multipart uploads that killed processes left below a folder."""
        self.session.call(
            "backend/command",
            {
                "command": "cleanup",
                "fs": f"{self.fs}{remote}",
                "opt": {"max-age": older_than},
            },
        )

    # --- calls that take long --------------------------------------------------------

    def call_together(
        self,
        commands: Sequence[Mapping[str, Any]],
        *,
        at_once: int,
        tick: Optional[Callable[[int], None]] = None,
        size: int = 0,
    ) -> list[dict[str, Any]]:
        """The answer to each of several commands in one call, for `find_error`.

        They are begun in their order, `at_once` of them at once. Those that bring files
        there have a `tick`; it and `size` are as in `Group.watch`.
        """
        if not commands:
            return []
        with Group(self.session) as group:
            call: dict[str, Any] = {
                "inputs": [{**command, "_group": group.name} for command in commands],
                "concurrency": at_once,
            }
            if tick is None:
                answer = self.session.call("job/batch", call, SLOW_SECONDS)
            else:
                call["_config"] = TRANSFER_CONFIG
                answer = group.watch("job/batch", call, tick, size)
        results: list[dict[str, Any]] = answer["results"]
        return results

    def find_error(self, result: Mapping[str, Any]) -> Optional[RcError]:
        """What went wrong with one command of many."""
        if not result.get("error"):
            return None
        return self.session.api.make_error(result, int(result.get("status") or 0))


class _Counter:
    """Tells what rclone says of all bytes so far as news, never more than there are."""

    def __init__(self, size: int, tick: Callable[[int], None]) -> None:
        self._size = size
        self._tick = tick
        self._told = 0

    def __call__(self, moved: int) -> None:
        news = max(0, min(moved, self._size) - self._told)
        self._told += news
        self._tick(news)


def read_stat(item: Optional[Mapping[str, Any]], algorithm: str) -> Optional[FileStat]:
    """A file of one of rclone's answers; None when it is none."""
    if not item or item["IsDir"]:
        return None
    digest = (item.get("Hashes") or {}).get(algorithm)
    return FileStat(
        int(item["Size"]),
        parse_time(item["ModTime"]),
        f"{algorithm}:{digest.lower()}" if digest else None,
    )


@dataclass(frozen=True)
class OpenStore:
    """A store of one session. `prefix`: the start of our paths that is not in it."""

    store: Store
    facts: StoreFacts
    prefix: str

    def to_remote(self, path: str) -> str:
        """rclone's path of one of ours."""
        if path == self.prefix or path.startswith(self.prefix + "/"):
            path = path[len(self.prefix) :]
        return path.strip("/")
