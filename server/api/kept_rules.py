"""Rules of projects, kept for a moment: a claim asks for those of all projects."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from ..domain.site import ProjectSites
from ..host import EventModel, EventStream

# AYON tells when settings change; this bounds what a lost event can do.
MAX_AGE_SECONDS = 5.0
MOST_KEPT = 2000

# Project, variant, and the user and site id of whose own choices are in it.
RulesKey = tuple[str, str, str | None, str | None]


class KeptRules:
    """Rules by project, variant and caller, until AYON's settings change."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[RulesKey, tuple[float, ProjectSites]] = {}
        self._changes = 0

    def follow(self) -> None:
        """Forget everything when settings change, in whatever process."""
        EventStream.subscribe("settings.changed", self._on_changed, all_nodes=True)

    async def _on_changed(self, event: EventModel) -> None:
        self.forget()

    def forget(self) -> None:
        self._changes += 1
        self._kept.clear()

    async def get(
        self, key: RulesKey, load: Callable[[], Awaitable[ProjectSites]]
    ) -> ProjectSites:
        """Return what is kept, else what `load` reads."""
        kept = self._kept.get(key)
        now = self._clock()
        if kept is not None and now - kept[0] <= MAX_AGE_SECONDS:
            return kept[1]
        changes = self._changes
        rules = await load()
        if changes == self._changes:  # else they may be those from before
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (now, rules)
        return rules
