"""Why a representation is not on a site, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .status import SiteStatus

LONGEST_IN_SECONDS = 120
"""Longer waits are told in minutes."""


@dataclass(frozen=True)
class Reason:
    """One thing that holds a representation up, or says that it is there."""

    code: str
    text: str
    todo: str


@dataclass(frozen=True)
class RemovalFacts:
    """A removal that waits for an agent, or that one is at.

    `message`: why the last try failed. `due_in` seconds until the next; None: only
    when somebody asks for it.
    """

    is_held: bool
    message: str | None
    due_in: float | None


@dataclass(frozen=True)
class Facts:
    """What is known of one representation on one site.

    `status` None: there is no row. `sources` are other sites that have all of it.
    `serving_sites` are those among the site and its sources with a live agent.
    `pauses` are reasons of pauses that cover the site. `due_in` seconds until some
    file is due, None if nothing is.
    """

    site_name: str
    is_enabled: bool
    is_known: bool
    is_active: bool
    status: int | None
    files_total: int
    files_synced: int
    files_verified: int
    files_failed: int
    files_paused: int
    last_error: str | None
    due_in: float | None
    holder: str | None
    sources: list[str]
    serving_sites: list[str]
    pauses: list[str]
    removal: RemovalFacts | None = None


def explain(facts: Facts) -> list[Reason]:
    """Return the reasons, the one to see to first at the beginning."""
    if facts.status == SiteStatus.SYNCED:
        return [_present(facts)]
    general = list(_general_reasons(facts))
    if facts.status is None:
        text = f"Nobody has asked for it on '{facts.site_name}'"
        return [*general, Reason("not_queued", text, "Queue it on this site")]
    if facts.removal is not None:
        return [*general, _removal_reason(facts, facts.removal)]
    reasons = [*general, *_row_reasons(facts)]
    if facts.holder is None and facts.due_in is not None:
        reasons += _queue_reasons(facts)
    if not reasons:
        text = "Some of its files are neither there nor wanted"
        reasons.append(Reason("incomplete", text, "Queue it on this site"))
    return reasons


def _removal_reason(facts: Facts, removal: RemovalFacts) -> Reason:
    site = facts.site_name
    if removal.message is not None:
        told = _end_open(removal.message)
        text = f"Its files could not be removed from '{site}': {told}"
        todo = "See to the cause, then remove it again"
        if removal.due_in is not None:
            text += f"; the next try is in {_duration(removal.due_in)}"
        return Reason("removal_failed", text, todo)
    if removal.is_held:
        text = f"An agent is deleting its files from '{site}'"
        return Reason("removing", text, "Wait")
    text = f"Its files are to be removed from '{site}'; an agent of the site does it"
    if site in facts.serving_sites:
        return Reason("removing", text, "Wait, or queue it to keep it")
    todo = (
        f"Start an agent on '{site}', queue it to keep it, or remove it with keepFiles "
        "to forget it"
    )
    return Reason("removing", text, todo)


def _present(facts: Facts) -> Reason:
    site, verified = facts.site_name, facts.files_verified
    is_one = facts.files_total == 1
    what = "its file is" if is_one else f"all {facts.files_total} files are"
    if verified == facts.files_total:
        text = f"{what[0].upper()}{what[1:]} on '{site}', verified"
        return Reason("synced", text, "Nothing is left to do")
    proof = "it is not verified yet" if is_one else f"{verified} of them are verified"
    text = f"Somebody said that {what} on '{site}'; {proof}"
    todo = "Nothing, unless you doubt it: agents verify what they read"
    return Reason("claimed", text, todo)


def _general_reasons(facts: Facts) -> Iterator[Reason]:
    if not facts.is_enabled:
        yield Reason(
            "project_disabled",
            "Site Sync is off in this project",
            "Switch it on in the project's settings",
        )
    if not facts.is_known:
        yield Reason(
            "unknown_site",
            f"'{facts.site_name}' is neither in the settings nor a known machine",
            "Add it to the settings, or remove its rows",
        )
    if not facts.is_active:
        yield Reason(
            "inactive",
            "The representation, or what it belongs to, is not active",
            "Activate it in AYON",
        )
    for why in facts.pauses:
        yield Reason("scope_paused", why, "Let it go on under Pauses")


def _row_reasons(facts: Facts) -> Iterator[Reason]:
    if facts.holder is not None:
        text = (
            f"An agent on '{facts.holder}' is at it: {facts.files_synced} of "
            f"{_files(facts.files_total)} {_are(facts.files_total)} there"
        )
        yield Reason("under_way", text, "Wait")
    if facts.files_failed:
        told = _end_open(facts.last_error or "no reason was given")
        text = f"{_files(facts.files_failed)} failed: {told}"
        if facts.due_in is None:
            yield Reason("failed", text, "See to the cause, then retry")
        else:
            text += f"; the next try is in {_duration(facts.due_in)}"
            yield Reason("will_retry", text, "Wait, or see to the cause and retry now")
    if facts.files_paused:
        text = f"{_files(facts.files_paused)} {_are(facts.files_paused)} paused"
        yield Reason("paused", text, "Resume it")


def _queue_reasons(facts: Facts) -> Iterator[Reason]:
    if not facts.sources:
        yield Reason(
            "no_source",
            "No other site has all of its files",
            "Publish it again, or bring it to another site first",
        )
    elif not facts.serving_sites:
        sites = ", ".join(f"'{name}'" for name in [facts.site_name, *facts.sources])
        yield Reason(
            "no_agent",
            f"No agent runs on any of the sites that it goes between: {sites}",
            "Start an agent on one of them",
        )
    elif not facts.files_failed:
        sites = ", ".join(f"'{name}'" for name in facts.serving_sites)
        yield Reason(
            "waiting",
            f"It waits for its turn; agents run on {sites}",
            "Wait, or raise its priority",
        )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _end_open(message: str) -> str:
    """An agent's sentence as a part of one: without a full stop of its own."""
    return message.removesuffix(".")


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "a moment"
    if seconds < LONGEST_IN_SECONDS:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"
