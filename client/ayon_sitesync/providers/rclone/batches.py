"""Many files of one remote in one call to the daemon; each has its own outcome."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

from ..base import MANY_PARALLEL, FileStat
from .errors import NOT_FOUND, RcError
from .groups import Group
from .store import TRANSFER_CONFIG, Store, read_stat

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
        results = self._store.call_together(commands, at_once=self._parallel, tick=tick)
        return [self._store.find_error(result) for result in results]

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
        }
        with Group(self._session) as group:
            try:
                group.watch("sync/copy", call, tick)
                stats = group.read_stats()
            except RcError:
                return False
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
        commands = [
            {
                "_path": "operations/stat",
                "fs": self._store.fs,
                "remote": remote,
                "opt": options,
            }
            for remote in remotes
        ]
        results = self._store.call_together(commands, at_once=self._parallel)
        return [
            self._store.find_error(result) or read_stat(result.get("item"), algorithm)
            for result in results
        ]

    @staticmethod
    def _make_options(algorithm: str) -> dict[str, Any]:
        options: dict[str, Any] = {"noMimeType": True, "noModTime": True}
        if algorithm:
            options.update(showHash=True, hashTypes=[algorithm])
        return options


def _keeps_plain_name(file: NewRemote) -> bool:
    is_plain = _PLAIN_NAME.fullmatch(file.name) is not None
    return is_plain and posixpath.basename(file.remote) == file.name
