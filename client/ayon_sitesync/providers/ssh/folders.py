"""Folders on a server: made once, kept inside their root, cleaned of old parts."""

from __future__ import annotations

import posixpath
import secrets
import stat
import threading
import time
from collections.abc import Collection, Iterable, Mapping

from ...errors import PathError, PermanentError
from ...paths import PART_SUFFIX
from ..disk.files import make_part_name
from . import packets
from .files import encode_path, ensure_inside
from .session import SftpSession, SftpStatusError

TRUST_SECONDS = 60.0
"""How long a folder that was looked at counts as there."""
REMEMBERED_FOLDERS = 10_000

OWN_ABANDONED_SECONDS = 3600
ABANDONED_SECONDS = 24 * 3600
"""Age from which a temporary file is left over: of this machine, of others."""


class RemoteFolders:
    """What is known of the folders below a site's roots. Safe from any thread.

    Methods raise `SftpStatusError` and `LinkError` as the session does, and
    `PermanentError` or `PathError` for a folder that cannot or must not be used.
    """

    def __init__(self, roots: Mapping[str, str], machine_tag: str) -> None:
        self._roots = roots
        self._machine_tag = machine_tag
        self._lock = threading.Lock()
        self._trusted: dict[str, float] = {}
        self._real_roots: dict[str, bytes] = {}
        self._swept: set[str] = set()
        self._live_parts: set[str] = set()
        self._spared: frozenset[str] = frozenset()

    # --- inside their root -----------------------------------------------------------

    def _find_root(self, path: str) -> str:
        """The root that `path` is below, the longest one that fits."""
        fitting = [
            root
            for root in self._roots.values()
            if path.startswith(root if root.endswith("/") else root + "/")
        ]
        return max(fitting, key=len)

    def find_real_root(self, session: SftpSession, path: str) -> bytes:
        """Where the root that `path` is below really is."""
        root = self._find_root(path)
        real = self._real_roots.get(root)
        if real is None:
            real = self._real_roots[root] = session.real_path(encode_path(root))
        return real

    def check_source(self, session: SftpSession, path: str) -> None:
        """Refuse a file whose folder links lead out of its root."""
        folder = posixpath.dirname(path)
        if not self._is_trusted(folder):
            self._trust(session, folder)

    def find_faults(
        self, session: SftpSession, folders: Iterable[str]
    ) -> dict[str, PathError]:
        """Those of some folders, all of which are there, that links lead out."""
        unknown = [folder for folder in folders if not self._is_trusted(folder)]
        if not unknown:
            return {}
        asked = [session.send_real_path(encode_path(folder)) for folder in unknown]
        faults = {}
        for folder, request_id in zip(unknown, asked):
            real = session.take_real_path(request_id)
            try:
                self._judge(session, folder, real)
            except PathError as error:
                faults[folder] = error
        return faults

    def _is_trusted(self, folder: str) -> bool:
        found = self._trusted.get(folder)
        return found is not None and time.monotonic() - found < TRUST_SECONDS

    def _trust(self, session: SftpSession, folder: str) -> None:
        self._judge(session, folder, session.real_path(encode_path(folder)))

    def _judge(self, session: SftpSession, folder: str, real: bytes) -> None:
        """Trust a folder that really is at `real`, or raise `PathError`."""
        ensure_inside(real, self.find_real_root(session, folder + "/"), folder)
        with self._lock:
            if len(self._trusted) > REMEMBERED_FOLDERS:
                self._trusted.clear()
            self._trusted[folder] = time.monotonic()

    def distrust(self, folder: str) -> None:
        """Something went wrong there: it is looked at again."""
        self._trusted.pop(folder, None)

    # --- made and removed ------------------------------------------------------------

    def make(self, session: SftpSession, folder: str) -> None:
        """Have a folder below a root, parents included, and clean it once."""
        if self._is_trusted(folder):
            return
        root = self._find_root(folder + "/")
        missing = []
        current = folder
        while len(current) > len(root) and not _is_folder(session, current):
            missing.append(current)
            current = posixpath.dirname(current)
        for name in reversed(missing):
            made = session.send(
                packets.MKDIR,
                packets.encode_text(encode_path(name)),
                packets.NO_ATTRIBUTES,
            )
            try:
                session.expect_ok(made)
            except SftpStatusError:
                # Another one may have made it just now.
                if not _is_folder(session, name):
                    raise
        self._trust(session, folder)
        if not missing:
            self._sweep_once(session, folder)

    def prune_upwards(self, session: SftpSession, folder: str) -> None:
        """Remove folders that are empty. A root keeps its own ones."""
        root = self._find_root(folder + "/").rstrip("/")
        while len(posixpath.dirname(folder).rstrip("/")) > len(root):
            try:
                session.expect_ok(
                    session.send_named(packets.RMDIR, encode_path(folder))
                )
            except SftpStatusError:
                return
            self.distrust(folder)
            self._swept.discard(folder)
            folder = posixpath.dirname(folder)

    # --- left-over parts -------------------------------------------------------------

    def hold(self, parts: Iterable[str]) -> None:
        """These parts are written to now."""
        with self._lock:
            self._live_parts.update(parts)

    def let_go(self, parts: Iterable[str]) -> None:
        with self._lock:
            self._live_parts.difference_update(parts)

    def spare(self, parts: Collection[str]) -> None:
        """Somebody will go on with these parts, whatever their age."""
        self._spared = frozenset(parts)

    def _sweep_once(self, session: SftpSession, folder: str) -> None:
        """Remove what killed processes left in a folder.

        Whether a part is still written to cannot be seen from here: its age by the
        server's own clock decides. A part that a journal names is younger or resumed.
        """
        with self._lock:
            if folder in self._swept:
                return
            self._swept.add(folder)
        parts = [
            (name, found.mtime)
            for name, found in session.list_folder(encode_path(folder))
            if name.startswith(b".") and name.endswith(PART_SUFFIX.encode())
        ]
        old = [(n, m) for n, m in parts if m is not None and self._is_own_tag(n) != ""]
        if not old:
            return
        now = self._read_server_time(session, folder)
        for name, mtime in old:
            path = posixpath.join(folder, name.decode("utf-8", "surrogateescape"))
            is_own = self._is_own_tag(name) == "own"
            longest = OWN_ABANDONED_SECONDS if is_own else ABANDONED_SECONDS
            is_held = path in self._live_parts or path in self._spared
            if now - mtime > longest and not is_held:
                session.forget(session.send_named(packets.REMOVE, encode_path(path)))

    def _is_own_tag(self, name: bytes) -> str:
        """`own`, `other`, or "" for what is no part of ours."""
        tag = name[: -len(PART_SUFFIX)].rpartition(b".")[2].decode("ascii", "replace")
        if len(tag) != len(self._machine_tag) + 4:
            return ""
        return "own" if tag.startswith(self._machine_tag) else "other"

    def _read_server_time(self, session: SftpSession, folder: str) -> int:
        """The server's clock, by the time of a file that is made for it."""
        probe = encode_path(
            posixpath.join(folder, make_part_name("clock", secrets.token_hex(2)))
        )
        flags = packets.OPEN_WRITE | packets.OPEN_CREATE | packets.OPEN_EXCLUSIVE
        handle = session.open(probe, flags)
        try:
            found = session.ask_attributes(packets.FSTAT, handle)
        finally:
            session.forget(session.send_named(packets.CLOSE, handle))
            session.expect_ok(session.send_named(packets.REMOVE, probe))
        return found.mtime or 0


def _is_folder(session: SftpSession, path: str) -> bool:
    try:
        found = session.ask_attributes(packets.STAT, encode_path(path))
    except SftpStatusError as error:
        if error.code == packets.NO_SUCH_FILE:
            return False
        raise
    if found.mode is not None and not stat.S_ISDIR(found.mode):
        raise PermanentError(f"'{path}' is a file in the place of a folder.")
    return True
