"""Permissions of an access group, as far as folders and project settings go."""

from typing import Literal

from pydantic import BaseModel, Field


class FolderAccess(BaseModel):
    """One folder rule; `path` only for `hierarchy` and `children`."""

    access_type: Literal["assigned", "hierarchy", "children"] = "assigned"
    path: str | None = None

    def __hash__(self) -> int:
        return hash((self.access_type, self.path))


class FolderAccessList(BaseModel):
    """Disabled means unlimited."""

    enabled: bool = False
    access_list: list[FolderAccess] = Field(default_factory=list)


class ProjectPermissions(BaseModel):
    """0 none, 1 view, 2 edit."""

    enabled: bool = False
    settings: int = 0
    anatomy: int = 0
    access: int = 0


class Permissions(BaseModel):
    """The sets AYON calls create, read, update, publish, delete and project."""

    create: FolderAccessList = Field(default_factory=FolderAccessList)
    read: FolderAccessList = Field(default_factory=FolderAccessList)
    update: FolderAccessList = Field(default_factory=FolderAccessList)
    publish: FolderAccessList = Field(default_factory=FolderAccessList)
    delete: FolderAccessList = Field(default_factory=FolderAccessList)
    project: ProjectPermissions = Field(default_factory=ProjectPermissions)
