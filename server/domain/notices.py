"""What happened lately, in order: kept for those who ask what they missed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

MOST_KEPT = 1000


@dataclass(frozen=True)
class Notice:
    """Something changed. `project_name` None: it is of no project, or of all.

    `overflow`: more sites than the named ones.
    """

    position: int
    topic: str
    project_name: str | None
    site_names: tuple[str, ...]
    overflow: bool = False


class NoticeLog:
    """The last notices of one worker.

    Complete from `floor` on, which is exclusive: who knows less has missed something.
    """

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self._kept: deque[Notice] = deque()

    @property
    def position(self) -> int:
        """The newest position."""
        return self._kept[-1].position if self._kept else self.floor

    def add(self, notice: Notice) -> None:
        """Add a notice; one from before the log began is in it already."""
        if notice.position <= self.position:
            return
        self._kept.append(notice)
        if len(self._kept) > MOST_KEPT:
            self.floor = self._kept.popleft().position

    def after(self, position: int) -> list[Notice] | None:
        """Return the notices after a position; None if some are not kept any more."""
        if position < self.floor:
            return None
        return [notice for notice in self._kept if notice.position > position]


def merge_notices(notices: Iterable[Notice]) -> list[Notice]:
    """Return one notice for each topic and project, with the sites of all."""
    merged: dict[tuple[str, str | None], Notice] = {}
    for notice in notices:
        key = (notice.topic, notice.project_name)
        before = merged.get(key, notice)
        sites = sorted({*before.site_names, *notice.site_names})
        merged[key] = Notice(
            notice.position,
            notice.topic,
            notice.project_name,
            tuple(sites),
            before.overflow or notice.overflow,
        )
    return list(merged.values())
