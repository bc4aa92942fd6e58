"""The users of machine sites."""

from __future__ import annotations

from typing import Any

from ..host import Postgres, logging
from ..sql import QueryFile

_SQL = QueryFile("machines")


class MachineStore:
    """Who may write states of a machine; changes are in the server's log.

    With names as literals: they are texts of requests, which may have lines.
    """

    async def users(self, site_name: str) -> list[dict[str, Any]]:
        """Return the users of a machine, its owner first; none = nobody's yet."""
        return [
            {
                "userName": row["user_name"],
                "addedBy": row["added_by"],
                "addedAt": row["added_at"],
            }
            for row in await Postgres.fetch(_SQL.get("list"), site_name)
        ]

    async def user_exists(self, user_name: str) -> bool:
        row = await Postgres.fetchrow(_SQL.get("user_exists"), user_name)
        return bool(row["found"])

    async def add(self, site_name: str, user_name: str, added_by: str) -> None:
        await Postgres.execute(_SQL.get("add"), site_name, user_name, added_by)
        logging.info(
            f"Site Sync: {added_by} made {user_name!r} a user of machine {site_name!r}"
        )

    async def remove(self, site_name: str, user_name: str, removed_by: str) -> None:
        await Postgres.execute(_SQL.get("remove"), site_name, user_name)
        logging.info(
            f"Site Sync: {removed_by} took {user_name!r} off machine {site_name!r}"
        )
