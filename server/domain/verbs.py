"""What operators do to the files of a row: pure functions of its entries."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from .files import (
    Entries,
    Entry,
    RepresentationFile,
    claimed_copy,
    entry_status,
    is_verified,
    keep_synced,
    new_entry,
    requeue,
)
from .reconciliation import fit_entries
from .status import SiteStatus


class Verb(enum.StrEnum):
    QUEUE = "queue"
    SEED = "seed"
    RETRY = "retry"
    RESET = "reset"
    VERIFY = "verify"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    PRIORITY = "priority"
    REMOVE = "remove"


@dataclass(frozen=True)
class Situation:
    """What a verb must know beside the row.

    `files` are the representation's. `last`: ids that nothing else has SYNCED.
    `is_proven_elsewhere`: another site has all of it, verified.
    """

    files: list[RepresentationFile]
    now: float
    last: frozenset[str]
    is_proven_elsewhere: bool


Change = Callable[[Entries, Situation], Entries]

# What a run that loses its lease by a verb came to, in the history of attempts.
ENDS_LEASES: Mapping[Verb, str] = {
    Verb.PAUSE: "paused",
    Verb.CANCEL: "cancelled",
    Verb.RESET: "cancelled",
    Verb.REMOVE: "cancelled",
}
# Who wants files that are marked for their removal takes the removal back.
TAKES_BACK = frozenset({Verb.QUEUE})
# On shared sites everybody may ask for what he may read; the rest is for managers.
FOR_MEMBERS = frozenset({Verb.QUEUE, Verb.RETRY})


def queue_entries(entries: Entries, situation: Situation) -> Entries:
    """Queue what is missing or failed; new files of the representation too."""
    known = fit_entries(entries, situation.files, situation.now)
    wanted = {SiteStatus.NOT_AVAILABLE, SiteStatus.FAILED}
    return _turn(known, wanted, lambda entry: _anew(entry, situation.now))


def seed_entries(entries: Entries, situation: Situation) -> Entries:
    """Say that everything is there, except what an agent is at."""
    sizes = {file.id: file.size for file in situation.files}
    known = fit_entries(entries, situation.files, situation.now)
    untouched = {SiteStatus.SYNCED, SiteStatus.IN_PROGRESS}
    return {
        file_id: entry
        if entry_status(entry) in untouched
        else claimed_copy({**entry, "size": sizes[file_id]}, int(situation.now))
        for file_id, entry in known.items()
    }


def retry_entries(entries: Entries, situation: Situation) -> Entries:
    """Give failed files all their attempts again."""
    return _turn(
        entries, {SiteStatus.FAILED}, lambda entry: _anew(entry, situation.now)
    )


def reset_entries(entries: Entries, situation: Situation) -> Entries:
    """Queue everything anew. A file's last copy stays, and is unverified."""
    fresh = {
        file.id: new_entry(file, SiteStatus.QUEUED, int(situation.now))
        for file in situation.files
    }
    kept = {
        file_id: keep_synced(entry, int(situation.now))
        for file_id, entry in entries.items()
        if file_id in situation.last and entry_status(entry) == SiteStatus.SYNCED
    }
    return {**fresh, **kept}


def verify_entries(entries: Entries, situation: Situation) -> Entries:
    """Have what is SYNCED looked at again.

    Where a verified copy is elsewhere, an agent gets the files as work, and finds
    those that are in place. Else they stay SYNCED and lose their proof.
    """
    if situation.is_proven_elsewhere:
        return _turn(
            entries, {SiteStatus.SYNCED}, lambda entry: _anew(entry, situation.now)
        )
    return {
        file_id: keep_synced(entry, int(situation.now)) if is_verified(entry) else entry
        for file_id, entry in entries.items()
    }


def pause_entries(entries: Entries, situation: Situation) -> Entries:
    stopped = {SiteStatus.QUEUED, SiteStatus.IN_PROGRESS, SiteStatus.FAILED}
    return _turn(
        entries,
        stopped,
        lambda entry: {
            **requeue(entry, situation.now),
            "status": int(SiteStatus.PAUSED),
        },
    )


def resume_entries(entries: Entries, situation: Situation) -> Entries:
    return _turn(
        entries, {SiteStatus.PAUSED}, lambda entry: requeue(entry, situation.now)
    )


def cancel_entries(entries: Entries, situation: Situation) -> Entries:
    """Take back what is not there yet. A row with nothing SYNCED or FAILED may go."""
    wanted = {SiteStatus.QUEUED, SiteStatus.IN_PROGRESS, SiteStatus.PAUSED}
    return _turn(
        entries,
        wanted,
        lambda entry: {
            **_anew(entry, situation.now),
            "status": int(SiteStatus.NOT_AVAILABLE),
        },
    )


CHANGES: Mapping[Verb, Change] = {
    Verb.QUEUE: queue_entries,
    Verb.SEED: seed_entries,
    Verb.RETRY: retry_entries,
    Verb.RESET: reset_entries,
    Verb.VERIFY: verify_entries,
    Verb.PAUSE: pause_entries,
    Verb.RESUME: resume_entries,
    Verb.CANCEL: cancel_entries,
}


def is_empty(entries: Entries) -> bool:
    """Tell whether a row says nothing: no file is there, wanted or failed."""
    return all(
        entry_status(entry) == SiteStatus.NOT_AVAILABLE for entry in entries.values()
    )


def _turn(
    entries: Entries,
    statuses: Collection[SiteStatus],
    change: Callable[[Entry], Entry],
) -> Entries:
    return {
        file_id: change(entry) if entry_status(entry) in statuses else entry
        for file_id, entry in entries.items()
    }


def _anew(entry: Entry, now: float) -> Entry:
    queued = requeue(entry, now)
    queued.pop("retries", None)
    return queued
