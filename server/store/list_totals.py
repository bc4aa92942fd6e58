"""How much a list of representations comes to: rows, files, bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson

from ..domain.files import MAX_BIGINT
from ..domain.site import STUDIO_SITE
from .filters import Filters
from .lists import fetch_filtered
from .totals import TotalsStore


@dataclass(frozen=True)
class Sums:
    """Representations that filters leave, their files and bytes."""

    total: int
    files: int
    bytes: int


class ListTotals:
    """Counts over all pages of a list; what a caller may not read is in none."""

    def __init__(self, kept: TotalsStore) -> None:
        self._kept = kept

    async def total(self, project_name: str, filters: Filters) -> int:
        [row] = await fetch_filtered("total", project_name, filters)
        return int(row["total"])

    async def sums(self, project_name: str, filters: Filters) -> Sums:
        """Return exact sums, of what rows of sites have counted as far as there are.

        Of a whole project they are those that the database keeps of the site that has
        everything: reading each row takes several times as long as counting them.
        """
        rows = await self._kept.read(project_name) or []
        found: Counter[str] = Counter()
        for row in rows:
            found[row["site_name"]] += row["representations"]
        [(site_name, count)] = found.most_common(1) or [(STUDIO_SITE, 0)]
        if filters.is_everything:
            total = await self.total(project_name, filters)
            if total == count:
                own = [row for row in rows if row["site_name"] == site_name]
                return Sums(
                    total,
                    sum(row["files"] for row in own),
                    min(sum(row["bytes"] for row in own), MAX_BIGINT),
                )
        [row] = await fetch_filtered("sums", project_name, filters, site_name=site_name)
        return Sums(int(row["total"]), int(row["files"]), int(row["bytes"]))

    async def estimate(self, project_name: str, filters: Filters) -> int:
        """Return how many rows Postgres expects, without looking at them."""
        [row] = await fetch_filtered("estimate", project_name, filters)
        return int(_plan(row)["Plan Rows"])


def _plan(row: Any) -> dict[str, Any]:
    content = row["QUERY PLAN"]  # JSON as text, unless the pool decodes it
    plans = orjson.loads(content) if isinstance(content, str) else content
    plan: dict[str, Any] = plans[0]["Plan"]
    return plan
