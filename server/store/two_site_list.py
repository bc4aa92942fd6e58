"""The list of the existing addon: representations with two sites side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..domain.files import (
    MAX_BIGINT,
    Entries,
    Entry,
    RepresentationFile,
    entry_message,
    entry_retries,
    entry_size,
    entry_status,
    entry_timestamp,
    parse_entries,
    parse_files,
)
from ..domain.status import SiteStatus
from ..sql import QueryFile
from .access import Paths
from .filters import contains
from .lists import fetch_list

_SQL = QueryFile("summary")


@dataclass(frozen=True)
class TwoSiteQuery:
    """Filters of the list, ANDed; None = no filter. `limit` None = all rows."""

    local_site: str
    remote_site: str
    paths: Paths
    representation_ids: list[str] | None
    representation_names: list[str] | None
    folder_name: str | None
    folder_ids: list[str] | None
    product_name: str | None
    version: int | None
    version_ids: list[str] | None
    local_statuses: list[int] | None
    remote_statuses: list[int] | None
    both_only: bool
    sort_by: str
    is_descending: bool
    limit: int | None
    offset: int

    def values(self) -> list[Any]:
        return [
            self.local_site,
            self.remote_site,
            self.paths,
            self.representation_ids,
            self.representation_names,
            contains(self.folder_name) if self.folder_name else None,
            self.folder_ids,
            contains(self.product_name) if self.product_name else None,
            self.version,
            self.version_ids,
            self.local_statuses,
            self.remote_statuses,
            self.both_only,
            self.limit,
            self.offset,
        ]


async def read_two_sites(
    project_name: str, query: TwoSiteQuery
) -> Iterator[dict[str, Any]]:
    """Return the items of a page; each is built when it is taken."""
    suffix = "_desc" if query.is_descending else ""
    sql = _SQL.get(
        "state_page",
        project_name,
        parents="parents",
        order=f"state_order_{query.sort_by}{suffix}",
    )
    records = await fetch_list(sql, *query.values())
    return (_item(record) for record in records)


def _item(record: Any) -> dict[str, Any]:
    files = parse_files(record["files"])
    local = parse_entries(record["local_data"])
    remote = parse_entries(record["remote_data"])
    size = min(sum(file.size for file in files), MAX_BIGINT)
    return {
        "folder": record["folder"],
        "product": record["product"],
        "version": record["version"],
        "representation": record["representation"],
        "representationId": record["representation_id"],
        "fileCount": len(files),
        "size": size,
        "localStatus": _site_status(record["local_status"], local, size),
        "remoteStatus": _site_status(record["remote_status"], remote, size),
        "versionId": record["version_id"],
        "files": [_file(file, local, remote) for file in files],
    }


def _site_status(status: int | None, entries: Entries, total: int) -> dict[str, Any]:
    """Return the state of a representation; a missing row reads NOT_AVAILABLE."""
    moved = sum(_bytes_there(entry) for entry in entries.values())
    is_synced = status == SiteStatus.SYNCED
    return {
        "status": int(SiteStatus.NOT_AVAILABLE) if status is None else status,
        "size": min(sum(map(entry_size, entries.values())), MAX_BIGINT),
        "totalSize": total,
        "timestamp": int(max(map(entry_timestamp, entries.values()), default=0)),
        "message": None,
        "retries": 0,
        "progress": 1.0 if is_synced else _share(moved, total),
    }


def _file(file: RepresentationFile, local: Entries, remote: Entries) -> dict[str, Any]:
    return {
        "id": file.id,
        "fileHash": file.hash,
        "size": file.size,
        "path": file.path,
        "baseName": file.base_name,
        "localStatus": _file_status(local.get(file.id, {}), file.size),
        "remoteStatus": _file_status(remote.get(file.id, {}), file.size),
    }


def _file_status(entry: Entry, total: int) -> dict[str, Any]:
    status = entry_status(entry)
    is_synced = status == SiteStatus.SYNCED
    return {
        "status": int(status),
        "size": entry_size(entry),
        "totalSize": total,
        "timestamp": int(entry_timestamp(entry)),
        "message": entry_message(entry),
        "retries": entry_retries(entry),
        "progress": 1.0 if is_synced else _share(_bytes_there(entry), total),
    }


def _bytes_there(entry: Entry) -> int:
    """Bytes that are on the site: the size of a queued file tells nothing."""
    if entry_status(entry) in (SiteStatus.SYNCED, SiteStatus.IN_PROGRESS):
        return entry_size(entry)
    return 0


def _share(part: int, total: int) -> float:
    return min(part / total, 1.0) if total else 0.0
