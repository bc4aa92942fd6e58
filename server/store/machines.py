"""The users of machine sites."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import NotAllowedError
from ..host import Postgres, logging
from ..sql import QueryFile
from .access import Caller, is_machine_user

_SQL = QueryFile("machines")


class MachineStore:
    """Who may write states of a machine; changes are in the server's log.

    With names as literals: they are texts of requests, which may have lines.

    :param is_shared: tells whether a site is in the settings of any project.
    """

    def __init__(self, is_shared: Callable[[str], Awaitable[bool]]) -> None:
        self._is_shared = is_shared

    async def check(self, site_name: str, caller: Caller) -> None:
        """Let the users of a machine site and managers through.

        A machine without an owner gets one: the first user who writes from it (its id
        is in his request's header) or whom AYON has registered on it. Only then is
        looked for the name in the settings of all projects: they may be many.

        :raises NotAllowedError: the machine is somebody else's, or it is a shared site
            of some project and nobody's.
        """
        if await is_machine_user(site_name, caller):
            return
        refusal = NotAllowedError(
            f"Site '{site_name}' is another user's machine: its owner or a manager "
            "can add you to it"
        )
        if not await _may_own(site_name, caller):
            raise refusal
        if await self._is_shared(site_name):
            msg = (
                f"Site '{site_name}' is a shared site in the settings of a project and "
                "nobody's machine: use your machine's site id, or ask a manager"
            )
            raise NotAllowedError(msg)
        async with Postgres.transaction() as connection:
            await connection.execute(_SQL.get("lock"), site_name)
            await connection.execute(_SQL.get("own"), site_name, caller.name)
        if not await is_machine_user(site_name, caller):
            raise refusal

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


async def _may_own(site_name: str, caller: Caller) -> bool:
    if site_name == caller.site_id:
        return True
    row = await Postgres.fetchrow(_SQL.get("registered_site"), site_name)
    return row is not None and caller.name in (row["users"] or [])
