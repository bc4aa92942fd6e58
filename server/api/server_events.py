"""AYON's events about entities, collected for the background work.

AYON awaits a handler inside the request that dispatched the event, maybe with that
request's connection: a handler here notes what happened and nothing else. It runs in
the process that dispatched; what it notes may be lost with it, and is found by the walk
over all representations.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from ..host import EventModel, EventStream, OperationHooks

MOST_IDS = 10_000
"""More of a project at once are left to the looks at what is new, and to the walk."""
COMMITTED_AFTER_SECONDS: tuple[float, ...] = (2.0, 30.0)
"""Soon, and once more for what is one of many in a long transaction."""

_PARENTS = ("folder", "product", "version")
_CREATED = "entity.representation.created"
_FILES_CHANGED = "entity.representation.files_changed"
_RELISTED = tuple(
    f"entity.{kind}.{ending}"
    for kind in (*_PARENTS, "representation")
    for ending in ("deleted", "active_changed")
)
_PROJECT_CREATED = "entity.project.created"
_PROJECT_DELETED = "entity.project.deleted"
_PROJECT_RENAMED = "entity.project.renamed"


@dataclass
class News:
    """What happened in a project.

    `created`, `changed`: ids of representations. `is_relisted`: entities went, or
    became (in)active. `is_deleted`: the project itself went. `is_made`: it is new.
    `old_name`: it was renamed.
    """

    created: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    is_relisted: bool = False
    is_deleted: bool = False
    is_made: bool = False
    old_name: str | None = None

    def include(self, earlier: News) -> None:
        """Add what happened before."""
        self.created |= earlier.created
        self.changed |= earlier.changed
        self.is_relisted |= earlier.is_relisted
        self.is_deleted |= earlier.is_deleted
        self.is_made |= earlier.is_made
        self.old_name = earlier.old_name or self.old_name


class ServerEvents:
    """Collects news of projects until somebody takes them.

    `committed_after`: when what AYON is about to write is looked for, in seconds.
    """

    def __init__(self) -> None:
        self.committed_after = COMMITTED_AFTER_SECONDS
        self._news: dict[str, News] = {}
        self.arrived = asyncio.Event()

    def follow(self) -> None:
        for topic in (
            *(_CREATED, _FILES_CHANGED, *_RELISTED),
            *(_PROJECT_CREATED, _PROJECT_DELETED, _PROJECT_RENAMED),
        ):
            EventStream.subscribe(topic, self.note)
        if OperationHooks is not None:
            OperationHooks.register(self.note_operation)

    async def note(self, event: EventModel) -> None:
        """Note one event; never raises."""
        project_name = event.project
        if event.topic == _PROJECT_RENAMED:  # this event is of no project
            project_name = event.payload.get("newValue")
        if not isinstance(project_name, str) or not project_name:
            return
        news = self._news.setdefault(project_name, News())
        entity_id = event.summary.get("entityId")
        if event.topic == _PROJECT_DELETED:
            news.is_deleted = True
        elif event.topic == _PROJECT_CREATED:
            news.is_made = True
        elif event.topic == _PROJECT_RENAMED:
            news.old_name = event.payload.get("oldValue")
        elif event.topic in _RELISTED:
            news.is_relisted = True
        elif isinstance(entity_id, str):
            ids = news.created if event.topic == _CREATED else news.changed
            if len(ids) < MOST_IDS:
                ids.add(entity_id)
        self.arrived.set()

    async def note_operation(self, operation: Any, entity: Any, _user: Any) -> None:
        """Note that the files of a representation are about to change; never raises.

        AYON 1.16 has a topic for files and sends nothing. It asks before it writes, so
        what it writes is looked for later.

        :param operation: AYON's `OperationModel`.
        :param entity: AYON's entity; its project is what is read of it.
        """
        if (
            operation.type == "update"
            and operation.entity_type == "representation"
            and "files" in (operation.data or {})
        ):
            for seconds in self.committed_after:
                asyncio.get_running_loop().call_later(
                    seconds,
                    self._note_changed,
                    *(str(entity.project_name), str(operation.entity_id)),
                )

    def _note_changed(self, project_name: str, representation_id: str) -> None:
        changed = self._news.setdefault(project_name, News()).changed
        if len(changed) < MOST_IDS:
            changed.add(representation_id)
        self.arrived.set()

    def give_back(self, news: dict[str, News]) -> None:
        """Keep what could not be followed now until the next time.

        Nobody is woken by it: what stands in the way takes a while.
        """
        for project_name, earlier in news.items():
            self._news.setdefault(project_name, News()).include(earlier)

    def take(self) -> dict[str, News]:
        """Return what came since the last time, by project."""
        self.arrived.clear()
        news, self._news = self._news, {}
        return news
