"""What posts without a lease make of the rows of a representation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..domain.copies import entries_of_alias, keep_last_copies
from ..domain.files import (
    Entries,
    PostedFile,
    RepresentationFile,
    entry_timestamp,
    merge_post,
    rebuild_entries,
)
from ..domain.reconciliation import fit_entries, is_concluded
from ..domain.site import ProjectSites
from ..domain.status import SiteStatus
from ..errors import LastCopyError, UnknownFileError
from .access import Representation
from .rows import Row, RowKey


@dataclass(frozen=True)
class StatePost:
    """What is posted about a representation on a site.

    `reset` forgets what is stored. `priority` None keeps the stored one.
    """

    files: Sequence[PostedFile]
    priority: int | None
    reset: bool


@dataclass(frozen=True, slots=True)
class BulkPost:
    """One of many posts: a status for all files, or what is said of each.

    `written_at` (epoch seconds): it must not undo what was written after that.
    """

    representation_id: str
    site_name: str
    status: SiteStatus | None
    files: Sequence[PostedFile]
    priority: int | None
    reset: bool
    written_at: float | None = None

    def expand(self, files: list[RepresentationFile], now: int) -> StatePost:
        """Return the post about the files that the representation has."""
        posted = self.files
        if self.status is not None:
            is_there = self.status == SiteStatus.SYNCED
            posted = [
                PostedFile(
                    id=file.id,
                    status=self.status,
                    size=file.size if is_there else 0,
                    timestamp=now,
                    message=None,
                    retries=0,
                    progress=None,
                )
                for file in files
            ]
        return StatePost(posted, self.priority, self.reset)


def is_republish(row: Row, representation: Representation, post: StatePost) -> bool:
    """Tell whether a reset brings files that the row does not know yet.

    What the server concluded of them before the publish was told is as good as none.
    """
    known = {file.id for file in representation.files}
    return post.reset and (
        row.entries.keys() != known or bool(concluded_ids(row.entries))
    )


def concluded_ids(entries: Entries) -> frozenset[str]:
    return frozenset(
        file_id for file_id, entry in entries.items() if is_concluded(entry)
    )


def is_newer(row: Row, written_at: float | None) -> bool:
    """Tell whether somebody reported a state of a row after a time."""
    return written_at is not None and any(
        entry_timestamp(entry) > written_at and not is_concluded(entry)
        for entry in row.entries.values()
    )


def check_files_known(
    posted: Sequence[PostedFile], known: dict[str, RepresentationFile]
) -> None:
    unknown = [file.id for file in posted if file.id not in known]
    if unknown:
        msg = (
            "files: the representation has no file with id "
            f"{', '.join(unknown[:5])}: read its files again, publishing makes new ids"
        )
        raise UnknownFileError(msg, field="files", fileIds=unknown[:100])


def merge(
    row: Row | None, post: StatePost, files: dict[str, RepresentationFile], now: int
) -> Entries:
    """Return the row's entries with what was posted."""
    if row is None or post.reset:
        entries = rebuild_entries(files.values())
    else:
        entries = fit_entries(row.entries, list(files.values()), now)
    for posted in post.files:
        file = files[posted.id]
        entries[posted.id] = merge_post(entries[posted.id], posted, file.size)
    return entries


def protect_last_copies(
    row: Row, entries: Entries, last: frozenset[str], now: int
) -> Entries:
    """Return the entries with the only copies kept.

    :raises LastCopyError: they say that one is not there, or cannot be had.
    """
    if any(
        entries[file_id]["status"] in (SiteStatus.NOT_AVAILABLE, SiteStatus.FAILED)
        for file_id in last & entries.keys()
    ):
        raise LastCopyError(row.site_name)
    return keep_last_copies(row.entries, entries, last, now)


def propagate(
    changed: Row,
    rows: dict[RowKey, Row],
    sites: ProjectSites,
    files: Collection[RepresentationFile],
    now: int,
) -> list[Row]:
    """Return the rows of the aliases of a changed row that change with it.

    `rows` must hold the aliases' rows, locked.
    """
    result = []
    for name in sorted(sites.aliases(changed.site_name)):
        alias = rows.get((changed.representation_id, name))
        entries = entries_of_alias(
            alias.entries if alias else None, changed.entries, files, now
        )
        if entries is None:
            continue
        empty = Row(changed.representation_id, name, -1, changed.priority, {})
        result.append((alias or empty).with_entries(entries))
    return result
