"""The slice of AYON's GraphQL that the real `ayon_api` queries."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry
from ayon_server.api.dependencies import CurrentUser
from ayon_server.entities import UserEntity
from ayon_server.exceptions import AyonException, BadRequestException
from ayon_server.helpers.project_list import get_project_info
from ayon_server.lib.postgres import Postgres
from ayon_server.utils import json_dumps
from fastapi import Request
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.fastapi import GraphQLRouter
from strawberry.types import Info

from devhost.graphql_nodes import (
    Connection,
    Edge,
    FolderNode,
    PageInfo,
    ProductNode,
    RepresentationNode,
    TaskNode,
    VersionNode,
    make_folder,
    make_product,
    make_representation,
    make_task,
    make_version,
    pick,
)
from devhost.graphql_rows import Query as RowQuery
from devhost.graphql_rows import encode_cursor

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


def _user(info: Info[Any, Any]) -> UserEntity:
    user: UserEntity = info.context["user"]
    return user


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
        return await _page(info, query, make_folder, first, after)

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
        return await _page(info, query, make_task, first, after)

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
        return await _page(info, query, make_product, first, after)

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
        return await _page(info, query, make_version, first, after)

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
        return await _page(info, query, make_representation, first, after)


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
                **pick(row, "name", "code", "library", "active"),
                **pick(row, "created_at", "updated_at"),
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
