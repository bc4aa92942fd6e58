from __future__ import annotations

import logging
from typing import Any

CollectorOrder = 0
IntegratorOrder = 3


class InstancePlugin:
    log = logging.getLogger("pyblish")


class Context(list["Instance"]):
    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, Any] = {}

    def create_instance(self, name: str) -> Instance:
        instance = Instance(name, self)
        self.append(instance)
        return instance


class Instance:
    def __init__(self, name: str, parent: Context) -> None:
        self.name = name
        self.context = parent
        self.data: dict[str, Any] = {"name": name}
