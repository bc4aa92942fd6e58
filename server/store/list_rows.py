"""A row of the list of representations: plain dicts out of database records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

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


def describe_row(record: Any, states: list[Any], with_files: bool) -> dict[str, Any]:
    """Describe a representation with its `states` on sites; see docs/api.md."""
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
        row["files"] = _files(parse_files(orjson.loads(record["files"])), states)
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
        "message": state["removal_message"] or state["last_error"],
        "isRemoving": state["is_removing"],
    }
    if state["files_total"] is None:
        # Nobody has counted this row yet; times do not matter for the counts.
        counted = compute_rollup(orjson.loads(state["data"]), None, 0.0, 0.0)
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
        state["site_name"]: parse_entries(orjson.loads(state["data"]))
        for state in states
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
