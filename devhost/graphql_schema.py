"""The slice of AYON's GraphQL that the real `ayon_api` queries."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from ayon_server.api.dependencies import CurrentUser
from ayon_server.entities import UserEntity
from ayon_server.exceptions import AyonException, BadRequestException
from ayon_server.helpers.project_list import get_project_info
from ayon_server.lib.postgres import Postgres
from ayon_server.utils import json_dumps
from fastapi import Request
from graphql import GraphQLError
from strawberry.dataloader import DataLoader
from strawberry.extensions import SchemaExtension
from strawberry.fastapi import GraphQLRouter
from strawberry.types import Info

from devhost.graphql_rows import Query as RowQuery
from devhost.graphql_rows import encode_cursor, fetch_by_ids

T = TypeVar("T")
Ids = list[str] | None
Names = list[str] | None


@strawberry.enum
class HasLinksFilter(enum.Enum):
    NONE = "none"
    IN = "in"
    OUT = "out"
    ANY = "any"
    BOTH = "both"


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


def _user(info: Info[Any, Any]) -> UserEntity:
    user: UserEntity = info.context["user"]
    return user


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
        return _make_folder(self.project_name, row)


@strawberry.type
class ProductNode(Entity):
    name: str
    folder_id: str
    product_type: str
    product_base_type: str | None

    @strawberry.field
    async def folder(self, info: Info[Any, Any]) -> FolderNode:
        row = await _loader(info, "folder", self.project_name).load(self.folder_id)
        return _make_folder(self.project_name, row)


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
        return _make_product(self.project_name, row)

    @strawberry.field
    async def task(self, info: Info[Any, Any]) -> TaskNode | None:
        if self.task_id is None:
            return None
        row = await _loader(info, "task", self.project_name).load(self.task_id)
        return _make_task(self.project_name, row)


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
        return _make_version(self.project_name, row)


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


def _pick(row: Any, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _make_folder(project_name: str, row: Any) -> FolderNode:
    names = ("name", "label", "folder_type", "parent_id", "path", "thumbnail_id")
    return FolderNode(**_common(project_name, row), **_pick(row, *names))


def _make_task(project_name: str, row: Any) -> TaskNode:
    names = ("name", "label", "task_type", "folder_id", "assignees", "thumbnail_id")
    return TaskNode(**_common(project_name, row), **_pick(row, *names))


def _make_product(project_name: str, row: Any) -> ProductNode:
    names = ("name", "folder_id", "product_type", "product_base_type")
    return ProductNode(**_common(project_name, row), **_pick(row, *names))


def _make_version(project_name: str, row: Any) -> VersionNode:
    names = ("version", "product_id", "task_id", "author", "thumbnail_id")
    number = row["version"]
    name = f"v{number:03}" if number >= 0 else "HERO"
    return VersionNode(name=name, **_common(project_name, row), **_pick(row, *names))


def _make_representation(project_name: str, row: Any) -> RepresentationNode:
    context, traits = row["data"].get("context"), row["traits"]
    return RepresentationNode(
        **_common(project_name, row),
        **_pick(row, "name", "version_id"),
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


async def _page(
    info: Info[Any, Any],
    query: RowQuery,
    make: Callable[[str, Any], T],
    first: int | None,
    after: str | None,
) -> Connection[T]:
    rows = await query.fetch(_user(info), first, after)
    edges = [
        Edge(node=make(query.project_name, row), cursor=encode_cursor(row))
        for row in rows
    ]
    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(edges) >= (first or 100),  # as AYON counts
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


def _refuse(**filters: Any) -> None:
    """:raises BadRequestException: a filter that only a real AYON server has."""
    for name, value in filters.items():
        if value is not None:
            raise BadRequestException(f"{name}: the devhost does not know this filter")


HasLinks = Annotated[HasLinksFilter | None, strawberry.argument()]


@strawberry.type
class ProjectNode:
    name: str
    project_name: str
    code: str
    library: bool
    active: bool
    data: str
    all_attrib: str
    own_attrib: list[str]
    created_at: datetime
    updated_at: datetime

    def _query(self, kind: str, statuses: Names, tags: Names) -> RowQuery:
        query = RowQuery(kind, self.name)
        query.add_any("e.status", statuses, "text")
        if tags is not None:
            query.add("e.tags::text[] && {}::text[]", tags)
        return query

    @strawberry.field
    async def folders(  # noqa: PLR0913 - AYON's own arguments
        self,
        info: Info[Any, Any],
        *,
        first: int | None = None,
        after: str | None = None,
        ids: Ids = None,
        parent_ids: Ids = None,
        names: Names = None,
        paths: Names = None,
        path_ex: str | None = None,
        folder_types: Names = None,
        statuses: Names = None,
        tags: Names = None,
        assignees: Names = None,
        has_products: bool | None = None,
        has_tasks: bool | None = None,
        has_children: bool | None = None,
        has_links: HasLinks = None,
        filter: str | None = None,
    ) -> Connection[FolderNode]:
        _refuse(assignees=assignees, hasLinks=has_links, filter=filter)
        query = self._query("folder", statuses, tags)
        query.add_any("e.id", ids, "uuid")
        if parent_ids is not None:
            roots = [i for i in parent_ids if i in ("root", "")]
            others = [i for i in parent_ids if i not in ("root", "")]
            condition = "e.parent_id = ANY ({}::uuid[])"
            query.add(
                f"({condition} OR e.parent_id IS NULL)" if roots else condition, others
            )
        query.add_any("e.name", names, "text")
        query.add_any("e.folder_type", folder_types, "text")
        if paths is not None:
            query.add("h.path = ANY ({}::text[])", [path.strip("/") for path in paths])
        if path_ex is not None:
            query.add("'/' || h.path ~ {}", path_ex)
        for wanted, table, column in (
            (has_products, "products", "folder_id"),
            (has_tasks, "tasks", "folder_id"),
            (has_children, "folders", "parent_id"),
        ):
            if wanted is not None:
                exists = (
                    f"EXISTS (SELECT FROM {query.schema}.{table} x "
                    f"WHERE x.{column} = e.id)"
                )
                query.add(f"{exists} = {{}}", wanted)
        return await _page(info, query, _make_folder, first, after)

    @strawberry.field
    async def tasks(  # noqa: PLR0913
        self,
        info: Info[Any, Any],
        *,
        first: int | None = None,
        after: str | None = None,
        ids: Ids = None,
        names: Names = None,
        task_types: Names = None,
        folder_ids: Ids = None,
        assignees_any: Names = None,
        assignees: Names = None,
        statuses: Names = None,
        tags: Names = None,
        filter: str | None = None,
    ) -> Connection[TaskNode]:
        _refuse(filter=filter)
        query = self._query("task", statuses, tags)
        query.add_any("e.id", ids, "uuid")
        query.add_any("e.name", names, "text")
        query.add_any("e.task_type", task_types, "text")
        query.add_any("e.folder_id", folder_ids, "uuid")
        if assignees_any is not None:
            query.add("e.assignees::text[] && {}::text[]", assignees_any)
        if assignees is not None:
            query.add("e.assignees::text[] @> {}::text[]", assignees)
        return await _page(info, query, _make_task, first, after)

    @strawberry.field
    async def products(  # noqa: PLR0913
        self,
        info: Info[Any, Any],
        *,
        first: int | None = None,
        after: str | None = None,
        ids: Ids = None,
        names: Names = None,
        folder_ids: Ids = None,
        product_types: Names = None,
        product_base_types: Names = None,
        statuses: Names = None,
        tags: Names = None,
        name_ex: str | None = None,
        path_ex: str | None = None,
        filter: str | None = None,
    ) -> Connection[ProductNode]:
        _refuse(filter=filter)
        query = self._query("product", statuses, tags)
        query.add_any("e.id", ids, "uuid")
        query.add_any("e.name", names, "text")
        query.add_any("e.folder_id", folder_ids, "uuid")
        query.add_any("e.product_type", product_types, "text")
        query.add_any("e.product_base_type", product_base_types, "text")
        if name_ex is not None:
            query.add("e.name ~ {}", name_ex)
        if path_ex is not None:
            query.add("'/' || h.path || '/' || e.name ~ {}", path_ex)
        return await _page(info, query, _make_product, first, after)

    @strawberry.field
    async def versions(  # noqa: PLR0913
        self,
        info: Info[Any, Any],
        *,
        first: int | None = None,
        after: str | None = None,
        ids: Ids = None,
        product_ids: Ids = None,
        versions: list[int] | None = None,
        task_ids: Ids = None,
        hero_only: bool | None = None,
        latest_only: bool | None = None,
        hero_or_latest_only: bool | None = None,
        statuses: Names = None,
        tags: Names = None,
        filter: str | None = None,
    ) -> Connection[VersionNode]:
        _refuse(filter=filter)
        query = self._query("version", statuses, tags)
        query.add_any("e.id", ids, "uuid")
        query.add_any("e.product_id", product_ids, "uuid")
        query.add_any("e.version", versions, "int")
        query.add_any("e.task_id", task_ids, "uuid")
        latest = (
            f"e.version = (SELECT max(x.version) FROM {query.schema}.versions x "
            "WHERE x.product_id = e.product_id AND x.active)"
        )
        if hero_only:
            query.conditions.append("e.version < 0")
        elif latest_only:
            query.conditions.append(latest)
        elif hero_or_latest_only:
            query.conditions.append(f"(e.version < 0 OR {latest})")
        return await _page(info, query, _make_version, first, after)

    @strawberry.field
    async def representations(  # noqa: PLR0913
        self,
        info: Info[Any, Any],
        *,
        first: int | None = None,
        after: str | None = None,
        ids: Ids = None,
        version_ids: Ids = None,
        names: Names = None,
        statuses: Names = None,
        tags: Names = None,
        has_links: HasLinks = None,
        filter: str | None = None,
    ) -> Connection[RepresentationNode]:
        _refuse(hasLinks=has_links, filter=filter)
        query = self._query("representation", statuses, tags)
        query.add_any("e.id", ids, "uuid")
        query.add_any("e.version_id", version_ids, "uuid")
        query.add_any("e.name", names, "text")
        return await _page(info, query, _make_representation, first, after)


async def _load_projects(user: UserEntity, name: str | None) -> list[ProjectNode]:
    rows = await Postgres.fetch(
        "SELECT * FROM public.projects "
        "WHERE $1::text IS NULL OR lower(name) = lower($1) ORDER BY name",
        name,
    )
    projects = []
    for row in rows:
        try:
            user.check_project_access(row["name"])
        except AyonException:
            continue
        projects.append(
            ProjectNode(
                project_name=row["name"],
                data=json_dumps(row["data"]),
                all_attrib=json_dumps(row["attrib"]),
                own_attrib=sorted(row["attrib"]),
                **_pick(row, "name", "code", "library", "active"),
                **_pick(row, "created_at", "updated_at"),
            )
        )
    return projects


@strawberry.type
class Query:
    @strawberry.field
    async def project(self, info: Info[Any, Any], name: str) -> ProjectNode:
        user = _user(info)
        await user.ensure_project_access(name)
        project = await get_project_info(name)
        return (await _load_projects(user, project.name))[0]

    @strawberry.field
    async def projects(
        self,
        info: Info[Any, Any],
        name: str | None = None,
        include_skeleton: bool | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[ProjectNode]:
        nodes = await _load_projects(_user(info), name)
        return Connection(
            edges=[Edge(node=node) for node in nodes], page_info=PageInfo()
        )


class _StatusExtension(SchemaExtension):
    """Gives an AYON exception's HTTP status in the error's extensions."""

    def on_operation(self) -> Any:
        yield
        result = self.execution_context.result
        errors: list[GraphQLError] = getattr(result, "errors", None) or []
        for error in errors:
            original = error.original_error
            if isinstance(original, AyonException):
                error.extensions = {"status": original.status}


def make_graphql_router() -> GraphQLRouter[Any, Any]:
    """The router of `/graphql`."""

    async def get_context(request: Request, user: CurrentUser) -> dict[str, Any]:
        return {"user": user, "loaders": {}}

    schema = strawberry.Schema(query=Query, extensions=[_StatusExtension])
    return GraphQLRouter(schema, graphql_ide=None, context_getter=get_context)
