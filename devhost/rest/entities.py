"""Entities one by one and in batches."""

from typing import Annotated, Any

from ayon_server.api.dependencies import CurrentUser, ProjectName
from ayon_server.api.responses import EmptyResponse, EntityIdResponse
from ayon_server.types import OPModel
from ayon_server.utils import ENTITY_ID_REGEX
from fastapi import APIRouter, Path, Query

from devhost.entity_store import describe_entity, ensure_access, find_kind, load_entity
from devhost.operations import Operation, OperationBatch

router = APIRouter(prefix="/projects/{project_name}")

Kinds = Annotated[
    str, Path(pattern="^(folders|tasks|products|versions|representations)$")
]
EntityId = Annotated[str, Path(pattern=ENTITY_ID_REGEX)]


class OperationsRequest(OPModel):
    operations: list[dict[str, Any]] = []  # noqa: RUF012
    can_fail: bool = False
    wait_for_events: bool = False


@router.post("/operations")
async def run_operations(
    payload: OperationsRequest, project_name: ProjectName, user: CurrentUser
) -> dict[str, Any]:
    operations = [Operation.from_json(item) for item in payload.operations]
    batch = OperationBatch(project_name, user)
    return await batch.run(operations, can_fail=payload.can_fail)


@router.post("/{kind}", status_code=201)
async def create_entity(
    kind: Kinds, payload: dict[str, Any], project_name: ProjectName, user: CurrentUser
) -> EntityIdResponse:
    operation = Operation("create", find_kind(kind), data=payload)
    entity_id = await OperationBatch(project_name, user).run_one(operation)
    return EntityIdResponse(id=entity_id)


@router.get("/{kind}/{entity_id}")
async def get_entity(
    kind: Kinds, entity_id: EntityId, project_name: ProjectName, user: CurrentUser
) -> dict[str, Any]:
    found = find_kind(kind)
    row = await load_entity(project_name, found, entity_id)
    await ensure_access(user, project_name, found, entity_id, "read")
    return describe_entity(row)


@router.patch("/{kind}/{entity_id}")
async def update_entity(
    kind: Kinds,
    entity_id: EntityId,
    payload: dict[str, Any],
    project_name: ProjectName,
    user: CurrentUser,
) -> EmptyResponse:
    operation = Operation("update", find_kind(kind), entity_id, payload)
    await OperationBatch(project_name, user).run_one(operation)
    return EmptyResponse()


@router.delete("/{kind}/{entity_id}")
async def delete_entity(
    kind: Kinds,
    entity_id: EntityId,
    project_name: ProjectName,
    user: CurrentUser,
    force: Annotated[bool, Query()] = False,
) -> EmptyResponse:
    operation = Operation("delete", find_kind(kind), entity_id, force=force)
    await OperationBatch(project_name, user).run_one(operation)
    return EmptyResponse()
