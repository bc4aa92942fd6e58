"""The projects of the studio."""

from datetime import datetime

from ayon_server.exceptions import NotFoundException
from ayon_server.lib.postgres import Postgres
from ayon_server.types import OPModel


class ProjectListItem(OPModel):
    name: str
    code: str
    label: str | None = None
    active: bool = True
    created_at: datetime
    nickname: str
    role: str | None = None
    skeleton: bool = False


async def get_project_list(
    *, force_load: bool = False, with_skeleton: bool = False
) -> list[ProjectListItem]:
    """All projects by name. AYON reads a cache unless `force_load` is set."""
    rows = await Postgres.fetch(
        "SELECT name, code, label, active, created_at, "
        "data->>'projectRole' AS role, "
        "coalesce(data->>'isSkeleton', 'false') = 'true' AS skeleton "
        "FROM public.projects ORDER BY name"
    )
    return [
        ProjectListItem(nickname=row["name"], **dict(row))
        for row in rows
        if with_skeleton or not row["skeleton"]
    ]


async def get_project_info(
    project_name: str, *, with_skeleton: bool = False
) -> ProjectListItem:
    """One project by name in any letter case.

    :raises NotFoundException: there is none.
    """
    for project in await get_project_list(with_skeleton=with_skeleton):
        if project.name.lower() == project_name.lower():
            return project
    raise NotFoundException(f"Project {project_name.lower()} not found")
