"""What is wrong in a project, in words: what to see to, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .setting_faults import SettingFault

MOST_REPRESENTATIONS = 20
"""So many representations are named by a problem."""


@dataclass(frozen=True)
class Problem:
    """One thing to see to. `count` of representations, or of hosts.

    `since`: epoch seconds of when it began, as far as it is known.
    """

    code: str
    severity: Literal["error", "warning"]
    site_name: str | None
    text: str
    todo: str
    count: int = 1
    representation_ids: tuple[str, ...] = ()
    since: float | None = None


@dataclass(frozen=True)
class Sample:
    """Rows with one fault on one site: how many, some of them, the oldest's time."""

    site_name: str
    count: int
    representation_ids: tuple[str, ...]
    since: float | None
    message: str | None = None


@dataclass(frozen=True)
class SiteFault:
    """A site that an agent told it cannot use."""

    site_name: str
    hostname: str
    code: str
    message: str
    since: float


@dataclass(frozen=True)
class RefusedAgent:
    """An agent that was sent away because another one runs under its site id."""

    site_name: str
    hostname: str
    other_hostname: str
    refused_at: float


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Errors come first, and among them what began last."""
    return sorted(
        problems,
        key=lambda each: (
            each.severity != "error",
            -(each.since or 0.0),
            each.code,
            each.site_name or "",
        ),
    )


def unprepared(project_name: str) -> Problem:
    return Problem(
        "migration",
        "error",
        None,
        f"The tables of project '{project_name}' are not prepared yet",
        "Wait a minute; if it stays, the server's log says what is in the way",
    )


def failed(sample: Sample) -> Problem:
    told = sample.message or "no reason was given"
    return _of_sample(
        sample,
        "failed_files",
        "error",
        f"Files of {_count(sample)} failed on '{sample.site_name}'; the last: {told}",
        "See to the cause, then retry",
    )


def missing(sample: Sample) -> Problem:
    return _of_sample(
        sample,
        "missing_at_source",
        "error",
        f"Files of {_count(sample)} are missing on '{sample.site_name}': an agent "
        "looked for them there",
        "Bring them back and scan the site, or retry them to get them from another one",
    )


def missing_at_source(sample: Sample) -> Problem:
    return _of_sample(
        sample,
        "missing_at_source",
        "error",
        f"Files of {_count(sample)} wanted on '{sample.site_name}' are not where they "
        "should come from",
        "Scan the site that should have them, or publish them again",
    )


def stuck(sample: Sample) -> Problem:
    return _of_sample(
        sample,
        "stuck",
        "warning",
        f"{_count(sample)} are half way to '{sample.site_name}', and no agent is at "
        "them",
        "Start an agent that serves the site: it goes on with them",
    )


def unserved(sample: Sample, is_machine: bool) -> Problem:
    """Work for a site waits. A machine that is switched off is nothing unusual."""
    return _of_sample(
        sample,
        "no_agent",
        "warning" if is_machine else "error",
        f"{_count(sample)} wait for '{sample.site_name}', and no agent serves it",
        "Start Site Sync on that machine"
        if is_machine
        else "Start an agent for this site, or one that serves it",
    )


def unknown_site(site_name: str, count: int) -> Problem:
    return Problem(
        "unknown_site",
        "warning",
        site_name,
        f"There are states on '{site_name}', which is neither in the settings nor a "
        "known machine",
        "Add the site to the settings, or remove its states",
        count,
    )


def wrong_setting(fault: SettingFault) -> Problem:
    return Problem(
        "wrong_setting",
        "error",
        fault.site_name,
        f"Setting {fault.field}: {fault.text}",
        fault.todo,
    )


def unusable_site(fault: SiteFault) -> Problem:
    return Problem(
        "site_unusable",
        "error",
        fault.site_name,
        f"The agent on '{fault.hostname}' cannot use '{fault.site_name}' "
        f"({fault.code.replace('_', ' ')})",
        fault.message or "See the agent's log on that machine",
        since=fault.since,
    )


def site_id_in_use(agent: RefusedAgent) -> Problem:
    return Problem(
        "site_id_in_use",
        "error",
        agent.site_name,
        f"The agents on '{agent.hostname}' and '{agent.other_hostname}' both run as "
        f"site '{agent.site_name}'; the first one is refused",
        "Stop one of them, or give that machine a site id of its own (AYON_SITE_ID)",
        since=agent.refused_at,
    )


def _count(sample: Sample) -> str:
    return (
        "1 representation" if sample.count == 1 else f"{sample.count} representations"
    )


def _of_sample(
    sample: Sample,
    code: str,
    severity: Literal["error", "warning"],
    text: str,
    todo: str,
) -> Problem:
    return Problem(
        code,
        severity,
        sample.site_name,
        text,
        todo,
        sample.count,
        sample.representation_ids,
        sample.since,
    )
