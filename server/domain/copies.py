"""What a change on one site means for the others: aliases and the last copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .files import (
    Entries,
    RepresentationFile,
    claimed_copy,
    entry_status,
    keep_synced,
    reconcile_entries,
)
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
    files: Iterable[RepresentationFile],
    timestamp: int,
) -> Entries | None:
    """Return the entries of an alias of a site; None if nothing changes for it.

    What is SYNCED on the site is there under the alias's name too. Everything else
    stays as the alias has it, so a queued or failed file never undoes a copy.
    """
    arrived = synced_ids(source) - synced_ids(alias or {})
    if not arrived:
        return None
    entries = reconcile_entries(alias or {}, files, SiteStatus.NOT_AVAILABLE, 0)
    for file_id in arrived & entries.keys():
        entries[file_id] = claimed_copy(source[file_id], timestamp)
    return entries


def is_last_copy(
    site_name: str, aliases: frozenset[str], statuses: Mapping[str, int]
) -> bool:
    """Tell whether a site holds the only synced copy of a representation.

    `statuses` are those of all its rows by site. Aliases are one copy together.
    """
    others = statuses.keys() - aliases - {site_name}
    return statuses.get(site_name) == SiteStatus.SYNCED and not any(
        statuses[other] == SiteStatus.SYNCED for other in others
    )


def keep_last_copy(before: Entries, after: Entries, timestamp: int) -> Entries:
    """Return `after` with every file SYNCED that was it before.

    Queueing or resetting the only copy must not make it look gone; it loses its
    proof instead, and an agent verifies it again.
    """
    kept = dict(after)
    for file_id in (synced_ids(before) & after.keys()) - synced_ids(after):
        kept[file_id] = keep_synced(before[file_id], timestamp)
    return kept
