"""What is kept for how long; cut down a few rows at a time."""

from __future__ import annotations

from ..domain.site import ProjectSites
from ..host import Postgres
from ..sql import QueryFile
from .jobs import KEPT_SECONDS
from .upkeep import read_position, write_position

_SQL = QueryFile("retention")
_KNOWN = QueryFile("known_files")

ROWS_AT_ONCE = 1000
GONE_AGENT_SECONDS = 30 * 24 * 3600.0
"""An agent without a sign for this long is forgotten, and so is a refused one."""
FORGET_POSITION = "forget"
FIRST_ID = "0" * 32


class RetentionStore:
    """Each call is one short transaction; True = there is more to do."""

    async def cut_project(self, project_name: str, sites: ProjectSites) -> bool:
        """Remove a batch of what is older than the settings keep."""
        has_more = False
        for name, days in (
            ("attempts", sites.history_days),
            ("throughput", sites.history_days),
            ("tombstones", sites.tombstone_days),
        ):
            has_more |= await _delete(_SQL.get(name, project_name), days, ROWS_AT_ONCE)
        return has_more

    async def forget_deleted(self, project_name: str) -> bool:
        """Forget files and checksums of representations that are no more, a batch."""
        after = await read_position(project_name, FORGET_POSITION) or FIRST_ID
        row = await Postgres.fetchrow(
            _KNOWN.get("forget_deleted", project_name), after, ROWS_AT_ONCE
        )
        last = FIRST_ID if row is None else row["last"]
        await write_position(project_name, FORGET_POSITION, last)
        return row is not None

    async def cut_studio(self) -> None:
        """Remove old jobs, agents that are gone, and orders about deleted projects."""
        async with Postgres.transaction(force_new=True) as connection:
            row = await connection.fetchrow(_SQL.get("try_lock_public"))
            if not row["locked"]:
                return
            await _delete(_SQL.get("jobs"), KEPT_SECONDS, ROWS_AT_ONCE)
            await _delete(_SQL.get("agents"), GONE_AGENT_SECONDS, ROWS_AT_ONCE)
            await _delete(_SQL.get("refused_agents"), GONE_AGENT_SECONDS, ROWS_AT_ONCE)
            await _delete(_SQL.get("pauses"))


async def _delete(query: str, *values: object) -> bool:
    """Run a deletion; tell whether it met its limit."""
    status = await Postgres.execute(query, *values)
    return int(status.rpartition(" ")[2]) == ROWS_AT_ONCE
