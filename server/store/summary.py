"""Lists: the panel's, and the two-site one of the existing addon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..domain.cursor import Cursor, encode_cursor
from ..domain.files import (
    Entries,
    RepresentationFile,
    entry_message,
    entry_proof,
    entry_retries,
    entry_size,
    entry_status,
    parse_entries,
    parse_files,
)
from ..domain.rollup import compute_rollup
from ..host import Postgres
from ..sql import QueryFile
from .access import Paths, escape_like
from .lists import fetch_list

_SQL = QueryFile("summary")


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; None = not."""

    paths: Paths
    search: str | None = None
    folder_ids: list[str] | None = None
    representation_ids: list[str] | None = None
    statuses: dict[str, list[int]] | None = None

    def values(self) -> list[Any]:
        """Return the bound values of the fragment `matching`."""
        words = (self.search or "").split()
        return [
            self.paths,
            [contains(word) for word in words] or None,
            self.folder_ids,
            self.representation_ids,
            self.statuses or None,
        ]


@dataclass(frozen=True)
class Slice:
    """A part of a list: `count` rows after `cursor`, or before it going backwards."""

    count: int
    cursor: Cursor | None = None
    is_backward: bool = False
    sort_by: str = "folder"
    is_descending: bool = False


@dataclass(frozen=True)
class Page:
    """Rows in the list's order, and whether there are others around them."""

    rows: list[dict[str, Any]]
    first_cursor: str | None
    last_cursor: str | None
    has_next: bool
    has_previous: bool

    def info(self) -> dict[str, Any]:
        return {
            "startCursor": self.first_cursor,
            "endCursor": self.last_cursor,
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
        }


def contains(text: str) -> str:
    """Return the LIKE pattern for `text` anywhere."""
    return f"%{escape_like(text)}%"


class SummaryStore:
    """Reads of representations with their state on sites."""

    async def params(self, project_name: str, paths: Paths) -> dict[str, Any]:
        query = _SQL.get("params", project_name, parents="parents")
        row = await Postgres.fetchrow(query, paths)
        return {"count": row["count"], "names": list(row["names"])}

    async def total(self, project_name: str, filters: Filters) -> int:
        query = _SQL.get("total", project_name, matching="matching", parents="parents")
        [row] = await fetch_list(query, *filters.values())
        return int(row["total"])

    async def page(
        self,
        project_name: str,
        filters: Filters,
        part: Slice,
        site_names: list[str] | None,
        with_files: bool,
    ) -> Page:
        """Return a part of the list, with the state on `site_names` (None = all)."""
        records = await self._page_records(project_name, filters, part, with_files)
        has_more = len(records) > part.count
        records = records[: part.count]
        if part.is_backward:
            records.reverse()
        has_cursor = part.cursor is not None
        states = await self._states(
            project_name, [record["id"] for record in records], site_names, with_files
        )
        return Page(
            rows=[
                _row(record, states.get(record["id"], []), with_files)
                for record in records
            ],
            first_cursor=_cursor(records[0]) if records else None,
            last_cursor=_cursor(records[-1]) if records else None,
            has_next=has_cursor if part.is_backward else has_more,
            has_previous=has_more if part.is_backward else has_cursor,
        )

    async def _page_records(
        self, project_name: str, filters: Filters, part: Slice, with_files: bool
    ) -> list[Any]:
        descending = part.is_descending != part.is_backward
        suffix = f"{part.sort_by}{'_desc' if descending else ''}"
        fragments = {
            "matching": "matching",
            "parents": "parents",
            "order": f"order_{suffix}",
            "files": "with_files" if with_files else "without_files",
            "sizes": "sizes",
        }
        values = [*filters.values(), part.count + 1]
        if part.cursor is None:
            query = _SQL.get("page", project_name, **fragments)
            return await fetch_list(query, *values)
        cursor = part.cursor
        query = _SQL.get(
            "page_from", project_name, **fragments, from_key=f"from_{suffix}"
        )
        key = [
            cursor.folder_path,
            cursor.product,
            cursor.version,
            cursor.representation,
            cursor.id,
        ]
        return await fetch_list(query, *values, *key)

    async def _states(
        self,
        project_name: str,
        representation_ids: list[str],
        site_names: list[str] | None,
        with_files: bool,
    ) -> dict[str, list[Any]]:
        if not representation_ids:
            return {}
        records = await Postgres.fetch(
            _SQL.get("sites_of_page", project_name),
            representation_ids,
            site_names,
            with_files,
        )
        states: dict[str, list[Any]] = {}
        for record in records:
            states.setdefault(record["representation_id"], []).append(record)
        return states

    async def site_totals(
        self, project_name: str, paths: Paths
    ) -> dict[str, dict[str, dict[str, int]]]:
        """Return site -> status -> counts of representations, files, bytes."""
        query = _SQL.get("site_totals", project_name, parents="parents")
        totals: dict[str, dict[str, dict[str, int]]] = {}
        for row in await Postgres.fetch(query, paths):
            totals.setdefault(row["site_name"], {})[str(row["status"])] = {
                "representations": row["representations"],
                "files": row["files"],
                "filesSynced": row["files_synced"],
                "filesVerified": row["files_verified"],
                "filesFailed": row["files_failed"],
                "bytes": row["bytes"],
                "bytesDone": row["bytes_done"],
            }
        return totals

    async def machines_of_user(
        self, project_name: str, user_name: str, addon_name: str, addon_version: str
    ) -> list[Any]:
        """Return the user's machines with the sites that he chose on each."""
        query = _SQL.get("machines_of_user", project_name)
        rows: list[Any] = await Postgres.fetch(
            query, user_name, addon_name, addon_version
        )
        return rows


def _cursor(record: Any) -> str:
    return encode_cursor(
        Cursor(
            record["path"],
            record["product"],
            record["version"],
            record["representation"],
            record["id"],
        )
    )


def _row(record: Any, states: list[Any], with_files: bool) -> dict[str, Any]:
    row = {
        "representationId": record["id"],
        "versionId": record["version_id"],
        "folderPath": f"/{record['path']}",
        "product": record["product"],
        "productType": record["product_type"],
        "version": record["version"],
        "representation": record["representation"],
        "fileCount": record["file_count"],
        "size": record["size"],
        "sites": {
            state["site_name"]: _site_state(state, record["size"]) for state in states
        },
    }
    if with_files:
        row["files"] = _files(parse_files(record["files"]), states)
    return row


def _site_state(state: Any, size: int) -> dict[str, Any]:
    result = {
        "status": state["status"],
        "filesTotal": state["files_total"],
        "filesSynced": state["files_synced"],
        "filesFailed": state["files_failed"],
        "filesVerified": state["files_verified"],
        "bytesTotal": state["bytes_total"],
        "bytesDone": state["bytes_done"],
        "changedAt": state["changed_at"],
        "priority": state["priority"],
        "message": state["last_error"],
    }
    if state["files_total"] is None:
        # Nobody has counted this row yet; times do not matter for the counts.
        counted = compute_rollup(state["data"], None, 0.0, 0.0)
        result.update(
            filesTotal=counted.files_total,
            filesSynced=counted.files_synced,
            filesFailed=counted.files_failed,
            filesVerified=counted.files_verified,
            bytesTotal=size,
            bytesDone=counted.bytes_done,
            message=counted.last_error,
        )
    return result


def _files(
    files: Iterable[RepresentationFile], states: list[Any]
) -> list[dict[str, Any]]:
    entries: dict[str, Entries] = {
        state["site_name"]: parse_entries(state["data"]) for state in states
    }
    return [
        {
            "id": file.id,
            "path": file.path,
            "size": file.size,
            "sites": {
                site_name: _file_state(on_site[file.id])
                for site_name, on_site in entries.items()
                if file.id in on_site
            },
        }
        for file in files
    ]


def _file_state(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": int(entry_status(entry)),
        "bytesDone": entry_size(entry),
        "proof": entry_proof(entry),
        "message": entry_message(entry),
        "retries": entry_retries(entry),
    }
