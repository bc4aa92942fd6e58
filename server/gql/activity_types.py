"""Types of work: transfers, runs, agents, pauses, problems, jobs.

The keys are REST's. Sizes are Float: they may not fit into GraphQL's Int.
"""

# Annotations must be objects here: AYON loads the addon under a name of its own.

import strawberry

from .types import PageInfo, StatusTotals


@strawberry.type(description="A transfer that an agent is at")
class MovingTransfer:
    representation_id: str
    site_name: str
    folder_path: str
    product: str
    version: int
    representation: str
    files_total: int
    files_done: int
    bytes_total: float
    bytes_done: float
    source_site: str
    direction: str
    agent_id: str
    hostname: str | None
    user_name: str
    claimed_at: float
    bytes_per_second: float
    eta_seconds: float | None


@strawberry.type(description="A transfer that waits, with its place in the queue")
class QueuedTransfer:
    representation_id: str
    site_name: str
    folder_path: str
    product: str
    version: int
    representation: str
    files_total: int
    files_done: int
    bytes_total: float
    bytes_done: float
    position: int
    priority: int
    due_at: float
    last_error: str | None


@strawberry.type
class Transfers:
    moving: list[MovingTransfer]
    queued: list[QueuedTransfer]
    queued_total: int = strawberry.field(description="Counted up to 10,000")


@strawberry.type
class AttemptError:
    file_id: str | None
    error_class: str | None
    message: str | None


@strawberry.type(description="A run of an agent; it goes on while outcome is null")
class Attempt:
    attempt_id: str
    site_name: str
    source_site: str
    agent_id: str
    hostname: str | None
    user_name: str
    started_at: float
    finished_at: float | None
    outcome: str | None
    files_total: int
    files_synced: int
    files_failed: int
    bytes_done: float
    errors: list[AttemptError]


@strawberry.type
class History:
    attempts: list[Attempt]
    page_info: PageInfo


@strawberry.type
class Reason:
    code: str
    text: str
    todo: str


@strawberry.type(description="Why a representation is, or is not, on a site")
class Explanation:
    site_name: str
    status: int | None
    is_removing: bool
    reasons: list[Reason]


@strawberry.type(description="Something to see to; todo says what to do")
class Problem:
    code: str
    severity: str
    site_name: str | None
    text: str
    todo: str
    count: int
    representation_ids: list[str]
    since: float | None


@strawberry.type
class SiteSummary:
    site_name: str
    totals: list[StatusTotals]


@strawberry.type
class FolderSummary:
    folder_id: str
    path: str
    sites: list[SiteSummary]


@strawberry.type(description="Totals by site and status, at most two seconds old")
class Summary:
    sites: list[SiteSummary]
    folders: list[FolderSummary]
    as_of: float


@strawberry.type(description="A site that an agent cannot use")
class AgentProblem:
    project_name: str
    site_name: str
    code: str
    message: str
    since: float


@strawberry.type
class KnownAgent:
    agent_id: str
    site_name: str
    hostname: str
    user_name: str
    version: str
    started_at: float | None
    seen_at: float
    is_live: bool
    state: str
    held: int
    bytes_per_second: float
    problems: list[AgentProblem]


@strawberry.type
class Pause:
    scope: str
    project_name: str | None
    site_name: str | None
    reason: str | None
    user_name: str
    since: float


@strawberry.type(description="Why a verb left a row as it was")
class VerbProblem:
    representation_id: str
    site_name: str
    error_code: str
    detail: str


@strawberry.type(description="What a verb did, or would do; a job if it is large")
class VerbResult:
    matched: int
    changed: int
    files: int
    bytes: float
    problems: list[VerbProblem]
    problems_omitted: int
    undo: str | None = strawberry.field(
        description="JSON: the verb and its body that take it back"
    )
    job_id: str | None


@strawberry.type
class Job:
    job_id: str
    verb: str
    project_name: str
    user_name: str
    state: str
    matched: int
    changed: int
    files: int
    bytes: float
    problems: list[VerbProblem]
    problems_omitted: int
    started_at: float
    finished_at: float | None
    detail: str | None
