"""A user and what he may do."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ayon_server.access.access_groups import AccessGroups
from ayon_server.access.permissions import Permissions
from ayon_server.exceptions import ForbiddenException, NotFoundException
from ayon_server.lib.postgres import Postgres

if TYPE_CHECKING:
    from ayon_server.auth.session import SessionModel


class UserEntity:
    """A row of `public.users`; `data` holds the flags and the access groups."""

    def __init__(
        self, name: str, attrib: dict[str, Any], data: dict[str, Any], active: bool
    ) -> None:
        self.name = name
        self.attrib = SimpleNamespace(
            **{"fullName": None, "email": None, "avatarUrl": None, **attrib}
        )
        self.data = data
        self.active = active
        self.session: SessionModel | None = None
        self.path_access_cache: dict[str, dict[str, list[str]]] = {}

    @classmethod
    def from_record(cls, record: Any) -> "UserEntity":
        return cls(record["name"], record["attrib"], record["data"], record["active"])

    @classmethod
    async def load(cls, name: str) -> "UserEntity":
        """The user of that name.

        :raises NotFoundException: there is none.
        """
        row = await Postgres.fetchrow(
            "SELECT * FROM public.users WHERE name = $1", name
        )
        if row is None:
            raise NotFoundException(f"User {name} not found")
        return cls.from_record(row)

    def add_session(self, session: "SessionModel") -> None:
        self.session = session

    def _has_flag(self, name: str) -> bool:
        return bool(self.data.get(name, False))

    @property
    def is_service(self) -> bool:
        return self._has_flag("isService")

    @property
    def is_guest(self) -> bool:
        return self._has_flag("isGuest")

    @property
    def is_developer(self) -> bool:
        return self._has_flag("isDeveloper")

    @property
    def is_admin(self) -> bool:
        if self.is_guest:
            return False
        return self._has_flag("isAdmin") or self.is_service

    @property
    def is_manager(self) -> bool:
        if self.is_guest:
            return False
        return self._has_flag("isManager") or self.is_admin

    def _project_groups(self, project_name: str) -> list[str] | None:
        for name, groups in self.data.get("accessGroups", {}).items():
            if name.lower() == project_name.lower():
                return list(groups)
        return None

    def check_project_access(self, project_name: str) -> None:
        """:raises ForbiddenException: not a member of the project."""
        if self.is_manager:
            return
        if not self._project_groups(project_name):
            raise ForbiddenException("No access to project")

    async def ensure_project_access(self, project_name: str) -> None:
        """:raises ForbiddenException: not a member of the project."""
        self.check_project_access(project_name)

    def permissions(self, project_name: str | None = None) -> Permissions:
        """The combination of the user's access groups.

        :raises ForbiddenException: no access group in the project.
        """
        if project_name is None:
            return AccessGroups.combine(self.data.get("defaultAccessGroups", []))
        groups = self._project_groups(project_name)
        if not groups:
            raise ForbiddenException("No access group assigned to this user")
        return AccessGroups.combine(groups, project_name)

    def check_permissions(
        self,
        permission: str,
        project_name: str | None = None,
        *,
        write: bool = False,
    ) -> None:
        """Check `project.settings` and its like.

        :raises ForbiddenException: the permission lacks.
        """
        if self.is_manager:
            return
        group, _, name = permission.partition(".")
        permissions = getattr(self.permissions(project_name), group, None)
        level = getattr(permissions, name, 0) if permissions is not None else 0
        if level < (2 if write else 1):
            raise ForbiddenException(f"You are missing the permission {permission}")
