"""On which sites versions and representations are: what a loader shows of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ..sql import QueryFile
from .access import Paths
from .lists import fetch_by_ids

_SQL = QueryFile("availability")

IDS_AT_ONCE = 2000
"""Rows of more would hold up others while they are read from the connection."""


class AvailabilityStore:
    """Answers for any number of ids; no JSON is opened."""

    async def of_versions(
        self,
        project_name: str,
        paths: Paths,
        version_ids: list[str],
        site_names: list[str],
    ) -> dict[str, dict[str, Any]]:
        """Return by version how many representations it has, and are synced by site."""
        query = _SQL.get(
            "versions", project_name, readable_products="readable_products"
        )
        versions: dict[str, dict[str, Any]] = {}
        rows = await fetch_by_ids(query, version_ids, site_names, paths)
        for version_id, site_name, found in rows:
            version = versions.get(version_id)
            if version is None:
                version = {"total": 0, "sites": dict.fromkeys(site_names, 0)}
                versions[version_id] = version
            if site_name is None:
                version["total"] = found
            else:
                version["sites"][site_name] = found
        return versions

    async def of_representations(
        self,
        project_name: str,
        paths: Paths,
        representation_ids: list[str],
        site_names: list[str],
    ) -> AsyncIterator[list[tuple[str, str]]]:
        """Yield, some at a time, representations with JSON of their sites.

        The JSON is an object with status and progress of each site that has a row.
        """
        query = _SQL.get(
            "representations", project_name, readable_products="readable_products"
        )
        ids = list(dict.fromkeys(representation_ids))
        for start in range(0, len(ids), IDS_AT_ONCE):
            part = ids[start : start + IDS_AT_ONCE]
            rows = await fetch_by_ids(query, part, site_names, paths)
            yield [(row["id"], row["sites"]) for row in rows]
