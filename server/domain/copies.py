"""What a change on one site means for the others: aliases and the last copy."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .files import (
    Entries,
    RepresentationFile,
    claimed_copy,
    entry_status,
    is_verified,
    keep_synced,
)
from .reconciliation import fit_entries
from .status import SiteStatus


def synced_ids(entries: Entries) -> set[str]:
    return {
        file_id
        for file_id, entry in entries.items()
        if entry_status(entry) == SiteStatus.SYNCED
    }


def entries_of_alias(
    alias: Entries | None,
    source: Entries,
    files: Collection[RepresentationFile],
    timestamp: int,
) -> Entries | None:
    """Return the entries of an alias of a site; None if nothing changes for it.

    What is SYNCED on the site is there under the alias's name too. Everything else
    stays as the alias has it, so a queued or failed file never undoes a copy.
    """
    arrived = synced_ids(source) - synced_ids(alias or {})
    if not arrived:
        return None
    entries = fit_entries(alias or {}, files, timestamp)
    for file_id in arrived & entries.keys():
        entries[file_id] = claimed_copy(source[file_id], timestamp)
    return entries


def last_copies(
    here: Iterable[Entries],
    elsewhere: Iterable[Entries],
    files: Collection[str],
    *,
    needs_proof: bool = False,
) -> frozenset[str]:
    """Return which of the representation's `files` are SYNCED here and nowhere else.

    `here` are the rows of a site and its aliases, which are one copy together. With
    `needs_proof` only verified files count as copies elsewhere.
    """
    last = set().union(*map(synced_ids, here)) & set(files)
    for entries in elsewhere:
        last -= verified_ids(entries) if needs_proof else synced_ids(entries)
    return frozenset(last)


def verified_ids(entries: Entries) -> set[str]:
    return {file_id for file_id, entry in entries.items() if is_verified(entry)}


def keep_last_copies(
    before: Entries, after: Entries, last: Collection[str], timestamp: int
) -> Entries:
    """Return `after` with the files `last` SYNCED as they were before.

    Queueing or resetting the only copy must not make it look gone; it loses its
    proof instead, and an agent verifies it again.
    """
    kept = dict(after)
    for file_id in (set(last) & after.keys()) - synced_ids(after):
        kept[file_id] = keep_synced(before[file_id], timestamp)
    return kept
