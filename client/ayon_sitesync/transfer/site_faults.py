"""Sites that cannot be used for now, why, and when to look at them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..errors import SiteUnhealthyError
from ..work import SiteProblem, UnusableSite
from .backoff import Backoff
from .ports import Clock, Emit

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 300.0
FORGET_SECONDS = 2 * LONGEST_SECONDS
MOST_UNUSABLE = 1000
"""As many as a claim may name."""


@dataclass
class _Fault:
    """`reason` empty = the site works again; the delays are remembered for a while."""

    reason: str
    backoff: Backoff
    noted_at: float
    retry_at: float
    code: str = ""
    since: float = 0.0
    """Epoch seconds."""


class SiteFaults:
    """Faults by project and site. A site is tried again after a delay that doubles.

    The delays go on growing when a site works for some files and not for others, as a
    nearly full disk does. A site without a usable root in one project may be fine in
    the others.
    """

    def __init__(self, clock: Clock, emit: Emit) -> None:
        self._clock = clock
        self._emit = emit
        self._faults: dict[UnusableSite, _Fault] = {}

    def note(self, project_name: str, error: SiteUnhealthyError) -> None:
        """A transfer met this fault. Told when new; counted once per delay."""
        now = self._clock.now()
        place = UnusableSite(project_name, error.site_name)
        fault = self._faults.get(place)
        if fault is None:
            fault = _Fault("", Backoff(FIRST_SECONDS, LONGEST_SECONDS), now, now)
            self._faults[place] = fault
        if fault.reason != error.reason:
            if not fault.reason:
                fault.since = self._clock.wall_time()
            fault.reason, fault.code = error.reason, error.code
            self._emit("problem", {**_describe(place), "message": error.reason})
        if now - fault.noted_at > FORGET_SECONDS:
            fault.backoff.reset()
        if fault.retry_at <= now:
            fault.noted_at = now
            fault.retry_at = now + fault.backoff.fail()

    def clear(self, place: UnusableSite, started_at: float) -> None:
        """A transfer that started at `started_at` worked with this site.

        One that was under way when the fault was met says nothing about it.
        """
        fault = self._faults.get(place)
        if fault is not None and fault.reason and started_at > fault.noted_at:
            fault.reason = ""
            fault.retry_at = 0.0
            self._emit("recovered", _describe(place))

    def list_unusable(self) -> tuple[UnusableSite, ...]:
        """What is not to be tried yet; the longest waits when they are very many."""
        now = self._clock.now()
        waiting = [
            (fault.retry_at, place)
            for place, fault in self._faults.items()
            if fault.retry_at > now
        ]
        waiting.sort(key=lambda item: -item[0])
        return tuple(place for _, place in waiting[:MOST_UNUSABLE])

    def list_problems(self) -> tuple[SiteProblem, ...]:
        """What is wrong with sites, in words; the newest when they are very many."""
        problems = [
            SiteProblem(place, fault.code, fault.reason, fault.since)
            for place, fault in self._faults.items()
            if fault.reason
        ]
        problems.sort(key=lambda problem: -problem.since)
        return tuple(problems[:MOST_UNUSABLE])

    def find_next_try(self) -> Optional[float]:
        """When the first of them may be tried again; None when there is none."""
        now = self._clock.now()
        waits = [fault.retry_at for fault in self._faults.values()]
        return min((wait for wait in waits if wait > now), default=None)

    def describe(self) -> str:
        """All faults in one sentence; empty without any."""
        projects: dict[tuple[str, str], list[str]] = {}
        for place, fault in self._faults.items():
            if fault.reason:
                key = (place.site_name, fault.reason)
                projects.setdefault(key, []).append(place.project_name)
        return "; ".join(
            f"site '{site}' in {', '.join(sorted(names))}: {reason}"
            for (site, reason), names in sorted(projects.items())
        )


def _describe(place: UnusableSite) -> dict[str, Any]:
    return {"projectName": place.project_name, "siteName": place.site_name}
