"""What a look at a site's storage means for the entries of a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from .files import (
    Entries,
    Entry,
    RepresentationFile,
    claimed_copy,
    entry_status,
    is_verified,
    prove,
    requeue,
)
from .status import SiteStatus

CONTENT_HASHES = frozenset({"md5", "sha1", "sha256"})
"""Kinds of published hashes that are of the content."""


@dataclass(frozen=True)
class Presence:
    """One file as it was found. `checksum` is `algorithm:hex` of its content."""

    file_id: str
    state: Literal["present", "missing", "different"]
    size: int
    checksum: str | None = None


@dataclass(frozen=True)
class Problem:
    """Why a file is not taken as it was told."""

    file_id: str
    code: str
    detail: str


@dataclass
class PresenceChange:
    """What a look makes of a row: its entries, and the files that changed, by how."""

    entries: Entries
    synced: set[str]
    queued: set[str]
    missing: set[str]
    problems: list[Problem]


def apply_presence(
    entries: Entries,
    files: dict[str, RepresentationFile],
    found: list[Presence],
    known: Mapping[str, Collection[str]],
    elsewhere: Collection[str] | None,
    now: float,
) -> PresenceChange:
    """Apply what was found to the entries of a row.

    `known` are the checksums of each file. `elsewhere`: files that another store has,
    which are queued when they are not here; None = nothing is queued.
    """
    change = PresenceChange(dict(entries), set(), set(), set(), [])
    for look in found:
        file = files.get(look.file_id)
        if file is None:
            detail = "the representation has no such file any more: read it again"
            change.problems.append(Problem(look.file_id, "unknown_file", detail))
            continue
        state = look.state
        if state == "present":
            problem = _contradict(look, file, known.get(file.id, ()))
            if problem is not None:
                change.problems.append(problem)
                state = "different"
        if state == "present":
            _note_present(change, look, known.get(file.id, ()), now)
        else:
            _note_missing(change, file.id, elsewhere, now)
    return change


def withdraw_files(
    entries: Entries, missing: Collection[str], queued: Collection[str], now: float
) -> Entries:
    """Return the entries of another name of the store: what is gone is gone there."""
    return {
        file_id: _gone(entry, file_id in queued, now)
        if file_id in {*missing, *queued} and entry_status(entry) == SiteStatus.SYNCED
        else entry
        for file_id, entry in entries.items()
    }


def _contradict(
    look: Presence, file: RepresentationFile, known: Collection[str]
) -> Problem | None:
    """Return why what was found is another file than the published one."""
    if file.size and look.size != file.size:
        detail = f"it has {look.size} bytes, the published file {file.size}"
        return Problem(file.id, "size_mismatch", detail)
    if look.checksum is None:
        return None
    algorithm = look.checksum.partition(":")[0]
    same_kind = {each for each in known if each.partition(":")[0] == algorithm}
    if same_kind and look.checksum not in same_kind:
        detail = "its checksum differs from the one that agents have computed"
        return Problem(file.id, "checksum_mismatch", detail)
    return None


def _note_present(
    change: PresenceChange, look: Presence, known: Collection[str], now: float
) -> None:
    entry = change.entries[look.file_id]
    status = entry_status(entry)
    if status == SiteStatus.IN_PROGRESS:
        return  # an agent is at it, and tells
    is_proven = look.checksum is not None and look.checksum in known
    if status != SiteStatus.SYNCED:
        entry = claimed_copy({**entry, "size": look.size}, int(now))
        change.synced.add(look.file_id)
    if is_proven and not is_verified(entry):
        entry = prove(entry, "content", now)
        change.synced.add(look.file_id)
    change.entries[look.file_id] = entry


def _note_missing(
    change: PresenceChange, file_id: str, elsewhere: Collection[str] | None, now: float
) -> None:
    entry = change.entries[file_id]
    if entry_status(entry) != SiteStatus.SYNCED:
        return
    is_queued = elsewhere is not None and file_id in elsewhere
    (change.queued if is_queued else change.missing).add(file_id)
    change.entries[file_id] = _gone(entry, is_queued, now)


def _gone(entry: Entry, is_queued: bool, now: float) -> Entry:
    gone = requeue(entry, now)
    if not is_queued:
        gone["status"] = int(SiteStatus.NOT_AVAILABLE)
    return gone
