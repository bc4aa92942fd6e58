"""Files of this machine under their final names on a remote, one or many at a time.

Where storage would show a file before it is whole, it is written under another name,
looked at, and renamed.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from ...errors import CorruptError, TransferError
from ..base import FileStat, Upload
from .batches import Batches, NewRemote
from .errors import DaemonLostError, RcError
from .parts import Parts
from .store import OpenStore

ATOMIC_KINDS = frozenset(
    {
        "azureblob",
        "b2",
        "box",
        "drive",
        "dropbox",
        "gcs",
        "onedrive",
        "oracleobjectstorage",
        "qingstor",
        "s3",
        "storj",
        "swift",
    }
)
"""Kinds that show a file only when it is whole; on others a part is renamed."""

OVERWRITING_KINDS = frozenset(
    {"azureblob", "gcs", "oracleobjectstorage", "qingstor", "s3", "swift"}
)
"""Kinds where a file is what was last put under its name, whatever was there."""

REPLACING_KINDS = frozenset({"webdav"})
"""Kinds whose move puts the new file in the place of an older one at once."""

MapError = Callable[[RcError, str], TransferError]
"""What a failed call about a path means; raises what is wrong with the whole site."""


def is_same(found: FileStat, upload: Upload) -> bool:
    """Whether the storage has the right size, and the right digest if it has one."""
    if found.size != upload.size:
        return False
    return None in (found.digest, upload.digest) or found.digest == upload.digest


@dataclass
class _Item:
    """One file of many. After an error the steps leave it out."""

    upload: Upload
    remote: str
    written: str
    is_put: bool = False
    found: Optional[FileStat] = None
    error: Optional[TransferError] = None


class Uploads:
    """How files get to one site. `kind`: rclone's name of the type."""

    def __init__(
        self, kind: str, site_name: str, parts: Parts, map_error: MapError
    ) -> None:
        self._is_atomic = kind in ATOMIC_KINDS
        self._overwrites = kind in OVERWRITING_KINDS
        self._replaces = kind in REPLACING_KINDS
        self._site_name = site_name
        self._parts = parts
        self._map_error = map_error

    # --- one -------------------------------------------------------------------------

    def publish(
        self,
        opened: OpenStore,
        upload: Upload,
        put: Callable[[str], Optional[FileStat]],
    ) -> FileStat:
        """Have `put` write it, and give it its name when it is right."""
        remote = opened.to_remote(upload.path)
        written = self._prepare(opened, remote)
        try:
            found = put(written)
            if found is None or not is_same(found, upload):
                raise self._make_differing_error(upload)
            if not self._is_atomic:
                opened.store.move(written, remote, replaces=self._replaces)
        except BaseException as error:
            # Nothing shows of an upload that stopped where storage is atomic.
            if not self._is_atomic or isinstance(error, CorruptError):
                _delete(opened, written)
            raise
        return found

    def _prepare(self, opened: OpenStore, remote: str) -> str:
        """The name to write to, in a folder that is there."""
        if self._is_atomic:
            return remote
        self._parts.prepare_folder(opened.store, posixpath.dirname(remote))
        return self._parts.make_name(remote)

    def _make_differing_error(self, upload: Upload) -> CorruptError:
        return CorruptError(
            f"'{upload.path}' was stored differently from what was sent to site"
            f" '{self._site_name}'."
        )

    # --- many ------------------------------------------------------------------------

    def publish_many(
        self,
        opened: OpenStore,
        uploads: Sequence[Upload],
        count_folder: Callable[[str], int],
        parallel: int,
    ) -> list[_Item]:
        """Each file with what the storage has of it, or what is wrong with it.

        `count_folder` as in `Batches.find`. At most `parallel` are on their way at
        once. Raises what is wrong with the site.
        """
        items = []
        for upload in uploads:
            remote = opened.to_remote(upload.path)
            items.append(_Item(upload, remote, self._prepare(opened, remote)))
        batches = Batches(opened.store, parallel, puts_folders=self._overwrites)
        try:
            self._put(batches, items)
            self._check(batches, items, opened, count_folder)
            if not self._is_atomic:
                self._rename(batches, items)
        except BaseException:
            if not self._is_atomic:
                for item in items:
                    _delete(opened, item.written)
            raise
        for item in items:
            is_left = not self._is_atomic or isinstance(item.error, CorruptError)
            if item.error is not None and is_left:
                _delete(opened, item.written)
        return items

    def _put(self, batches: Batches, items: Sequence[_Item]) -> None:
        find = _RealPaths()
        files = [
            NewRemote(*find(item.upload.local_path), item.written) for item in items
        ]
        spread = _Spread([item.upload for item in items])
        for item, error in zip(items, batches.put(files, spread)):
            if error is not None:
                item.error = self._map_error(error, item.upload.path)
        spread.finish([item.upload for item in items if item.error is None])

    def _check(
        self,
        batches: Batches,
        items: Sequence[_Item],
        opened: OpenStore,
        count_folder: Callable[[str], int],
    ) -> None:
        """The storage itself says what it has."""
        items = [item for item in items if item.error is None]
        results = batches.find(
            [item.written for item in items], opened.facts.algorithm, count_folder
        )
        for item, found in zip(items, results):
            if isinstance(found, RcError):
                item.error = self._map_error(found, item.upload.path)
            elif found is None or not is_same(found, item.upload):
                item.error = self._make_differing_error(item.upload)
            else:
                item.found = found

    def _rename(self, batches: Batches, items: Sequence[_Item]) -> None:
        items = [item for item in items if item.error is None]
        pairs = [(item.written, item.remote) for item in items]
        outcomes = batches.move(pairs, replaces=self._replaces)
        for item, error in zip(items, outcomes):
            if error is not None:
                item.error = self._map_error(error, item.upload.path)


class _RealPaths:
    """Folder and name of files without links: rclone follows none.

    Where they lead was checked when the files were opened.
    """

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def __call__(self, path: str) -> tuple[str, str]:
        if Path(path).is_symlink():
            path = os.path.realpath(path)
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return self._folders[folder], name


class _Spread:
    """The bytes of many files as bytes of each: rclone tells their sum.

    The files count as moved one after the other; at the end each has all of its own.
    """

    def __init__(self, uploads: Sequence[Upload]) -> None:
        self._uploads = uploads
        self._told = [0] * len(uploads)

    def __call__(self, moved: int) -> None:
        is_told = False
        for number, upload in enumerate(self._uploads):
            share = min(moved, upload.size)
            moved -= share
            news = share - self._told[number]
            if news > 0:
                self._told[number] = share
                upload.tick(news)
                is_told = True
        if not is_told:
            self._uploads[0].tick(0)

    def finish(self, whole: Sequence[Upload]) -> None:
        """These have moved."""
        moved = {id(upload) for upload in whole}
        for number, upload in enumerate(self._uploads):
            if id(upload) in moved:
                upload.tick(upload.size - self._told[number])


def _delete(opened: OpenStore, remote: str) -> None:
    with suppress(RcError, DaemonLostError):
        opened.store.delete(remote)
