"""Marks of files that shall go from sites, locked and written.

For use inside a transaction, with the representations and rows locked before.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.files import parse_entries, parse_files
from ..domain.removal import Mark
from ..host import Postgres
from ..sql import QueryFile
from .leases import Holder
from .rows import RowKey

_SQL = QueryFile("removals")


async def lock_marks(project_name: str, ids: Iterable[str]) -> dict[RowKey, Mark]:
    """Lock the marks of representations on all sites."""
    records = await Postgres.fetch(_SQL.get("lock_marks", project_name), list(ids))
    marks = [
        Mark(
            representation_id=record["representation_id"],
            site_name=record["site_name"],
            folder_path=record["folder_path"],
            files=parse_files(record["files"]),
            entries=None
            if record["entries"] is None
            else parse_entries({"files": record["entries"]}),
            due_at=record["due_at"],
            is_started=record["is_started"],
            retries=record["retries"],
            token=record["token"],
            expires_at=record["expires_at"],
        )
        for record in records
    ]
    return {mark.key: mark for mark in marks}


async def write_marks(
    project_name: str, marks: Iterable[Mark], user_name: str, now: float
) -> None:
    """Mark files for their removal. The rows must say -1 in the same transaction."""
    rows = list(marks)
    if not rows:
        return
    await Postgres.execute(
        _SQL.get("write_marks", project_name),
        [mark.representation_id for mark in rows],
        [mark.site_name for mark in rows],
        [mark.folder_path for mark in rows],
        [
            {
                "list": [
                    {"id": file.id, "path": file.path, "size": file.size}
                    for file in mark.files
                ]
            }
            for mark in rows
        ],
        [{"files": mark.entries} for mark in rows],
        user_name,
        now,
    )


async def hurry_marks(project_name: str, keys: Iterable[RowKey], now: float) -> None:
    """Have removals tried now that failed before."""
    pairs = sorted(keys)
    if pairs:
        await Postgres.execute(
            _SQL.get("hurry_marks", project_name), *columns(pairs), now
        )


async def delete_marks(project_name: str, keys: Iterable[RowKey]) -> None:
    pairs = sorted(keys)
    if pairs:
        await Postgres.execute(_SQL.get("delete_marks", project_name), *columns(pairs))


async def folders_of(project_name: str, ids: Iterable[str]) -> dict[str, str]:
    """Return the path of each representation's folder."""
    records = await Postgres.fetch(_SQL.get("folders_of", project_name), list(ids))
    return {record["id"]: record["path"] for record in records}


async def delete_rows(project_name: str, keys: Iterable[RowKey]) -> None:
    """Forget rows whose files are gone."""
    pairs = sorted(keys)
    if pairs:
        await Postgres.execute(_SQL.get("delete_rows", project_name), *columns(pairs))


async def release_marks(
    project_name: str, holder: Holder, tokens: list[str] | None
) -> int:
    """End leases of removals, without tokens all of an agent; return how many."""
    records = await Postgres.fetch(
        _SQL.get("release_marks", project_name),
        holder.agent_id,
        holder.user_name,
        tokens,
    )
    return len({record["representation_id"] for record in records})


def columns(keys: Iterable[RowKey]) -> tuple[list[str], list[str]]:
    """Return keys as the two columns that queries take."""
    pairs = list(keys)
    return [key[0] for key in pairs], [key[1] for key in pairs]
