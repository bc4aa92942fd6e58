"""Bundles: which versions of addons a studio works with."""

from __future__ import annotations

from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("bundles")


async def production_version(addon_name: str) -> str | None:
    """Return the version of an addon in the production bundle, if it is in one."""
    row = await Postgres.fetchrow(_SQL.get("production_addons"))
    addons = None if row is None else row["addons"]
    version = addons.get(addon_name) if isinstance(addons, dict) else None
    return version if isinstance(version, str) else None
