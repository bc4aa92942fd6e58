"""Folder access of a user as a list of SQL patterns."""

from typing import TYPE_CHECKING

from ayon_server.exceptions import ForbiddenException
from ayon_server.lib.postgres import Postgres
from ayon_server.types import AccessType

if TYPE_CHECKING:
    from ayon_server.access.permissions import FolderAccess
    from ayon_server.entities import UserEntity


def _path_patterns(path: str, *, parents: bool, own: bool) -> list[str]:
    """Patterns in double quotes, without a leading slash, `%` as wildcard."""
    names = path.strip().strip("/").split("/")
    patterns = [f'"{"/".join(names)}/%"']
    if parents:
        patterns += [f'"{"/".join(names[: i + 1])}"' for i in range(len(names))]
    if own:
        patterns.append(f'"{"/".join(names)}"')
    return patterns


async def _assigned_folders(project_name: str, user_name: str) -> list[str]:
    rows = await Postgres.fetch(
        f"SELECT DISTINCT h.path FROM project_{project_name}.hierarchy h "
        f"JOIN project_{project_name}.tasks t ON t.folder_id = h.id "
        "WHERE $1 = ANY (t.assignees)",
        user_name,
    )
    return [row["path"] for row in rows]


async def _rule_patterns(
    rule: "FolderAccess", project_name: str, user_name: str, parents: bool
) -> list[str]:
    if rule.access_type == "assigned":
        paths = await _assigned_folders(project_name, user_name)
        return [
            pattern
            for path in paths
            for pattern in _path_patterns(path, parents=parents, own=True)
        ]
    assert rule.path is not None, f"Path is required for {rule.access_type} access"
    own = rule.access_type == "hierarchy"
    return _path_patterns(rule.path, parents=parents, own=own)


async def folder_access_list(
    user: "UserEntity",
    project_name: str,
    access_type: AccessType = "read",
    no_parents: bool = False,
) -> list[str] | None:
    """Patterns for `hierarchy.path LIKE ANY`; None means every folder.

    :raises ForbiddenException: the user may see no folder at all.
    """
    if user.is_manager:
        return None
    denied = ForbiddenException(
        f"{access_type.capitalize()} access denied "
        f"for {user.name} in project {project_name}"
    )
    cached = user.path_access_cache.get(project_name, {}).get(access_type)
    if cached is not None:
        if not cached:
            raise denied
        return cached
    rules = getattr(user.permissions(project_name), access_type)
    if not rules.enabled:
        return None
    parents = access_type == "read" and not no_parents
    patterns: set[str] = set()
    for rule in rules.access_list:
        patterns.update(await _rule_patterns(rule, project_name, user.name, parents))
    result = list(patterns)
    user.path_access_cache.setdefault(project_name, {})[access_type] = result
    if not result:
        raise denied
    return result
