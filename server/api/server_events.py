"""AYON's events about entities, collected for the background work.

AYON awaits a handler inside the request that dispatched the event, maybe with that
request's connection: a handler here notes what happened and nothing else. It runs in
the process that dispatched; what it notes may be lost with it, and is found by the walk
over all representations.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ..host import EventModel, EventStream

MOST_IDS = 10_000
"""More of a project at once are left to the looks at what is new, and to the walk."""

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


class ServerEvents:
    """Collects news of projects until somebody takes them."""

    def __init__(self) -> None:
        self._news: dict[str, News] = {}
        self.arrived = asyncio.Event()

    def follow(self) -> None:
        for topic in (
            *(_CREATED, _FILES_CHANGED, *_RELISTED),
            *(_PROJECT_CREATED, _PROJECT_DELETED, _PROJECT_RENAMED),
        ):
            EventStream.subscribe(topic, self.note)

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

    def take(self) -> dict[str, News]:
        """Return what came since the last time, by project."""
        self.arrived.clear()
        news, self._news = self._news, {}
        return news
