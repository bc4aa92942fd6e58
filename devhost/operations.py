"""Entity operations as a batch: rights, rows, folder paths, then events."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ayon_server.entities import UserEntity
from ayon_server.events import EventStream
from ayon_server.exceptions import (
    AyonException,
    BadRequestException,
    ForbiddenException,
)
from ayon_server.lib.postgres import Postgres
from ayon_server.operations.project_level.hooks import HookedEntity, OperationHooks
from ayon_server.operations.project_level.models import OperationModel
from ayon_server.types import AccessType
from ayon_server.utils import create_uuid

from devhost.entity_store import (
    KINDS,
    EntityKind,
    delete_entity,
    describe_entity,
    ensure_access,
    find_kind,
    find_path,
    insert_entity,
    load_entity,
    refresh_hierarchy,
    update_entity,
)

OperationType = Literal["create", "update", "delete"]

# AYON's topic endings per changed column; any other column has no event, files neither:
# AYON 1.16 has a topic for them and never sends it.
_CHANGES = {
    "name": "renamed",
    "status": "status_changed",
    "tags": "tags_changed",
    "attrib": "attrib_changed",
    "data": "data_changed",
    "label": "label_changed",
    "folder_type": "type_changed",
    "task_type": "type_changed",
    "active": "active_changed",
    "assignees": "assignees_changed",
    "product_type": "product_type_changed",
    "author": "author_changed",
    "parent_id": "parent_changed",
    "folder_id": "folder_changed",
    "task_id": "task_changed",
    "product_id": "product_changed",
    "version_id": "version_changed",
}


@dataclass
class Operation:
    """One create, update or delete."""

    type: OperationType
    kind: EntityKind
    entity_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    force: bool = False
    id: str = field(default_factory=create_uuid)

    @classmethod
    def from_json(cls, item: dict[str, Any]) -> "Operation":
        """:raises BadRequestException: unknown type, or no id where one is needed."""
        kind = find_kind(str(item.get("entityType")))
        operation_type = item.get("type")
        if operation_type not in ("create", "update", "delete"):
            raise BadRequestException(f"type: {operation_type!r} is unknown")
        if operation_type != "create" and not item.get("entityId"):
            raise BadRequestException("entityId: field required")
        return cls(
            type=operation_type,
            kind=kind,
            entity_id=item.get("entityId"),
            data=item.get("data") or {},
            force=bool(item.get("force")),
            id=item.get("id") or create_uuid(),
        )


class OperationBatch:
    """Runs operations of one user in one project."""

    def __init__(self, project_name: str, user: UserEntity) -> None:
        self._project_name = project_name
        self._user = user
        self._events: list[dict[str, Any]] = []
        self._folders_changed = False

    async def run(
        self, operations: list[Operation], *, can_fail: bool = False
    ) -> dict[str, Any]:
        """Run all; without `can_fail` the first failure rolls all back.

        Events are dispatched after the commit, before this returns.
        """
        results: list[dict[str, Any]] = []
        try:
            async with Postgres.transaction() as connection:
                for operation in operations:
                    results.append(await self._try(operation, connection))
                    if not (results[-1]["success"] or can_fail):
                        raise _RollBackError
                if self._folders_changed:
                    await refresh_hierarchy(self._project_name)
        except _RollBackError:
            self._events.clear()
            return {"operations": results, "success": False}
        await self.dispatch_events()
        return {
            "operations": results,
            "success": all(result["success"] for result in results),
        }

    async def run_one(self, operation: Operation) -> str:
        """Run one; answers the entity's id.

        :raises AyonException: it fails.
        """
        async with Postgres.transaction():
            entity_id = await self._apply(operation)
            if self._folders_changed:
                await refresh_hierarchy(self._project_name)
        await self.dispatch_events()
        return entity_id

    async def dispatch_events(self) -> None:
        for event in self._events:
            await EventStream.dispatch(project=self._project_name, **event)
        self._events.clear()

    async def _try(self, operation: Operation, connection: Any) -> dict[str, Any]:
        result: dict[str, Any] = {
            "id": operation.id,
            "type": operation.type,
            "entityType": operation.kind.name,
            "entityId": operation.entity_id,
        }
        try:
            async with connection.transaction():  # a savepoint
                result["entityId"] = await self._apply(operation)
        except AyonException as error:
            return {
                **result,
                "success": False,
                "status": error.status,
                "detail": error.detail,
                "errorCode": error.code,
            }
        status = 201 if operation.type == "create" else 204
        return {**result, "success": True, "status": status}

    async def _apply(self, operation: Operation) -> str:
        apply = {
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
        }[operation.type]
        entity_id = await apply(operation)
        if operation.kind.name == "folder":
            self._folders_changed = True
        return entity_id

    async def _ask_hooks(self, operation: Operation) -> None:
        asked = OperationModel(
            id=operation.id,
            type=operation.type,
            entity_type=operation.kind.name,
            entity_id=operation.entity_id,
            data=operation.data,
            force=operation.force,
        )
        for hook in OperationHooks.hooks():
            await hook(asked, HookedEntity(self._project_name), self._user)

    async def _create(self, operation: Operation) -> str:
        kind = operation.kind
        await self._ask_hooks(operation)
        data = dict(operation.data)
        if operation.entity_id:
            data["id"] = operation.entity_id
        row = await insert_entity(self._project_name, kind, data, self._user)
        author = row.get("author", self._user.name)
        if author != self._user.name and not self._user.is_admin:
            raise ForbiddenException("Only admins can set another author")
        parent = _PARENT_KINDS[kind.name]
        access: AccessType = "publish"
        if kind.name in ("folder", "task", "product"):
            access = "create"
        parent_id = row.get(kind.parent)
        await ensure_access(self._user, self._project_name, parent, parent_id, access)
        self._events.append(
            {
                "topic": f"entity.{kind.name}.created",
                "description": f"{kind.name.capitalize()} created",
                "summary": {"entityId": row["id"], "parentId": parent_id},
            }
        )
        entity_id: str = row["id"]
        return entity_id

    async def _update(self, operation: Operation) -> str:
        kind, entity_id = operation.kind, operation.entity_id
        assert entity_id is not None
        await ensure_access(
            self._user, self._project_name, kind, entity_id, kind.write_access
        )
        await self._ask_hooks(operation)
        before = await load_entity(self._project_name, kind, entity_id)
        path = await find_path(self._project_name, kind, before)
        changed = await update_entity(
            self._project_name, kind, entity_id, operation.data, self._user
        )
        for column, value in changed.items():
            ending = _CHANGES.get(column)
            if ending is None:
                continue
            summary: dict[str, Any] = {
                "entityId": entity_id,
                "parentId": before[kind.parent],
                "entityPath": path,
            }
            # AYON leaves out the attributes only.
            if column != "attrib":
                summary["value"] = value
            self._events.append(
                {
                    "topic": f"entity.{kind.name}.{ending}",
                    "description": f"Changed {kind.name} {path} {column}",
                    "summary": summary,
                    "payload": {"oldValue": before[column], "newValue": value},
                }
            )
        return entity_id

    async def _delete(self, operation: Operation) -> str:
        kind, entity_id = operation.kind, operation.entity_id
        assert entity_id is not None
        await ensure_access(self._user, self._project_name, kind, entity_id, "delete")
        row = await delete_entity(
            self._project_name, kind, entity_id, force=operation.force
        )
        self._events.append(
            {
                "topic": f"entity.{kind.name}.deleted",
                "description": f"{kind.name.capitalize()} deleted",
                "summary": {"entityId": entity_id, "parentId": row[kind.parent]},
                "payload": {"entityData": describe_entity(row)},
            }
        )
        return entity_id


_PARENT_KINDS = {
    "folder": KINDS["folder"],
    "task": KINDS["folder"],
    "product": KINDS["folder"],
    "version": KINDS["product"],
    "representation": KINDS["version"],
}


class _RollBackError(Exception):
    """Leaves the transaction without its changes."""
