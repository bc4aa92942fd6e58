"""What an agent is told to do, and what it tells at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Optional

from ..work import AgentIdentity, ClaimRequest, UnusableSite
from .appetite import Appetite
from .journal import Journal
from .progress import ProgressSnapshot

THREADS = 16
"""Files under way at once, whatever the limits of sites say."""


@dataclass(frozen=True)
class AgentConfig:
    """What an agent works on. `once`: it ends when nothing is pending.

    `journal` belongs to this agent alone; without it large files start anew.
    """

    identity: AgentIdentity
    projects: Optional[tuple[str, ...]]
    serve: tuple[str, ...] = ()
    variant: str = "production"
    once: bool = False
    max_bytes: int = 10_000_000_000
    journal: Optional[Journal] = None

    def make_claim(
        self,
        appetite: Appetite,
        exclude: tuple[UnusableSite, ...],
        roots: Mapping[str, Mapping[str, str]],
        removals: int,
    ) -> ClaimRequest:
        """The request for work that this configuration means.

        `roots` are the own site's in the projects that are known by now; `removals`
        how many may be given.
        """
        return ClaimRequest(
            replace(self.identity, roots={**self.identity.roots, **roots}),
            self.projects,
            self.serve,
            self.variant,
            appetite.transfers,
            appetite.files,
            self.max_bytes,
            exclude,
            max_removals=removals,
            takes_scans=True,
        )


@dataclass(frozen=True)
class AgentSummary:
    """What an agent did. `unfinished` says why a run with `once` ended early."""

    progress: ProgressSnapshot
    failed_files: int
    unfinished: str = ""
