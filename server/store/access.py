"""Who may read what and write where.

Read: AYON's folder access list, as LIKE patterns bound into every query.

Write, on a machine site: its users, the first of whom becomes its owner; managers; who
publishes a version again, to queue its new files where the old ones were.
Write, on a shared site (`studio` and configured ones), for a project member:
  * queue what he may read;
  * make a missing row: any status if he authored the version or may publish in its
    folder, else QUEUED;
  * post results without a lease if it is his active or remote site and the setting
    `accept_unleased_results` allows it;
Removing, pausing and changing the priority of others' work there is for managers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..domain.files import RepresentationFile, parse_files
from ..domain.site import LOCAL_SITE, MAX_SITE_NAME_LENGTH, ProjectSites
from ..domain.status import SiteStatus
from ..errors import (
    LocalSiteNameError,
    NotAllowedError,
    UnknownRepresentationError,
    UnknownSiteError,
)
from ..host import ForbiddenException, Postgres, UserEntity, folder_access_list
from ..sql import QueryFile
from .turns import in_turns

_SQL = QueryFile("access")

_UNREADABLE = "You may not read the folder of this representation"

# LIKE patterns of readable folder paths; None = every folder.
Paths = list[str] | None


@dataclass(frozen=True)
class Caller:
    """A user on a machine: `site_id` is the id that the request's header names."""

    user: UserEntity
    site_id: str | None = None

    @property
    def name(self) -> str:
        return str(self.user.name)

    @property
    def is_manager(self) -> bool:
        return bool(self.user.is_manager)


@dataclass(frozen=True)
class Representation:
    """What a write needs to know of a representation."""

    id: str
    files: list[RepresentationFile]
    author: str | None
    folder_path: str | None


async def may_enter(user: UserEntity, project_name: str) -> bool:
    """Tell whether a user has access to a project."""
    try:
        await user.ensure_project_access(project_name)
    except ForbiddenException:
        return False
    return True


def project_groups(user: UserEntity, project_name: str) -> frozenset[str]:
    """Return the user's access groups in a project."""
    groups: set[str] = set()
    for name, names in user.data.get("accessGroups", {}).items():
        if name.lower() == project_name.lower():
            groups.update(names)
    return frozenset(groups)


async def readable_paths(caller: Caller, project_name: str) -> Paths:
    """Return the patterns of the folders that the caller may read.

    :raises ForbiddenException: he may read none.
    """
    return _patterns(await folder_access_list(caller.user, project_name, "read"))


async def publishable_paths(caller: Caller, project_name: str) -> Paths:
    """Return the patterns of the folders that the caller may publish to."""
    try:
        return _patterns(await folder_access_list(caller.user, project_name, "publish"))
    except ForbiddenException:
        return []


def _patterns(access_list: list[str] | None) -> Paths:
    if access_list is None:
        return None
    return [_pattern(item.strip('"')) for item in access_list]


def _pattern(path: str) -> str:
    """Make a LIKE pattern of AYON's: only a `%` at the end is a wildcard there."""
    if path.endswith("/%"):
        return f"{escape_like(path[:-2])}/%"
    return escape_like(path)


def escape_like(text: str) -> str:
    """Escape the wildcards of LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def load_representations(
    project_name: str, representation_ids: list[str], paths: Paths
) -> dict[str, Representation | NotAllowedError]:
    """Load many representations; one that the caller may not read is the refusal."""
    rows = await Postgres.fetch(
        _SQL.get("representations", project_name), representation_ids, paths
    )
    return {
        row["id"]: Representation(
            row["id"], parse_files(row["files"]), row["author"], row["path"]
        )
        if row["is_readable"]
        else NotAllowedError(_UNREADABLE)
        async for row in in_turns(rows)
    }


async def load_representation(
    project_name: str, representation_id: str, paths: Paths
) -> Representation:
    """Load a representation that the caller may read.

    :raises UnknownRepresentationError: there is none.
    :raises NotAllowedError: it is in a folder that the caller may not read.
    """
    row = await Postgres.fetchrow(
        _SQL.get("representation", project_name), representation_id
    )
    if row is None:
        raise UnknownRepresentationError(representation_id)
    if not await matches(row["path"], paths):
        raise NotAllowedError(_UNREADABLE)
    return Representation(
        row["id"], parse_files(row["files"]), row["author"], row["path"]
    )


async def matches(path: str | None, paths: Paths) -> bool:
    if paths is None:
        return True
    row = await Postgres.fetchrow(_SQL.get("path_matches"), path, paths)
    return bool(row["matches"])


async def check_site_name(
    project_name: str, site_name: str, caller: Caller, sites: ProjectSites
) -> None:
    """Let known site names through.

    Known are `studio`, configured names, machines that are registered or had an
    agent, the caller's own machine, and names that the project's states have already.

    :raises LocalSiteNameError: the name is `local`.
    :raises UnknownSiteError: nobody knows the name.
    """
    if site_name == LOCAL_SITE:
        raise LocalSiteNameError
    if sites.is_shared(site_name) or site_name == caller.site_id:
        return
    if len(site_name) <= MAX_SITE_NAME_LENGTH and (
        (await Postgres.fetchrow(_SQL.get("machine_known"), site_name))["found"]
        or (await _site_in_use(project_name, site_name))
    ):
        return
    raise UnknownSiteError(site_name)


async def _site_in_use(project_name: str, site_name: str) -> bool:
    query = _SQL.get("site_in_use", project_name)
    return bool((await Postgres.fetchrow(query, site_name))["found"])


async def find_machines(names: Collection[str]) -> set[str]:
    """Return which of these names are machines that are registered or have users."""
    if not names:
        return set()
    rows = await Postgres.fetch(_SQL.get("machines_among"), sorted(names))
    return {row["id"] for row in rows}


async def is_machine_user(site_name: str, caller: Caller) -> bool:
    """Tell whether a machine is the caller's to use; every one is a manager's."""
    return caller.is_manager or caller.name in await _machine_users(site_name)


async def is_anothers_machine(site_name: str, caller: Caller) -> bool:
    """Tell whether a machine has users, and the caller is none of them."""
    if caller.is_manager:
        return False
    users = await _machine_users(site_name)
    return bool(users) and caller.name not in users


async def _machine_users(site_name: str) -> set[str]:
    owners = await Postgres.fetch(_SQL.get("machine_owners"), site_name)
    return {row["user_name"] for row in owners}


@dataclass(frozen=True)
class SharedPost:
    """A post without a lease to a shared site, seen by the rules above."""

    site_name: str
    statuses: frozenset[SiteStatus]
    row_exists: bool
    changes_priority: bool


async def check_shared_post(
    project_name: str,
    post: SharedPost,
    caller: Caller,
    sites: ProjectSites,
    representation: Representation,
) -> None:
    """Check a post to a shared site.

    :raises NotAllowedError: with the rule that forbids it.
    """
    if caller.is_manager:
        return
    if SiteStatus.PAUSED in post.statuses:
        msg = f"Pausing on the shared site '{post.site_name}' is for managers"
        raise NotAllowedError(msg)
    if post.row_exists and post.changes_priority:
        msg = f"Priorities on the shared site '{post.site_name}' are for managers"
        raise NotAllowedError(msg)
    if post.statuses <= {SiteStatus.QUEUED} and (post.statuses or post.row_exists):
        return
    if not post.row_exists:
        if await may_publish(project_name, caller, representation):
            return
        msg = (
            "Only the author of the version, and who may publish in its folder, may "
            f"say what is on '{post.site_name}'; you may queue it (status 1)"
        )
        raise NotAllowedError(msg)
    if not sites.accept_unleased_results or post.site_name not in {
        sites.active_site,
        sites.remote_site,
    }:
        msg = (
            f"Results on the shared site '{post.site_name}' are taken from agents "
            "that hold a lease, or from users whose active or remote site it is "
            "(setting accept_unleased_results)"
        )
        raise NotAllowedError(msg)


async def may_publish(
    project_name: str, caller: Caller, representation: Representation
) -> bool:
    """Tell whether a version is the caller's own, or in a folder he publishes to."""
    if representation.author == caller.name:
        return True
    publishable = await publishable_paths(caller, project_name)
    return await matches(representation.folder_path, publishable)


def check_shared_removal(site_name: str, caller: Caller) -> None:
    if not caller.is_manager:
        msg = f"Removing from the shared site '{site_name}' is for managers"
        raise NotAllowedError(msg)


def check_shared_scan(site_name: str, caller: Caller) -> None:
    if not caller.is_manager:
        msg = (
            f"What is on the shared site '{site_name}' is for managers and services "
            "to say"
        )
        raise NotAllowedError(msg)
