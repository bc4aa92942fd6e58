"""What a page's main thread did: each task by the clock and by the processor.

A machine that runs the server, the database and the browser on two processors takes the
thread off its processor in the middle of a task. The clock counts that wait as part of
the task, the thread's own time does not.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

_MAIN_THREAD = "CrRendererMain"
_TASK = "ThreadControllerImpl::RunTask"
LONG_MS = 50


@dataclass(frozen=True)
class Task:
    """One turn of the main thread, in milliseconds."""

    clock_ms: float
    processor_ms: float


@dataclass
class Tasks:
    """Filled when the trace is over."""

    all: list[Task] = field(default_factory=list)

    @property
    def by_clock(self) -> list[float]:
        return sorted((one.clock_ms for one in self.all), reverse=True)

    @property
    def by_processor(self) -> list[float]:
        return sorted((one.processor_ms for one in self.all), reverse=True)


@contextmanager
def tracing(browser: Browser, page: Page) -> Iterator[Tasks]:
    """Note the tasks of a page meanwhile."""
    found = Tasks()
    browser.start_tracing(page=page, categories=["toplevel"])
    yield found
    found.all = read_tasks(browser.stop_tracing())


def read_tasks(trace: bytes) -> list[Task]:
    """The tasks of the main thread that did most: other pages are at rest."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == _MAIN_THREAD
    }
    by_thread: dict[tuple[int, int], list[Task]] = defaultdict(list)
    for event in events:
        thread = (event["pid"], event["tid"])
        if event["name"] == _TASK and event["ph"] == "X" and thread in mains:
            task = Task(event["dur"] / 1000, event.get("tdur", 0) / 1000)
            by_thread[thread].append(task)
    return max(by_thread.values(), key=_sum_processor, default=[])


def _sum_processor(tasks: list[Task]) -> float:
    return sum(task.processor_ms for task in tasks)
