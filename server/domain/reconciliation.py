"""What becomes of a row's entries when the files of its representation change.

Integration makes new file ids at every republish. A file that is the same by path,
size, hash and hash type keeps its state under its new id; every other one is wanted
again where the old content was there or wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .files import (
    WRITER_KEY,
    Entries,
    Entry,
    RepresentationFile,
    entry_hash,
    entry_status,
    new_entry,
    without_proof,
)
from .status import SiteStatus

SERVER = "server"
"""Writer of entries that nobody reported: the server concluded them."""

_CONCLUDED = frozenset(
    {SiteStatus.QUEUED, SiteStatus.IN_PROGRESS, SiteStatus.FAILED, SiteStatus.SYNCED}
)


def is_in_line(entries: Entries, files: Collection[RepresentationFile]) -> bool:
    """Tell whether a row speaks of exactly the files that the representation has."""
    return len(entries) == len(files) and entries.keys() >= {file.id for file in files}


def names_gone_files(entries: Entries, files: Collection[RepresentationFile]) -> bool:
    """Tell whether a row speaks of files that the representation no longer has.

    Only publishing again does that; a row that lacks some files is merely incomplete.
    """
    return not entries.keys() <= {file.id for file in files}


def is_concluded(entry: Entry) -> bool:
    """Tell an entry that the server wrote by itself from one that somebody reported.

    What a publish says of its own files wins over it, however late it is told. A
    pause is somebody's order.
    """
    return entry.get(WRITER_KEY) == SERVER and entry_status(entry) in _CONCLUDED


def conclude(entry: Entry) -> Entry:
    """Mark an entry as the server's own conclusion."""
    return {**entry, WRITER_KEY: SERVER}


def reconcile(
    entries: Entries,
    known: Mapping[str, RepresentationFile],
    files: Collection[RepresentationFile],
    now: float,
) -> Entries:
    """Bring a row's entries in line with its representation's `files`.

    :param known: files by id as they were when the row was written, as far as that is
        known. Of an old file that is not, the hash in its entry decides, and its
        proof is void: the same content may be at another path.

    A changed file is QUEUED where
    the old one at its path (else anything of the row) was there or wanted, stays
    PAUSED where it was paused, and is not there where it was not.
    """
    if not known and is_in_line(entries, files):
        return entries
    old = _OldFiles(entries, known, {file.id for file in files})
    result: Entries = {}
    for file in files:
        entry = entries.get(file.id)
        if entry is not None and _is_kept(entry, known.get(file.id), file):
            result[file.id] = entry
        else:
            result[file.id] = old.carry_over(file) or _fresh(
                file, old.status_for(file), now
            )
    return result


def fit_entries(
    entries: Entries, files: Collection[RepresentationFile], now: float
) -> Entries:
    """Bring a row in line with `files` for who writes it for another reason.

    Of a row that lacks some files these are not there. Ids that are gone tell that the
    files have changed, and that nobody has looked at it yet: what was there or wanted
    must be wanted again, as who looks later finds a row that is in line.
    """
    if not names_gone_files(entries, files):
        return {
            file.id: entries.get(file.id) or new_entry(file, SiteStatus.NOT_AVAILABLE)
            for file in files
        }
    return reconcile(entries, {}, files, now)


def _is_kept(
    entry: Entry, before: RepresentationFile | None, file: RepresentationFile
) -> bool:
    """Tell whether an entry under the file's own id speaks of its present content.

    A post that resets a row takes over the hash of the new file.
    """
    if before is None or _content(before) == _content(file):
        return True
    return entry_hash(entry) == file.hash != before.hash


def _fresh(file: RepresentationFile, status: SiteStatus, now: float) -> Entry:
    entry = new_entry(file, status, int(now))
    return conclude(entry) if status == SiteStatus.QUEUED else entry


def _content(file: RepresentationFile) -> tuple[str, int, str, str]:
    return file.path, file.size, file.hash, file.hash_type


class _OldFiles:
    """The entries of a row whose files the representation no longer has."""

    def __init__(
        self,
        entries: Entries,
        known: Mapping[str, RepresentationFile],
        current: Collection[str],
    ) -> None:
        self._entries = entries
        self._row_status = _wanted_status(map(entry_status, entries.values()))
        self._by_content: dict[tuple[str, int, str, str], str] = {}
        self._by_path: dict[str, str] = {}
        self._by_hash: dict[str, list[str]] = {}
        for file_id, entry in entries.items():
            before = known.get(file_id)
            if before is not None:
                self._by_path[before.path] = file_id
                if file_id not in current:
                    self._by_content[_content(before)] = file_id
            elif file_id not in current and entry_hash(entry):
                self._by_hash.setdefault(entry_hash(entry), []).append(file_id)

    def carry_over(self, file: RepresentationFile) -> Entry | None:
        """Return the entry of the same file under an older id, if there is one."""
        file_id = self._by_content.get(_content(file))
        if file_id is not None:
            return self._entries[file_id]
        same = self._by_hash.get(file.hash)
        return without_proof(self._entries[same.pop(0)]) if same else None

    def status_for(self, file: RepresentationFile) -> SiteStatus:
        file_id = self._by_path.get(file.path)
        if file_id is None:
            return self._row_status
        return _wanted_status([entry_status(self._entries[file_id])])


def _wanted_status(statuses: Collection[SiteStatus] | map[SiteStatus]) -> SiteStatus:
    """Return what new content is, where the old had these statuses."""
    found = set(statuses)
    if found - {SiteStatus.NOT_AVAILABLE, SiteStatus.PAUSED}:
        return SiteStatus.QUEUED
    return max(found, default=SiteStatus.NOT_AVAILABLE)
