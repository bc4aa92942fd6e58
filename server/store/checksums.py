"""Checksums of files that agents computed, for the queue and for reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..host import Postgres
from ..sql import QueryFile

_SQL = QueryFile("transfers")

# `algorithm:hex` by representation, then by id and size of the file.
Checksums = dict[str, dict[tuple[str, int], str]]
# Representation, file and algorithm.
ChecksumKey = tuple[str, str, str]


async def read_checksums(project_name: str, representation_ids: list[str]) -> Checksums:
    """Return the best known checksum of each file of representations."""
    if not representation_ids:
        return {}
    rows = await Postgres.fetch(_SQL.get("checksums", project_name), representation_ids)
    known: Checksums = {}
    for row in rows:
        known.setdefault(row["representation_id"], {})[row["file_id"], row["size"]] = (
            f"{row['algorithm']}:{row['digest']}"
        )
    return known


async def write_checksums(
    project_name: str, checksums: Mapping[ChecksumKey, tuple[str, int, str]], now: float
) -> None:
    """Keep digest, size and site of files, verified at `now`."""
    if not checksums:
        return
    ids = list({key[0]: None for key in checksums})
    places = {each: place for place, each in enumerate(ids, 1)}
    columns: dict[str, list[Any]] = {
        "place": [places[each] for each, _, _ in checksums],
        "file_id": [file_id for _, file_id, _ in checksums],
        "algorithm": [algorithm for _, _, algorithm in checksums],
        "digest": [digest for digest, _, _ in checksums.values()],
        "size": [size for _, size, _ in checksums.values()],
        "site_name": [site_name for _, _, site_name in checksums.values()],
    }
    query = _SQL.get("write_checksums", project_name)
    await Postgres.execute(query, ids, columns, now)
