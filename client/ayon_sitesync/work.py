"""What an agent and the server tell each other, as plain values.

Names and meanings follow the wire contract in `docs/architecture.md`; how they look as
JSON is `server_api/types.py`. Times from the server are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

from .errors import RequestRefusedError

PROGRESS, GIVEN_BACK, FAILED, SYNCED = 0, 1, 2, 4
"""Site statuses that a report may carry for a file."""


@dataclass(frozen=True)
class TransferKey:
    """Which representation goes to which site."""

    project_name: str
    representation_id: str
    site_name: str


@dataclass(frozen=True)
class TransferFile:
    """One file to bring. `size` None = unknown; `checksum` is `algorithm:hex`.

    `published_hash` is a digest of the content that publishing recorded.
    """

    id: str
    path: str
    size: Optional[int]
    checksum: Optional[str] = None
    published_hash: Optional[str] = None
    attempt: int = 1


@dataclass(frozen=True)
class Transfer:
    """The intent to make one representation present on one site, under a lease."""

    key: TransferKey
    source_site: str
    direction: str
    lease_token: str
    files: tuple[TransferFile, ...]
    priority: int = 50
    attempt: int = 1
    variant: str = "production"
    folder_path: str = ""
    product: str = ""
    version: int = 0
    representation: str = ""

    @property
    def label(self) -> str:
        """How people know it: folder, product, version, representation."""
        return (
            f"{self.folder_path} {self.product} v{self.version:03d}"
            f" {self.representation}"
        ).strip()


@dataclass(frozen=True)
class AgentIdentity:
    """Who asks for work.

    `id` stays over restarts, `run_id` is new at each start: the server then gives
    back at once what the run before held. `roots` are the own site's by project.
    """

    id: str
    site_name: str
    hostname: str
    version: str
    roots: Mapping[str, Mapping[str, str]]
    run_id: str


@dataclass(frozen=True)
class UnusableSite:
    """A site that cannot be used now in one project."""

    project_name: str
    site_name: str


@dataclass(frozen=True)
class SiteProblem:
    """Why a site cannot be used in a project, since when (epoch seconds)."""

    place: UnusableSite
    code: str
    message: str
    since: float


@dataclass(frozen=True)
class Health:
    """How an agent is: what it moves, and which sites it cannot use."""

    bytes_per_second: float
    problems: tuple[SiteProblem, ...] = ()


@dataclass(frozen=True)
class ClaimRequest:
    """A request for work; `projects` None = all that the user may read.

    Nothing is given from or to the sites in `exclude`.
    """

    agent: AgentIdentity
    projects: Optional[tuple[str, ...]]
    serve: tuple[str, ...]
    variant: str
    max_transfers: int
    max_files: int
    max_bytes: int
    exclude: tuple[UnusableSite, ...] = ()
    health: Optional[Health] = None
    max_removals: int = 0
    takes_scans: bool = False


@dataclass(frozen=True)
class RemovalFile:
    """One file to delete."""

    id: str
    path: str


@dataclass(frozen=True)
class Removal:
    """Files of a representation to delete from a site, under a lease."""

    key: TransferKey
    lease_token: str
    files: tuple[RemovalFile, ...]


@dataclass(frozen=True)
class RemovalFailure:
    """Why a file is still there. `permanent`: trying again cannot help."""

    id: str
    error_class: str
    message: str


@dataclass(frozen=True)
class RemovalReport:
    """What became of a removal so far; `finished` ends its lease."""

    key: TransferKey
    lease_token: str
    deleted: tuple[str, ...]
    failed: tuple[RemovalFailure, ...]
    finished: bool


@dataclass(frozen=True)
class RemovalAnswer:
    """The server's answer to a removal's report.

    `held`; `finished`, `failed`, `lost`, `paused`: it is over for this agent;
    `cancelled`: the files are wanted again, tell what is deleted and end.
    """

    key: TransferKey
    state: str


@dataclass(frozen=True)
class ScanOrder:
    """Somebody asked for a scan of the own site at `requested_at` (epoch seconds)."""

    project_name: str
    site_name: str
    requested_at: float


@dataclass(frozen=True)
class Claim:
    """Work handed out. `pending` counts what else is or will be due for this agent."""

    transfers: tuple[Transfer, ...]
    lease_seconds: float
    next_due_in_seconds: Optional[float]
    pending: int
    removals: tuple[Removal, ...] = ()
    scans: tuple[ScanOrder, ...] = ()


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    `source_read`: it is in place, and its source was read and compared for that.
    """

    id: str
    status: int
    bytes_done: int
    checksum: Optional[str] = None
    proof: Optional[str] = None
    error_class: Optional[str] = None
    message: Optional[str] = None
    retry_after: Optional[float] = None
    source_read: bool = False


@dataclass(frozen=True)
class TransferReport:
    """News about one transfer; `finished` ends its lease."""

    key: TransferKey
    lease_token: str
    files: tuple[FileReport, ...]
    finished: bool


@dataclass(frozen=True)
class TransferAnswer:
    """The server's answer to one transfer's report.

    `held`, `finished`, `lost`; or `paused`, `cancelled`: somebody ordered that.
    """

    key: TransferKey
    state: str
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportAnswer:
    """The answer to a report, with the next work when it asked for some.

    `refusal`: why there is no work although the results were taken.
    """

    transfers: tuple[TransferAnswer, ...] = field(default_factory=tuple)
    claimed: Optional[Claim] = None
    refusal: Optional[RequestRefusedError] = None


@dataclass(frozen=True)
class LeaseKey:
    """A lease to renew or to give back."""

    key: TransferKey
    lease_token: str
