"""Access groups, kept in memory as AYON does."""

from typing import ClassVar

from ayon_server.access.permissions import (
    FolderAccessList,
    Permissions,
    ProjectPermissions,
)
from ayon_server.helpers.project_list import get_project_list
from ayon_server.lib.postgres import Postgres

# `publish` is not merged by AYON: the first group wins.
_MERGED_SETS = ("create", "read", "update", "delete")


class AccessGroups:
    """Keyed (group, project); project `_` is the studio's definition."""

    access_groups: ClassVar[dict[tuple[str, str], Permissions]] = {}

    @classmethod
    async def load(cls) -> None:
        cls.access_groups.clear()
        scopes = {"_": "public"}
        for project in await get_project_list():
            scopes[project.name] = f"project_{project.name}"
        for scope, schema in scopes.items():
            rows = await Postgres.fetch(
                f"SELECT name, data FROM {schema}.access_groups"
            )
            for row in rows:
                cls.access_groups[(row["name"], scope)] = Permissions(**row["data"])

    @classmethod
    def combine(cls, names: list[str], project_name: str = "_") -> Permissions:
        """The most permissive combination; a project's definition beats `_`."""
        groups = [
            group
            for name in names
            if (group := cls._find(name, project_name)) is not None
        ]
        if not groups:
            return Permissions()
        result = groups[0].copy(deep=True)
        for group in groups[1:]:
            for name in _MERGED_SETS:
                merged = _merge(getattr(result, name), getattr(group, name))
                setattr(result, name, merged)
            if not group.publish.enabled:
                result.publish = FolderAccessList()
            result.project = _merge_project(result.project, group.project)
        return result

    @classmethod
    def _find(cls, name: str, project_name: str) -> Permissions | None:
        groups = cls.access_groups
        return groups.get((name, project_name)) or groups.get((name, "_"))


def _merge(left: FolderAccessList, right: FolderAccessList) -> FolderAccessList:
    if not (left.enabled and right.enabled):
        return FolderAccessList()
    rules = list(dict.fromkeys([*left.access_list, *right.access_list]))
    return FolderAccessList(enabled=True, access_list=rules)


def _merge_project(
    left: ProjectPermissions, right: ProjectPermissions
) -> ProjectPermissions:
    if not (left.enabled and right.enabled):
        return ProjectPermissions()
    return ProjectPermissions(
        enabled=True,
        settings=max(left.settings, right.settings),
        anatomy=max(left.anatomy, right.anatomy),
        access=max(left.access, right.access),
    )
