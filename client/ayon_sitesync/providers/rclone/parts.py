"""Temporary files beside their final names, for storage that would show half files."""

from __future__ import annotations

import os
import posixpath
import secrets
import threading
import time
from contextlib import suppress

from ...paths import PART_SUFFIX
from .daemon import is_process
from .errors import RcError
from .store import Store

ABANDONED_SECONDS = 24 * 3600
NAME_BYTES = 255
TAG_LENGTH = 4
TOKEN_LENGTH = 16


class Parts:
    """Names of one machine's parts, and the folders that are ready for them."""

    def __init__(self, machine_tag: str) -> None:
        self._machine_tag = machine_tag
        self._lock = threading.Lock()
        self._prepared: set[str] = set()

    def make_name(self, remote: str) -> str:
        """Its token: this machine, this process, and what makes it the only one."""
        folder, name = posixpath.split(remote)
        token = f"{self._machine_tag}{os.getpid():08x}{secrets.token_hex(2)}"
        tail = f".{token}{PART_SUFFIX}"
        kept = name.encode()[: NAME_BYTES - 1 - len(tail)].decode("utf-8", "ignore")
        return posixpath.join(folder, f".{kept}{tail}")

    def prepare_folder(self, store: Store, folder: str) -> None:
        """Once a folder: make it, for one thread only, since servers lock meanwhile.

        Removes parts of dead processes of this machine, and very old ones. Raises
        `RcError`.
        """
        with self._lock:
            if folder in self._prepared:
                return
            store.make_folder(folder)
            for entry in store.list_folder(folder, with_times=True):
                if self._is_stale(entry.name, entry.mtime_ns):
                    with suppress(RcError):
                        store.delete(posixpath.join(folder, entry.name))
            self._prepared.add(folder)

    def forget_folder(self, folder: str) -> None:
        """It is gone and has to be made again."""
        with self._lock:
            self._prepared.discard(folder)

    def _is_stale(self, name: str, mtime_ns: int) -> bool:
        if not (name.startswith(".") and name.endswith(PART_SUFFIX)):
            return False
        token = name[: -len(PART_SUFFIX)].rpartition(".")[2]
        if mtime_ns and time.time() - mtime_ns / 1e9 > ABANDONED_SECONDS:
            return True
        if len(token) != TOKEN_LENGTH or token[:TAG_LENGTH] != self._machine_tag:
            return False
        return not is_process(int(token[TAG_LENGTH : TAG_LENGTH + 8], 16))
