"""On which sites versions and representations are: what a loader shows of each."""

from __future__ import annotations

from typing import Any

from ..domain.status import SiteStatus
from ..sql import QueryFile
from .access import Paths
from .lists import fetch_by_ids

_SQL = QueryFile("availability")


class AvailabilityStore:
    """Answers for any number of ids in one query; no JSON is opened."""

    async def of_versions(
        self,
        project_name: str,
        paths: Paths,
        version_ids: list[str],
        site_names: list[str],
    ) -> dict[str, dict[str, Any]]:
        """Return by version how many representations it has, and are synced by site."""
        query = _SQL.get("versions", project_name, parents="parents")
        versions: dict[str, dict[str, Any]] = {}
        for row in await fetch_by_ids(query, version_ids, site_names, paths):
            version = versions.setdefault(
                row["version_id"], {"total": 0, "sites": dict.fromkeys(site_names, 0)}
            )
            if row["site_name"] is None:
                version["total"] = row["found"]
            else:
                version["sites"][row["site_name"]] = row["found"]
        return versions

    async def of_representations(
        self,
        project_name: str,
        paths: Paths,
        representation_ids: list[str],
        site_names: list[str],
    ) -> dict[str, dict[str, Any]]:
        """Return by representation its status and progress on each site with a row."""
        query = _SQL.get("representations", project_name, parents="parents")
        found: dict[str, dict[str, Any]] = {}
        for row in await fetch_by_ids(query, representation_ids, site_names, paths):
            sites = found.setdefault(row["id"], {})
            if row["site_name"] is not None:
                sites[row["site_name"]] = {
                    "status": row["status"],
                    "progress": _progress(row),
                }
        return found


def _progress(row: Any) -> float:
    """Return the share of the bytes that are there, 0 to 1."""
    if row["status"] == SiteStatus.SYNCED:
        return 1.0
    total = row["bytes_total"]
    return min((row["bytes_done"] or 0) / total, 1.0) if total else 0.0
