"""Many files of one remote in one call to the daemon; each has its own outcome."""

from __future__ import annotations

import posixpath
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

from ..base import MANY_PARALLEL, FileStat
from .errors import NOT_FOUND, DaemonLostError, RcError
from .store import SLOW_SECONDS, STALL_SECONDS, TRANSFER_CONFIG, Store, read_stat

LOOK_SECONDS = 0.25
LISTED_NAMES = 8
"""From so many names of one folder on it is listed: one request for many files."""
LISTED_SHARE = 50
"""A folder with more files than so many for each name asked for is not listed."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._\- ]+")
"""Names that mean nothing else in a filter and are the same everywhere."""

Outcome = Optional[RcError]
Found = Union[FileStat, RcError, None]


@dataclass(frozen=True)
class NewRemote:
    """A file of this machine, and where it goes."""

    folder: str
    name: str
    remote: str


class Batches:
    """Batches of one store. Methods raise `DaemonLostError`, and `RcError` where the
    call as a whole is refused."""

    def __init__(
        self,
        store: Store,
        parallel: int = MANY_PARALLEL,
        *,
        puts_folders: bool = False,
    ) -> None:
        """`parallel`: for so many files at once.

        `puts_folders`: a file may be put over one of its name without a look at it, so
        that files of one folder can go to another as one job.
        """
        self._parallel = parallel
        self._puts_folders = puts_folders
        self._store = store
        self._session = store.session

    def put(
        self, files: Sequence[NewRemote], tick: Callable[[int], None]
    ) -> list[Outcome]:
        """Copy files of this machine there.

        `tick` gets all bytes so far from time to time; what it raises stops the batch.
        """
        if self._puts_folders and self._put_folder(files, tick):
            return [None] * len(files)
        fs = self._store.fs
        commands = [
            {
                "_path": "operations/copyfile",
                "srcFs": file.folder,
                "srcRemote": file.name,
                "dstFs": fs,
                "dstRemote": file.remote,
            }
            for file in files
        ]
        results = self._run(commands, dict(TRANSFER_CONFIG), tick)
        return [self._find_error(result) for result in results]

    def _put_folder(
        self, files: Sequence[NewRemote], tick: Callable[[int], None]
    ) -> bool:
        """Copy files as one job, which costs rclone a third less than a job for each.

        Whether all were copied: it does not tell what became of which file.
        """
        folders = {(file.folder, posixpath.dirname(file.remote)) for file in files}
        if len(files) < LISTED_NAMES or len(folders) > 1:
            return False
        if not all(_keeps_plain_name(file) for file in files):
            return False
        ((folder, remote),) = folders
        names = ",".join(file.name for file in files)
        group = _make_group()
        config = {
            **TRANSFER_CONFIG,
            "Transfers": self._parallel,
            "NoTraverse": True,
            "MaxDepth": 1,
        }
        call: dict[str, Any] = {
            "srcFs": folder,
            "dstFs": f"{self._store.fs}{remote}",
            "_filter": {"IncludeRule": ["/{" + names + "}"]},
            "_config": config,
            "_group": group,
        }
        try:
            self._watch("sync/copy", call, tick)
            stats = self._session.call("core/stats", {"group": group})
        except RcError:
            return False
        finally:
            self._forget_group(group)
        return int(stats.get("transfers") or 0) == len(files)

    def move(
        self, pairs: Sequence[tuple[str, str]], *, replaces: bool
    ) -> list[Outcome]:
        """Rename inside the storage, as `Store.move`."""

        def attempt(pair: tuple[str, str]) -> Outcome:
            try:
                self._store.move(*pair, replaces=replaces)
            except RcError as error:
                return error
            return None

        with ThreadPoolExecutor(self._parallel) as pool:
            return list(pool.map(attempt, pairs))

    def find(
        self, remotes: Sequence[str], algorithm: str, count_folder: Callable[[str], int]
    ) -> list[Found]:
        """What is at each path, without its time: by listings where that is cheaper.

        `count_folder` says how much is in a folder, as far as somebody knows.
        """
        found: dict[str, Found] = {}
        by_folder: dict[str, list[str]] = defaultdict(list)
        for remote in remotes:
            folder, name = posixpath.split(remote)
            if _PLAIN_NAME.fullmatch(name):
                by_folder[folder].append(name)
        for folder, names in by_folder.items():
            if LISTED_NAMES <= len(names) >= count_folder(folder) / LISTED_SHARE:
                found.update(self._list(folder, names, algorithm))
        # Some storage is not strict about names: what a listing lacks is asked for.
        rest = [remote for remote in remotes if remote not in found]
        found.update(zip(rest, self._stat(rest, algorithm)))
        return [found[remote] for remote in remotes]

    def _list(
        self, folder: str, names: Sequence[str], algorithm: str
    ) -> dict[str, FileStat]:
        """Those of the names that are there; the answer holds no others."""
        parameters = {
            "fs": self._store.fs,
            "remote": folder,
            "opt": self._make_options(algorithm),
            "_filter": {"IncludeRule": ["{" + ",".join(names) + "}"]},
        }
        try:
            answer = self._session.call("operations/list", parameters)
        except RcError as error:
            if error.status != NOT_FOUND:
                raise
            return {}
        found = {}
        for item in answer["list"]:
            stat = read_stat(item, algorithm)
            if stat is not None:
                found[posixpath.join(folder, item["Name"])] = stat
        return found

    def _stat(self, remotes: Sequence[str], algorithm: str) -> list[Found]:
        options = {**self._make_options(algorithm), "filesOnly": True}
        results = self._run(
            [
                {
                    "_path": "operations/stat",
                    "fs": self._store.fs,
                    "remote": remote,
                    "opt": options,
                }
                for remote in remotes
            ]
        )
        return [
            self._find_error(result) or read_stat(result.get("item"), algorithm)
            for result in results
        ]

    @staticmethod
    def _make_options(algorithm: str) -> dict[str, Any]:
        options: dict[str, Any] = {"noMimeType": True, "noModTime": True}
        if algorithm:
            options.update(showHash=True, hashTypes=[algorithm])
        return options

    def _find_error(self, result: dict[str, Any]) -> Outcome:
        if not result.get("error"):
            return None
        return self._session.api.make_error(result, int(result.get("status") or 0))

    # --- one call --------------------------------------------------------------------

    def _run(
        self,
        commands: Sequence[dict[str, Any]],
        config: Optional[dict[str, Any]] = None,
        tick: Optional[Callable[[int], None]] = None,
    ) -> list[dict[str, Any]]:
        """The daemon's answer to each command. `config` is of rclone, for all."""
        if not commands:
            return []
        group = _make_group()
        call: dict[str, Any] = {
            "inputs": [{**command, "_group": group} for command in commands],
            "concurrency": self._parallel,
            "_group": group,
        }
        if config:
            call["_config"] = config
        try:
            if tick is None:
                answer = self._session.call("job/batch", call, SLOW_SECONDS)
            else:
                answer = self._watch("job/batch", call, tick)
        finally:
            self._forget_group(group)
        results: list[dict[str, Any]] = answer["results"]
        return results

    def _forget_group(self, group: str) -> None:
        with suppress(RcError, DaemonLostError):
            self._session.call("core/stats-delete", {"group": group})

    def _watch(
        self, command: str, call: dict[str, Any], tick: Callable[[int], None]
    ) -> dict[str, Any]:
        """A call that may be stopped, and that ends when no byte moves any more."""
        group = call["_group"]
        with ThreadPoolExecutor(1) as pool:
            answer: Future[dict[str, Any]] = pool.submit(
                self._session.call, command, call, SLOW_SECONDS
            )
            done, moved_at = 0, time.monotonic()
            try:
                while True:
                    with suppress(WaitTimeoutError):
                        return answer.result(LOOK_SECONDS)
                    stats = self._session.call("core/stats", {"group": group})
                    moved = int(stats.get("bytes") or 0)
                    tick(moved)
                    if moved > done:
                        done, moved_at = moved, time.monotonic()
                    elif time.monotonic() - moved_at > STALL_SECONDS:
                        raise DaemonLostError(
                            "no byte has moved for"
                            f" {STALL_SECONDS / 60:.0f} minutes; the storage may have"
                            " stalled"
                        )
            finally:
                if not answer.done():
                    with suppress(RcError, DaemonLostError):
                        self._session.call("job/stopgroup", {"group": group})


def _make_group() -> str:
    """A name for the statistics of one call."""
    return f"sitesync-{uuid.uuid4().hex}"


def _keeps_plain_name(file: NewRemote) -> bool:
    is_plain = _PLAIN_NAME.fullmatch(file.name) is not None
    return is_plain and posixpath.basename(file.remote) == file.name
