"""Scrolling the list as a hand does, with what each frame took."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Frame, Page

# Scrolls by `pixels` once a frame. Answers milliseconds between frames, and of tasks
# that held the page up for more than 50 ms.
_SCROLL = """async ({ moves, pixels }) => {
  const table = document.querySelector('[role="grid"]');
  const longTasks = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longTasks.push(entry.duration);
  });
  observer.observe({ type: "longtask" });
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const frames = [];
  let last = await nextFrame();
  for (let move = 0; move < moves; move += 1) {
    table.scrollTop += pixels;
    const now = await nextFrame();
    frames.push(now - last);
    last = now;
  }
  observer.disconnect();
  return { frames, longTasks };
}"""

# Notes tasks that hold the page up, and the times between frames, from now on.
_WATCH = """() => {
  const seen = { longTasks: [], gaps: [] };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.longTasks.push(entry.duration);
  });
  observer.observe({ type: "longtask" });
  let last = performance.now();
  const note = (now) => {
    seen.gaps.push(now - last);
    last = now;
    if (window.watchedFrames === seen) requestAnimationFrame(note);
    else observer.disconnect();
  };
  window.watchedFrames = seen;
  requestAnimationFrame(note);
}"""

_STOP_WATCHING = """() => {
  const seen = window.watchedFrames;
  window.watchedFrames = undefined;
  return seen;
}"""

# Answers once the page has heard of it: what is read then is drawn for the new place.
_JUMP = """async (share) => {
  const table = document.querySelector('[role="grid"]');
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  table.scrollTop = share * (table.scrollHeight - table.clientHeight);
  await nextFrame();
  await nextFrame();
}"""

# Indexes of the rows in sight, in the list; null for one that has no content.
_SIGHT = """() => {
  const box = document.querySelector('[role="grid"]').getBoundingClientRect();
  const inSight = (row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return top >= box.top + 32 && bottom <= box.bottom;
  };
  return [...document.querySelectorAll(".table-body > .row")]
    .filter(inSight)
    .map((row) => {
      const cells = [...row.querySelectorAll('[role="gridcell"]')];
      const isFilled = cells.length > 0 && cells[0].textContent !== "";
      return isFilled ? Number(row.getAttribute("aria-rowindex")) : null;
    })
    .sort((a, b) => a - b);
}"""


@dataclass(frozen=True)
class Frames:
    """Milliseconds between the frames of a scroll."""

    gaps: list[float]
    long_tasks: list[float]

    def __str__(self) -> str:
        ordered = sorted(self.gaps)
        worst = ordered[int(len(ordered) * 0.95)]
        longest = max(self.long_tasks, default=0.0)
        return (
            f"{len(ordered)} frames: median {statistics.median(ordered):.1f} ms, "
            f"95 % {worst:.1f} ms, longest {ordered[-1]:.1f} ms; tasks over 50 ms: "
            f"{len(self.long_tasks)}, the longest {longest:.0f} ms"
        )


def scroll(view: Page | Frame, moves: int, pixels: int) -> Frames:
    """Move the list by some pixels a frame."""
    measured = view.evaluate(_SCROLL, {"moves": moves, "pixels": pixels})
    return Frames(measured["frames"], measured["longTasks"])


@dataclass
class HoldUps:
    """What held the page up, in milliseconds; filled when the watch is over."""

    long_tasks: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    """Between frames."""

    @property
    def longest_gap(self) -> float:
        return max(self.gaps, default=0.0)


@contextmanager
def watching(view: Page | Frame) -> Iterator[HoldUps]:
    """Note what holds the page up meanwhile."""
    found = HoldUps()
    view.evaluate(_WATCH)
    yield found
    seen = view.evaluate(_STOP_WATCHING)
    found.long_tasks = seen["longTasks"]
    found.gaps = seen["gaps"]


def jump(view: Page | Frame, share: float) -> None:
    """Drag the thumb to a share of the list, 0 to 1."""
    view.evaluate(_JUMP, share)


def read_sight(view: Page | Frame) -> list[int | None]:
    """`aria-rowindex` of the rows in sight; None for one without content."""
    found: list[int | None] = view.evaluate(_SIGHT)
    return found
