"""The files of representations as our rows know them; see the table's migration."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.files import RepresentationFile, parse_files
from ..host import Postgres
from ..sql import QueryFile
from .upkeep import hold_folders

_SQL = QueryFile("known_files")

FilesById = dict[str, RepresentationFile]


async def read_known_files(
    project_name: str, representation_ids: Iterable[str]
) -> dict[str, FilesById]:
    """Return the known files of representations, by id; what nobody noted is absent."""
    rows = await Postgres.fetch(
        _SQL.get("known_of", project_name), sorted(set(representation_ids))
    )
    return {row["representation_id"]: by_id(row["files"]) for row in rows}


async def note_files(
    project_name: str, representation_ids: list[str], now: float, *, are_new: bool
) -> None:
    """Note the files of representations that nobody has noted yet.

    `are_new`: they were just made, and a site is expected to be said to have them.
    """
    if not representation_ids:
        return
    async with Postgres.transaction():
        await hold_folders(project_name)
        await Postgres.execute(
            _SQL.get("record", project_name, parents="parents"),
            representation_ids,
            now,
            are_new,
        )


def by_id(files: object) -> FilesById:
    return {file.id: file for file in parse_files(files)}
