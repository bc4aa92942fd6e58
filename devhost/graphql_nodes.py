"""Nodes of the GraphQL slice: types, and how they are made of rows."""

from datetime import datetime
from typing import Any, Generic, TypeVar

import strawberry
from ayon_server.utils import json_dumps
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from devhost.graphql_rows import fetch_by_ids

T = TypeVar("T")


@strawberry.type
class PageInfo:
    has_next_page: bool = False
    has_previous_page: bool = False
    start_cursor: str | None = None
    end_cursor: str | None = None


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str | None = None


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


def _loader(info: Info[Any, Any], kind: str, project_name: str) -> Any:
    """The request's data loader for a kind of entity in a project."""
    loaders = info.context["loaders"]
    key = (kind, project_name)
    if key not in loaders:

        async def load(ids: list[str]) -> list[Any]:
            return await fetch_by_ids(kind, project_name, ids)

        loaders[key] = DataLoader(load_fn=load)
    return loaders[key]


@strawberry.type
class Entity:
    """What all nodes have. JSON is given as text, as AYON does."""

    project_name: str
    id: str
    active: bool
    status: str
    tags: list[str]
    own_attrib: list[str]
    all_attrib: str
    data: str
    created_at: datetime
    updated_at: datetime
    created_by: str | None
    updated_by: str | None


@strawberry.type
class FolderNode(Entity):
    name: str
    label: str | None
    folder_type: str
    parent_id: str | None
    path: str | None
    thumbnail_id: str | None


@strawberry.type
class TaskNode(Entity):
    name: str
    label: str | None
    task_type: str
    folder_id: str
    assignees: list[str]
    thumbnail_id: str | None

    @strawberry.field
    async def folder(self, info: Info[Any, Any]) -> FolderNode:
        row = await _loader(info, "folder", self.project_name).load(self.folder_id)
        return make_folder(self.project_name, row)


@strawberry.type
class ProductNode(Entity):
    name: str
    folder_id: str
    product_type: str
    product_base_type: str | None

    @strawberry.field
    async def folder(self, info: Info[Any, Any]) -> FolderNode:
        row = await _loader(info, "folder", self.project_name).load(self.folder_id)
        return make_folder(self.project_name, row)


@strawberry.type
class VersionNode(Entity):
    name: str
    version: int
    product_id: str
    task_id: str | None
    author: str | None
    thumbnail_id: str | None

    @strawberry.field
    async def product(self, info: Info[Any, Any]) -> ProductNode:
        row = await _loader(info, "product", self.project_name).load(self.product_id)
        return make_product(self.project_name, row)

    @strawberry.field
    async def task(self, info: Info[Any, Any]) -> TaskNode | None:
        if self.task_id is None:
            return None
        row = await _loader(info, "task", self.project_name).load(self.task_id)
        return make_task(self.project_name, row)


@strawberry.type
class FileNode:
    id: str
    name: str | None
    path: str
    size: str  # Int32 would be too small
    hash: str | None
    hash_type: str


@strawberry.type
class RepresentationNode(Entity):
    name: str
    version_id: str
    context: str | None
    traits: str | None
    files: list[FileNode]

    @strawberry.field
    async def version(self, info: Info[Any, Any]) -> VersionNode:
        row = await _loader(info, "version", self.project_name).load(self.version_id)
        return make_version(self.project_name, row)


def _common(project_name: str, row: Any) -> dict[str, Any]:
    return {
        "project_name": project_name,
        "id": row["id"],
        "active": row["active"],
        "status": row["status"],
        "tags": row["tags"],
        "own_attrib": sorted(row["attrib"]),
        "all_attrib": json_dumps(row["attrib"]),
        "data": json_dumps(row["data"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "created_by": row["created_by"],
        "updated_by": row["updated_by"],
    }


def pick(row: Any, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def make_folder(project_name: str, row: Any) -> FolderNode:
    names = ("name", "label", "folder_type", "parent_id", "path", "thumbnail_id")
    return FolderNode(**_common(project_name, row), **pick(row, *names))


def make_task(project_name: str, row: Any) -> TaskNode:
    names = ("name", "label", "task_type", "folder_id", "assignees", "thumbnail_id")
    return TaskNode(**_common(project_name, row), **pick(row, *names))


def make_product(project_name: str, row: Any) -> ProductNode:
    names = ("name", "folder_id", "product_type", "product_base_type")
    return ProductNode(**_common(project_name, row), **pick(row, *names))


def make_version(project_name: str, row: Any) -> VersionNode:
    names = ("version", "product_id", "task_id", "author", "thumbnail_id")
    number = row["version"]
    name = f"v{number:03}" if number >= 0 else "HERO"
    return VersionNode(name=name, **_common(project_name, row), **pick(row, *names))


def make_representation(project_name: str, row: Any) -> RepresentationNode:
    context, traits = row["data"].get("context"), row["traits"]
    return RepresentationNode(
        **_common(project_name, row),
        **pick(row, "name", "version_id"),
        context=None if context is None else json_dumps(context),
        traits=None if traits is None else json_dumps(traits),
        files=[
            FileNode(
                id=file["id"],
                name=file.get("name"),
                path=file["path"],
                size=str(file.get("size", 0)),
                hash=file.get("hash"),
                hash_type=file.get("hash_type", "md5"),
            )
            for file in row["files"]
        ],
    )
