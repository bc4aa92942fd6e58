"""Folders, tasks, products, versions and representations: one generic store.

Ids are 32 hex characters; keys on the wire are camelCase, columns snake_case.
"""

import re
from dataclasses import dataclass
from typing import Any

import asyncpg
from ayon_server.access.utils import folder_access_list
from ayon_server.entities import UserEntity
from ayon_server.exceptions import (
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
)
from ayon_server.lib.postgres import Postgres
from ayon_server.types import AccessType, camelize
from ayon_server.utils import EntityID, create_uuid

_NAME = re.compile(r"^[a-zA-Z0-9_]([a-zA-Z0-9_\.\-]*[a-zA-Z0-9_])?$")
_COMMON = ("attrib", "data", "status", "tags", "active")
_HASH_TYPES = ("md5", "sha1", "sha256", "op3")


@dataclass(frozen=True)
class EntityKind:
    """How a kind of entity is stored.

    :param columns: beside the common ones.
    :param required: columns that a new entity must have.
    :param to_folder: joins from `e` (the entity) to its folder's id.
    """

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    parent: str
    to_folder: str
    folder_id: str
    write_access: AccessType = "update"

    @property
    def table(self) -> str:
        return f"{self.name}s"

    @property
    def all_columns(self) -> tuple[str, ...]:
        return (*self.columns, *_COMMON)


_TO_PRODUCT = "JOIN {schema}.products p ON p.id = e.product_id"
_TO_VERSION = (
    "JOIN {schema}.versions v ON v.id = e.version_id "
    "JOIN {schema}.products p ON p.id = v.product_id"
)
KINDS = {
    kind.name: kind
    for kind in (
        EntityKind(
            "folder",
            ("name", "label", "folder_type", "parent_id"),
            ("name",),
            "parent_id",
            "",
            "e.id",
        ),
        EntityKind(
            "task",
            ("name", "label", "folder_id", "task_type", "assignees"),
            ("name", "folder_id", "task_type"),
            "folder_id",
            "",
            "e.folder_id",
        ),
        EntityKind(
            "product",
            ("name", "folder_id", "product_type", "product_base_type"),
            ("name", "folder_id", "product_type"),
            "folder_id",
            "",
            "e.folder_id",
        ),
        EntityKind(
            "version",
            ("version", "product_id", "task_id", "author"),
            ("version", "product_id"),
            "product_id",
            _TO_PRODUCT,
            "p.folder_id",
            "publish",
        ),
        EntityKind(
            "representation",
            ("name", "version_id", "files", "traits"),
            ("name", "version_id"),
            "version_id",
            _TO_VERSION,
            "p.folder_id",
            "publish",
        ),
    )
}


def find_kind(name: str) -> EntityKind:
    """The kind of that name, singular or plural.

    :raises BadRequestException: unknown.
    """
    kind = KINDS.get(name.removesuffix("s"))
    if kind is None:
        raise BadRequestException(f"Invalid entity type: {name}")
    return kind


async def load_entity(project_name: str, kind: EntityKind, entity_id: str) -> Any:
    """The row of an entity.

    :raises NotFoundException: there is none.
    """
    row = await Postgres.fetchrow(
        f"SELECT * FROM project_{project_name}.{kind.table} WHERE id = $1", entity_id
    )
    if row is None:
        raise NotFoundException(f"{kind.name.capitalize()} {entity_id} not found")
    return row


async def find_path(project_name: str, kind: EntityKind, row: Any) -> str:
    """The path of an entity as AYON's events tell it: its folder's, then its name."""
    schema = f"project_{project_name}"
    found = await Postgres.fetchrow(
        f"SELECT h.path FROM {schema}.{kind.table} e "
        f"{kind.to_folder.format(schema=schema)} "
        f"JOIN {schema}.hierarchy h ON h.id = {kind.folder_id} WHERE e.id = $1",
        row["id"],
    )
    path = "" if found is None else f"/{found['path']}"
    return path if kind.name == "folder" else f"{path}/{_own_name(row)}"


def _own_name(row: Any) -> str:
    columns = dict(row)
    name = columns.get("name")
    return str(name) if name else f"v{columns['version']:03}"


def describe_entity(row: Any) -> dict[str, Any]:
    """A row as REST shows it: camelCase, without nulls."""
    result = {
        camelize(name): value
        for name, value in dict(row).items()
        if value is not None and name != "creation_order"
    }
    if "files" in result:
        result["files"] = [
            {camelize(key): value for key, value in file.items()}
            for file in result["files"]
        ]
    return result


async def ensure_access(
    user: UserEntity,
    project_name: str,
    kind: EntityKind,
    entity_id: str | None,
    access: AccessType,
) -> None:
    """Check the user's folder access to an entity; None is the project itself.

    :raises ForbiddenException: no access.
    """
    patterns = await folder_access_list(user, project_name, access)
    if patterns is None:
        return
    schema = f"project_{project_name}"
    if entity_id is not None:
        found = await Postgres.fetchrow(
            f"SELECT TRUE FROM {schema}.{kind.table} e "
            f"{kind.to_folder.format(schema=schema)} "
            f"JOIN {schema}.hierarchy h ON h.id = {kind.folder_id} "
            "WHERE e.id = $1 AND h.path LIKE ANY ($2::text[])",
            entity_id,
            [pattern.strip('"') for pattern in patterns],
        )
        if found is not None:
            return
    raise ForbiddenException("Entity access denied")


def read_fields(kind: EntityKind, data: dict[str, Any]) -> dict[str, Any]:
    """Columns out of a request body, checked; unknown keys are ignored as in AYON.

    :raises BadRequestException: a value that cannot be.
    """
    fields: dict[str, Any] = {}
    for column in kind.all_columns:
        for key in (camelize(column), column):
            if key in data:
                fields[column] = data[key]
    name = fields.get("name")
    if name is not None and not (isinstance(name, str) and _NAME.match(name)):
        raise BadRequestException(f"Invalid {kind.name} name: {name!r}")
    for column in ("parent_id", "folder_id", "product_id", "version_id", "task_id"):
        if fields.get(column) is not None:
            fields[column] = _parse_id(column, fields[column])
    if "files" in fields:
        fields["files"] = [_read_file(file) for file in fields["files"]]
    return fields


def _parse_id(name: str, value: Any) -> str:
    try:
        parsed = EntityID.parse(value)
    except ValueError:
        raise BadRequestException(f"{name}: {value!r} is no entity id") from None
    assert parsed is not None
    return parsed


def _read_file(file: dict[str, Any]) -> dict[str, Any]:
    hash_type = file.get("hash_type", file.get("hashType", "md5"))
    if "id" not in file or "path" not in file or hash_type not in _HASH_TYPES:
        raise BadRequestException("files: each needs id, path and a known hash_type")
    path = str(file["path"])
    return {
        "id": _parse_id("files.id", file["id"]),
        "name": file.get("name") or path.rsplit("/", 1)[-1],
        "path": path,
        "size": int(file.get("size") or 0),
        "hash": file.get("hash"),
        "hash_type": hash_type,
    }


async def insert_entity(
    project_name: str, kind: EntityKind, data: dict[str, Any], user: UserEntity
) -> dict[str, Any]:
    """Create an entity; answers its row as columns.

    :raises BadRequestException: a field lacks or names what does not exist.
    :raises ConflictException: the name or version is taken.
    """
    fields = read_fields(kind, data)
    missing = [name for name in kind.required if fields.get(name) is None]
    if missing:
        raise BadRequestException(f"{camelize(missing[0])}: field required")
    fields["id"] = _parse_id("id", data.get("id") or create_uuid())
    fields["created_by"] = fields["updated_by"] = user.name
    if kind.name == "version":
        fields.setdefault("author", user.name)
    for name, table in (("status", "statuses"), ("folder_type", "folder_types")):
        is_column = name == "status" or name in kind.columns
        if is_column and not fields.get(name):
            fields[name] = await _first_name(project_name, table)
    columns = list(fields)
    places = ", ".join(f"${i}" for i in range(1, len(columns) + 1))
    await _write(
        f"INSERT INTO project_{project_name}.{kind.table} ({', '.join(columns)}) "
        f"VALUES ({places})",
        *fields.values(),
    )
    return fields


async def update_entity(
    project_name: str,
    kind: EntityKind,
    entity_id: str,
    data: dict[str, Any],
    user: UserEntity,
) -> dict[str, Any]:
    """Change an entity; answers the columns that are different now.

    `attrib` and `data` are merged, a null attribute is removed.

    :raises NotFoundException: there is none.
    """
    row = await load_entity(project_name, kind, entity_id)
    fields = read_fields(kind, data)
    for column in ("attrib", "data"):
        if column in fields:
            merged = {**row[column], **fields[column]}
            fields[column] = {k: v for k, v in merged.items() if v is not None}
    changed = {name: value for name, value in fields.items() if row[name] != value}
    if changed:
        assignments = ", ".join(f"{name} = ${i}" for i, name in enumerate(changed, 3))
        await _write(
            f"UPDATE project_{project_name}.{kind.table} "
            f"SET updated_at = now(), updated_by = $2, {assignments} WHERE id = $1",
            entity_id,
            user.name,
            *changed.values(),
        )
    return changed


async def delete_entity(
    project_name: str, kind: EntityKind, entity_id: str, *, force: bool = False
) -> Any:
    """Delete an entity with what is below it; answers the row that was.

    :raises NotFoundException: there is none.
    :raises ConflictException: a folder still has products and `force` is not set.
    """
    row = await load_entity(project_name, kind, entity_id)
    schema = f"project_{project_name}"
    if kind.name == "folder" and force:
        await Postgres.execute(
            f"""
            WITH RECURSIVE below AS (
                SELECT id FROM {schema}.folders WHERE id = $1
                UNION ALL SELECT f.id FROM {schema}.folders f
                JOIN below b ON f.parent_id = b.id
            )
            DELETE FROM {schema}.products WHERE folder_id IN (SELECT id FROM below)
            """,
            entity_id,
        )
    try:
        await Postgres.execute(
            f"DELETE FROM {schema}.{kind.table} WHERE id = $1", entity_id
        )
    except Postgres.ForeignKeyViolationError:
        raise ConflictException(
            "Cannot delete a folder with products: use force"
        ) from None
    return row


async def refresh_hierarchy(project_name: str) -> None:
    """Bring folder paths up to date after folders changed."""
    schema = f"project_{project_name}"
    async with Postgres.transaction():
        await Postgres.execute(f"REFRESH MATERIALIZED VIEW {schema}.hierarchy")
        await Postgres.execute(f"DELETE FROM {schema}.exported_attributes")
        await Postgres.execute(
            f"INSERT INTO {schema}.exported_attributes (folder_id, path, attrib) "
            f"SELECT f.id, h.path, f.attrib FROM {schema}.folders f "
            f"JOIN {schema}.hierarchy h ON h.id = f.id"
        )


async def _first_name(project_name: str, table: str) -> str:
    row = await Postgres.fetchrow(
        f"SELECT name FROM project_{project_name}.{table} ORDER BY position LIMIT 1"
    )
    name: str = row["name"]
    return name


async def _write(query: str, *args: Any) -> None:
    try:
        await Postgres.execute(query, *args)
    except Postgres.UniqueViolationError as error:
        raise ConflictException(f"Entity already exists: {error}") from None
    except Postgres.ForeignKeyViolationError as error:
        raise BadRequestException(f"Unknown reference: {error}") from None
    except asyncpg.DataError as error:
        raise BadRequestException(f"Invalid value: {error}") from None
