"""Pages of entities for GraphQL: filters to SQL, keyset paging, access."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from ayon_server.access.utils import folder_access_list
from ayon_server.entities import UserEntity
from ayon_server.exceptions import BadRequestException
from ayon_server.lib.postgres import Postgres

_MAX_PAGE = 2000

# Entity `e` joined to its folder's path `h.path`; also what a node needs beside.
SOURCES = {
    "folder": "{s}.folders e LEFT JOIN {s}.hierarchy h ON h.id = e.id",
    "task": "{s}.tasks e LEFT JOIN {s}.hierarchy h ON h.id = e.folder_id",
    "product": "{s}.products e LEFT JOIN {s}.hierarchy h ON h.id = e.folder_id",
    "version": "{s}.versions e JOIN {s}.products p ON p.id = e.product_id "
    "LEFT JOIN {s}.hierarchy h ON h.id = p.folder_id",
    "representation": "{s}.representations e JOIN {s}.versions v "
    "ON v.id = e.version_id JOIN {s}.products p ON p.id = v.product_id "
    "LEFT JOIN {s}.hierarchy h ON h.id = p.folder_id",
}


@dataclass
class Query:
    """Conditions on one kind of entity; `$n` places are numbered as values come."""

    kind: str
    project_name: str
    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    @property
    def schema(self) -> str:
        return f"project_{self.project_name}"

    def add(self, condition: str, value: Any) -> None:
        """`{}` in the condition becomes the value's place."""
        self.values.append(value)
        self.conditions.append(condition.format(f"${len(self.values)}"))

    def add_any(self, column: str, values: Sequence[Any] | None, cast: str) -> None:
        """`column` is one of the values; None is no condition, empty matches none."""
        if values is not None:
            self.add(f"{column} = ANY({{}}::{cast}[])", list(values))

    async def fetch(
        self, user: UserEntity, first: int | None, after: str | None
    ) -> list[Any]:
        """Rows in the order of creation, as many as `first` says (100 by default)."""
        patterns = await folder_access_list(user, self.project_name, "read")
        if patterns is not None:
            plain = [pattern.strip('"') for pattern in patterns]
            self.add("h.path LIKE ANY ({}::text[])", plain)
        if after:
            self.add("e.creation_order > {}", decode_cursor(after))
        where = " AND ".join(self.conditions) or "TRUE"
        source = SOURCES[self.kind].format(s=self.schema)
        limit = min(first or 100, _MAX_PAGE)
        return await Postgres.fetch(
            f"SELECT e.*, '/' || h.path AS path FROM {source} WHERE {where} "
            f"ORDER BY e.creation_order LIMIT {limit}",
            *self.values,
        )


async def fetch_by_ids(kind: str, project_name: str, ids: list[str]) -> list[Any]:
    """Rows in the order of the ids, None for an unknown one. For data loaders."""
    source = SOURCES[kind].format(s=f"project_{project_name}")
    rows = await Postgres.fetch(
        f"SELECT e.*, '/' || h.path AS path FROM {source} "
        "WHERE e.id = ANY ($1::uuid[])",
        ids,
    )
    by_id = {row["id"]: row for row in rows}
    return [by_id.get(entity_id) for entity_id in ids]


def encode_cursor(row: Any) -> str:
    return base64.b64encode(orjson.dumps([row["creation_order"]])).decode()


def decode_cursor(cursor: str) -> int:
    """:raises BadRequestException: not made by :func:`encode_cursor`."""
    try:
        return int(orjson.loads(base64.b64decode(cursor))[0])
    except (ValueError, TypeError, IndexError):
        raise BadRequestException(f"after: {cursor!r} is no cursor") from None
