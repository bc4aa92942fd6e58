"""Removing files from a site: what is marked, when a mark is void, what goes.

A marked row says -1 for all its files, so that nobody counts on them any more; what it
said before is kept with the mark. Whoever writes anything else into the row has taken
the removal back, whether he knew of it or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from .backoff import backoff_seconds
from .files import Entries, RepresentationFile, entry_status, requeue
from .status import SiteStatus

OWN_SITE_FIRST_SECONDS = 10.0
"""An agent that merely reaches a site takes its removals when they have waited so long:
an agent of the site itself comes first, if one is running."""
SETTLE_SECONDS = 120.0
"""A publish over a representation may still be writing its rows for so long."""


@dataclass(frozen=True)
class Mark:
    """Files that shall go from a site. `entries`: the row's before, None = no row.

    `due_at` None: it failed for good. `expires_at` is of the lease that an agent has.
    """

    representation_id: str
    site_name: str
    folder_path: str
    files: list[RepresentationFile]
    entries: Entries | None
    due_at: float | None = None
    is_started: bool = False
    retries: int = 0
    token: str | None = None
    expires_at: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.representation_id, self.site_name

    def is_held(self, now: float) -> bool:
        return self.expires_at is not None and self.expires_at > now

    def is_due(self, now: float) -> bool:
        return self.due_at is not None and self.due_at <= now and not self.is_held(now)


@dataclass(frozen=True)
class RemovalFailure:
    """Why a file is still there."""

    file_id: str
    error_class: str
    message: str


@dataclass(frozen=True)
class RemovalReport:
    """What the holder of a removal's lease says about it."""

    representation_id: str
    token: str
    deleted: list[str] = field(default_factory=list)
    failed: list[RemovalFailure] = field(default_factory=list)
    is_finished: bool = False


def hide_entries(entries: Entries, now: float) -> Entries:
    """Return the entries of a row that is marked: nothing is there."""
    hidden = {}
    for file_id, entry in entries.items():
        gone = {**requeue(entry, now), "status": int(SiteStatus.NOT_AVAILABLE)}
        gone.pop("retries", None)
        hidden[file_id] = gone
    return hidden


def files_to_delete(
    mark: Mark, named_by: dict[str, Collection[str]]
) -> list[RepresentationFile]:
    """Return the files of a mark that no other representation needs on the site.

    `named_by`: the representations that need a path there.
    """
    return [
        file
        for file in mark.files
        if not set(named_by.get(file.path, ())) - {mark.representation_id}
    ]


def withdraw_deleted(entries: Entries, deleted: Iterable[str], now: float) -> Entries:
    """Return the entries of a row whose removal was taken back too late for some files.

    What somebody says is there, and an agent has deleted, is queued.
    """
    gone = set(deleted)
    return {
        file_id: requeue(entry, now)
        if file_id in gone and entry_status(entry) == SiteStatus.SYNCED
        else entry
        for file_id, entry in entries.items()
    }


def next_try(
    failed: list[RemovalFailure], retries: int, now: float, chance: float
) -> float | None:
    """Return when a removal is tried again; None: only when somebody asks for it."""
    if all(failure.error_class == "permanent" for failure in failed):
        return None
    return now + backoff_seconds(retries, chance)


def describe_failures(failed: list[RemovalFailure]) -> str:
    """Return the first reason, and how many more there are."""
    first = failed[0].message
    others = len(failed) - 1
    if not others:
        return first
    return f"{first} (and {others} more {'file' if others == 1 else 'files'})"
