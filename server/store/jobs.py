"""Orders that run on after their request: started, followed, kept for a week."""

from __future__ import annotations

import uuid
from typing import Any

from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("jobs")

KEPT_SECONDS = 7 * 24 * 3600.0
LOST_SECONDS = 120.0
"""A job without a sign of its worker for this long has ended with it."""


class JobStore:
    """The table of jobs, across workers."""

    async def start(self, verb: str, project_name: str, user_name: str) -> str:
        """Note a new job; return its id."""
        job_id = uuid.uuid4().hex
        await Postgres.execute(_SQL.get("forget_old"), KEPT_SECONDS)
        await Postgres.execute(_SQL.get("start"), job_id, verb, project_name, user_name)
        return job_id

    async def note(self, job_id: str, state: str, result: dict[str, Any]) -> None:
        """Note how far a job is: `running`, `finished` or `failed`."""
        await Postgres.execute(_SQL.get("note"), job_id, state, result)

    async def rename_project(self, old_name: str, new_name: str) -> None:
        """Let jobs follow the name of their project."""
        await Postgres.execute(_SQL.get("rename_project"), old_name, new_name)

    async def get(self, job_id: str) -> dict[str, Any] | None:
        """Return a job as its endpoint answers it, with `userName`; None = unknown."""
        row = await Postgres.fetchrow(_SQL.get("get"), job_id, LOST_SECONDS)
        if row is None:
            return None
        state, result = row["state"], row["result"]
        detail = result.get("detail")
        if row["is_lost"]:
            state = "failed"
            detail = "The server was restarted in the middle of it: order it again"
        return {
            "jobId": row["job_id"],
            "verb": row["verb"],
            "projectName": row["project_name"],
            "userName": row["user_name"],
            "state": state,
            "matched": result.get("matched", 0),
            "changed": result.get("changed", 0),
            "files": result.get("files", 0),
            "bytes": result.get("bytes", 0),
            "problems": result.get("problems", []),
            "problemsOmitted": result.get("problemsOmitted", 0),
            "startedAt": row["started_at"],
            "finishedAt": row["finished_at"],
            "detail": detail,
        }
