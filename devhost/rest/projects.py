"""Projects, their anatomy and the paths of their roots."""

from typing import Any

from ayon_server.access.access_groups import AccessGroups
from ayon_server.api.dependencies import ClientSiteID, CurrentUser, ProjectName
from ayon_server.api.responses import EmptyResponse
from ayon_server.entities import UserEntity
from ayon_server.events import EventStream
from ayon_server.exceptions import (
    BadRequestException,
    ForbiddenException,
    NotFoundException,
)
from ayon_server.lib.postgres import Postgres
from ayon_server.types import PROJECT_NAME_REGEX, Field, OPModel
from fastapi import APIRouter

from devhost.accounts import grant_project
from devhost.schema import (
    DEFAULT_ROOTS,
    create_project,
    drop_project,
    make_anatomy,
    rename_project,
)

router = APIRouter()

_LISTS = {
    "folderTypes": "folder_types",
    "taskTypes": "task_types",
    "statuses": "statuses",
    "tags": "tags",
}


class CreateProjectRequest(OPModel):
    name: str = Field(..., regex=PROJECT_NAME_REGEX, min_length=1)
    code: str
    library: bool = False
    anatomy: dict[str, Any] | None = None


class RenameProjectRequest(OPModel):
    name: str = Field(..., regex=PROJECT_NAME_REGEX, min_length=1)


def _may_see(user: UserEntity, project_name: str) -> bool:
    try:
        user.check_project_access(project_name)
    except ForbiddenException:
        return False
    return True


@router.get("/projects")
async def list_projects(
    user: CurrentUser, active: bool | None = None, library: bool | None = None
) -> dict[str, Any]:
    rows = await Postgres.fetch("SELECT * FROM public.projects ORDER BY name")
    projects = [
        {
            "name": row["name"],
            "code": row["code"],
            "label": row["label"],
            "active": row["active"],
            "library": row["library"],
            "skeleton": False,
            "pinned": False,
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
        }
        for row in rows
        if _may_see(user, row["name"])
        and active in (None, row["active"])
        and library in (None, row["library"])
    ]
    return {
        "detail": f"Showing {len(projects)} projects",
        "count": len(projects),
        "projects": projects,
    }


async def load_project(project_name: str) -> dict[str, Any]:
    """A project as REST shows it.

    :raises NotFoundException: there is none.
    """
    row = await Postgres.fetchrow(
        "SELECT * FROM public.projects WHERE name = $1", project_name
    )
    if row is None:
        raise NotFoundException(f"Project {project_name} not found")
    result = {
        "name": row["name"],
        "code": row["code"],
        "library": row["library"],
        "attrib": row["attrib"],
        "ownAttrib": sorted(row["attrib"]),
        "data": row["data"],
        "config": row["config"],
        "linkTypes": [],
        "active": row["active"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
    for key, table in _LISTS.items():
        items = await Postgres.fetch(
            f"SELECT name, data FROM project_{project_name}.{table} ORDER BY position"
        )
        result[key] = [{"name": item["name"], **item["data"]} for item in items]
    return result


@router.get("/projects/{project_name}")
async def get_project(project_name: ProjectName) -> dict[str, Any]:
    return await load_project(project_name)


@router.post("/projects", status_code=201)
async def deploy_project(payload: CreateProjectRequest, user: CurrentUser) -> None:
    """Create a project from an anatomy; only its roots are taken over."""
    await _create(payload, user)


@router.put("/projects/{project_name}", status_code=201)
async def put_project(
    project_name: str, payload: dict[str, Any], user: CurrentUser
) -> None:
    await _create(CreateProjectRequest(**{**payload, "name": project_name}), user)


async def _create(payload: CreateProjectRequest, user: UserEntity) -> None:
    if not user.is_manager:
        raise ForbiddenException("You are not allowed to create projects")
    roots = {
        root["name"]: {k: root.get(k, "") for k in ("windows", "linux", "darwin")}
        for root in (payload.anatomy or {}).get("roots", [])
    }
    await create_project(
        payload.name, payload.code, library=payload.library, roots=roots or None
    )
    await grant_project(payload.name)
    await AccessGroups.load()
    await EventStream.dispatch(
        "entity.project.created",
        project=payload.name,
        user=user.name,
        description=f"Created project {payload.name}",
    )


@router.patch("/projects/{project_name}")
async def update_project(
    project_name: ProjectName, payload: dict[str, Any], user: CurrentUser
) -> EmptyResponse:
    """Change `active`, `library`, `label`, `attrib`, `data`, `config`."""
    if not user.is_manager:
        raise ForbiddenException("You are not allowed to change projects")
    async with Postgres.transaction():
        for name in ("active", "library", "label"):
            if name in payload:
                await Postgres.execute(
                    f"UPDATE public.projects SET {name} = $2 WHERE name = $1",
                    project_name,
                    payload[name],
                )
        for name in ("attrib", "data", "config"):
            if name in payload:
                await Postgres.execute(
                    f"UPDATE public.projects SET {name} = {name} || $2 WHERE name = $1",
                    project_name,
                    payload[name],
                )
    if "config" in payload:
        await EventStream.dispatch(
            "entity.project.config_changed",
            project=project_name,
            description=f"Changed project {project_name} config",
        )
    await EventStream.dispatch(
        "entity.project.changed",
        project=project_name,
        description=f"Updated project {project_name}",
    )
    return EmptyResponse()


@router.delete("/projects/{project_name}")
async def delete_project(project_name: ProjectName, user: CurrentUser) -> EmptyResponse:
    if not user.is_manager:
        raise ForbiddenException("You are not allowed to delete projects")
    await drop_project(project_name)
    await EventStream.dispatch(
        "entity.project.deleted",
        project=project_name,
        description=f"Deleted project {project_name}",
    )
    return EmptyResponse()


@router.post("/projects/{project_name}/rename")
async def rename(
    project_name: ProjectName, payload: RenameProjectRequest, user: CurrentUser
) -> EmptyResponse:
    if not user.is_manager:
        raise ForbiddenException("You are not allowed to rename projects")
    await rename_project(project_name, payload.name)
    await grant_project(payload.name)
    await AccessGroups.load()
    await EventStream.dispatch(
        "entity.project.renamed",
        description=f"Renamed project {project_name} to {payload.name}",
        summary={"entityName": project_name},
        payload={"oldValue": project_name, "newValue": payload.name},
    )
    return EmptyResponse()


# --- anatomy -------------------------------------------------------------------


@router.get("/projects/{project_name}/anatomy")
async def get_project_anatomy(project_name: ProjectName) -> dict[str, Any]:
    project = await load_project(project_name)
    return make_anatomy(project)


@router.get("/anatomy/presets")
async def list_anatomy_presets(_user: CurrentUser) -> dict[str, Any]:
    return {"presets": []}


@router.get("/anatomy/presets/{preset_name}")
async def get_anatomy_preset(preset_name: str, _user: CurrentUser) -> dict[str, Any]:
    """The default anatomy under any name: the devhost has no presets."""
    return make_anatomy({"attrib": {}, "config": {"roots": DEFAULT_ROOTS}})


# --- roots ---------------------------------------------------------------------


@router.get("/projects/{project_name}/siteRoots")
async def get_site_roots(
    project_name: ProjectName,
    user: CurrentUser,
    site_id: ClientSiteID,
    platform: str | None = None,
) -> dict[str, str]:
    """Root paths for a machine, with the user's overrides, or for a platform."""
    if not (site_id or platform):
        raise BadRequestException("Either site_id or platform must be provided")
    row = await Postgres.fetchrow(
        "SELECT data FROM public.sites WHERE id = $1", site_id
    )
    if row is not None:
        platform = row["data"]["platform"]
    elif not platform:
        raise BadRequestException("Site not found and platform not provided")
    project = await Postgres.fetchrow(
        "SELECT config FROM public.projects WHERE name = $1", project_name
    )
    roots = {
        name: paths[platform] for name, paths in project["config"]["roots"].items()
    }
    overrides = await Postgres.fetchrow(
        f"SELECT data FROM project_{project_name}.custom_roots "
        "WHERE user_name = $1 AND site_id = $2",
        user.name,
        site_id,
    )
    if overrides is not None:
        roots.update({k: v for k, v in overrides["data"].items() if v})
    return roots


@router.get("/projects/{project_name}/roots")
async def get_root_overrides(
    project_name: ProjectName, user: CurrentUser
) -> dict[str, dict[str, str]]:
    rows = await Postgres.fetch(
        f"SELECT site_id, data FROM project_{project_name}.custom_roots "
        "WHERE user_name = $1",
        user.name,
    )
    return {row["site_id"]: row["data"] for row in rows if row["data"]}


@router.put("/projects/{project_name}/roots/{site_id}")
async def set_root_overrides(
    project_name: ProjectName,
    site_id: str,
    payload: dict[str, str | None],
    user: CurrentUser,
) -> EmptyResponse:
    """The user's own paths on a machine; an empty body removes them."""
    paths = {name: path for name, path in payload.items() if path}
    await Postgres.execute(
        f"DELETE FROM project_{project_name}.custom_roots "
        "WHERE site_id = $1 AND user_name = $2",
        site_id,
        user.name,
    )
    if paths:
        await Postgres.execute(
            f"INSERT INTO project_{project_name}.custom_roots "
            "(site_id, user_name, data) VALUES ($1, $2, $3)",
            site_id,
            user.name,
            paths,
        )
    return EmptyResponse()
