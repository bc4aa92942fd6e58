"""What a launch hook meets: its base class and the kinds of launches."""

from __future__ import annotations

import logging
from typing import Any, ClassVar


class LaunchTypes:
    local = "local"
    farm_render = "farm-render"
    farm_publish = "farm-publish"
    remote = "remote"
    automated = "automated"


class PreLaunchHook:
    """`is_valid` says whether the hook is for the launch; only then it is executed."""

    order: ClassVar[int | None] = None
    hosts: ClassVar[set[str]] = set()
    app_groups: ClassVar[set[str]] = set()
    launch_types: ClassVar[set[str]] = {LaunchTypes.local}

    def __init__(self, launch_context: Any) -> None:
        self.log = logging.getLogger(type(self).__name__)
        self.launch_context = launch_context
        kinds = (
            (self.hosts, launch_context.host_name),
            (self.app_groups, launch_context.app_group.name),
            (self.launch_types, launch_context.launch_type),
        )
        self.is_valid = all(not known or name in known for known, name in kinds)

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.launch_context.data
        return data

    @property
    def application(self) -> Any:
        return self.launch_context.application

    @property
    def addons_manager(self) -> Any:
        return self.launch_context.addons_manager
