"""What is in folders of a remote, looked at once for many files."""

from __future__ import annotations

import posixpath
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import NOT_FOUND, RcError
from .store import OpenStore

SEEN_SECONDS = 30.0
"""How long a look at a folder is believed."""
REMEMBERED_NAMES = 100_000


@dataclass(frozen=True)
class FolderView:
    """What was in a folder a moment ago."""

    folders: frozenset[str]
    files: frozenset[str]
    duplicates: Mapping[str, int]
    seen_at: float

    @property
    def count(self) -> int:
        return len(self.folders) + len(self.files)


class FolderViews:
    """The folders of one site; safe to use from any thread."""

    def __init__(self) -> None:
        self._views: dict[str, FolderView] = {}

    def look(self, opened: OpenStore, folder: str) -> FolderView:
        """Our path of a folder; one that is not there is empty. Raises `RcError`."""
        now = time.monotonic()
        view = self._views.get(folder)
        if view is not None and now - view.seen_at < SEEN_SECONDS:
            return view
        try:
            entries = opened.store.list_folder(opened.to_remote(folder))
        except RcError as error:
            if error.status != NOT_FOUND:
                raise
            entries = []
        counts = Counter(entry.name for entry in entries if not entry.is_folder)
        view = FolderView(
            frozenset(entry.name for entry in entries if entry.is_folder),
            frozenset(counts),
            {name: count for name, count in counts.items() if count > 1},
            now,
        )
        kept = sum(other.count + 1 for other in list(self._views.values()))
        if kept + view.count > REMEMBERED_NAMES:
            self._views.clear()
        self._views[folder] = view
        return view

    def is_new(self, opened: OpenStore, path: str) -> bool:
        folder, name = posixpath.split(path)
        view = self.look(opened, folder)
        return name not in view.files and name not in view.folders

    def is_folder(self, opened: OpenStore, path: str) -> bool:
        folder, name = posixpath.split(path)
        return name in self.look(opened, folder).folders

    def count_duplicates(self, opened: OpenStore, path: str) -> int:
        """How many files have this name, for storage that allows several."""
        folder, name = posixpath.split(path)
        return self.look(opened, folder).duplicates.get(name, 1)

    def forget(self, folder: str) -> None:
        self._views.pop(folder, None)
