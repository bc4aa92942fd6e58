"""Transfers: what an agent asks for, what it is given, and within which bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .files import (
    Entries,
    RepresentationFile,
    due_ids,
    entry_retries,
)
from .reconciliation import reconcile

LEASE_SECONDS = 60.0


@dataclass(frozen=True)
class Route:
    """Which way an agent moves files in one project.

    `reachable` are the other sites, in the agent's order. One end of every transfer
    is the agent's own site.
    """

    own_site: str
    reachable: list[str]

    def legs(self) -> Iterator[tuple[str, list[str]]]:
        """Yield (target, sources in order of preference)."""
        if self.reachable:
            yield self.own_site, self.reachable
        for target in self.reachable:
            yield target, [self.own_site]

    def direction(self, target: str) -> str:
        return "download" if target == self.own_site else "upload"


@dataclass
class Budget:
    """What one claim may still give."""

    transfers: int
    files: int
    bytes: int

    @property
    def is_spent(self) -> bool:
        return self.transfers <= 0 or self.files <= 0 or self.bytes <= 0

    def fit(self, files: Iterable[RepresentationFile]) -> list[RepresentationFile]:
        """Return the files of one transfer that fit, and pay for them.

        The first file always fits, whatever its size: else it would never move.
        """
        taken: list[RepresentationFile] = []
        for file in files:
            if self.files <= 0 or (taken and file.size > self.bytes):
                break
            taken.append(file)
            self.files -= 1
            self.bytes -= file.size
        if taken:
            self.transfers -= 1
        return taken


@dataclass(frozen=True)
class Lease:
    """Time-limited right of one agent to one transfer."""

    representation_id: str
    site_name: str
    token: str


@dataclass(frozen=True)
class Agent:
    """A process that performs transfers.

    A restarted one keeps its id and has another `run_id`; old ones tell none. `serves`
    names sites that it is told to serve beside its own.
    """

    id: str
    site_name: str
    hostname: str
    version: str
    roots: dict[str, dict[str, str] | str] = field(default_factory=dict)
    run_id: str | None = None
    serves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A locked row with due files and a source.

    `known`: files of an out-of-date row by id, as they were when it was written.
    `bytes_total`: of all files of the representation.
    """

    representation_id: str
    site_name: str
    source_site: str
    priority: int
    due_at: float
    entries: Entries
    files: list[RepresentationFile]
    bytes_total: int
    changed_at: float
    names: dict[str, Any]
    known: Mapping[str, RepresentationFile] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, float, str]:
        return -self.priority, self.due_at, self.representation_id


@dataclass(frozen=True)
class Plan:
    """A candidate brought in line with its representation, and the files to move."""

    candidate: Candidate
    entries: Entries
    files: list[RepresentationFile]

    @property
    def key(self) -> tuple[str, str]:
        """Representation id and target site."""
        return self.candidate.representation_id, self.candidate.site_name

    def attempts(self) -> list[int]:
        """Return which attempt this is of each file."""
        return [entry_retries(self.entries[file.id]) + 1 for file in self.files]


def plan_transfer(candidate: Candidate, budget: Budget, now: float) -> Plan:
    """Choose the files of a transfer; none if nothing of the row is due after all."""
    entries = reconcile(candidate.entries, candidate.known, candidate.files, now)
    due = set(due_ids(entries, now, candidate.changed_at))
    files = budget.fit([file for file in candidate.files if file.id in due])
    return Plan(candidate, entries, files)
