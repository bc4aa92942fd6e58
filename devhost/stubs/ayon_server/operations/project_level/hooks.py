"""What addons want to be asked before entities are created and changed.

There since AYON 1.12.6. The entity that the real server hands over has more than
`project_name`.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from ayon_server.entities import UserEntity
from ayon_server.utils import create_uuid

from .models import OperationModel


@dataclass(frozen=True)
class HookedEntity:
    """The entity of an operation, as far as it is told."""

    project_name: str


HookType = Callable[[OperationModel, HookedEntity, UserEntity | None], Awaitable[Any]]


class OperationHooks:
    """All hooks of this process."""

    _hooks: ClassVar[dict[str, HookType]] = {}

    @classmethod
    def register(cls, hook: HookType) -> str:
        token = create_uuid()
        cls._hooks[token] = hook
        return token

    @classmethod
    def clear(cls) -> None:
        """Not AYON's: its hooks end with the process."""
        cls._hooks.clear()

    @classmethod
    def hooks(cls) -> Iterable[HookType]:
        return cls._hooks.values()
