"""Tables and progress: drawn by Rich on a terminal, plain text everywhere else.

Rich is loaded when it is first needed; a machine without it gets plain text.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Optional, TypeVar

from ..printable import make_printable

_Line = TypeVar("_Line", bound="ProgressLine")

PROGRESS_SECONDS = 5.0
"""Time between two lines of progress where no bar can be drawn."""


def _load_rich(name: str) -> Any:
    try:
        return importlib.import_module(f"rich.{name}")
    except ImportError:
        return None


def print_json(value: Mapping[str, Any]) -> None:
    """One object on one line."""
    print(json.dumps(value), flush=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output."""
    rows = [[make_printable(cell) for cell in row] for row in rows]
    rich_table = _load_rich("table") if sys.stdout.isatty() else None
    if rich_table is None:
        _print_plain([columns, *rows])
        return
    table = rich_table.Table(box=_load_rich("box").SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    text = _load_rich("text").Text
    for row in rows:
        # As text: brackets in names are no markup.
        table.add_row(*map(text, row))
    _load_rich("console").Console().print(table)


def _print_plain(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, cells)) for cells in zip(*rows)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        print("  ".join(cells).rstrip())


class ProgressLine:
    """Tells on standard error how far something is; says nothing with `--json`.

    A context manager.
    """

    def __init__(self, label: str, *, is_silent: bool) -> None:
        self._label = label
        self._is_silent = is_silent
        self._told_at = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        has_terminal = sys.stderr.isatty() and not is_silent
        progress = _load_rich("progress") if has_terminal else None
        if progress is not None:
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}", markup=False),
                progress.BarColumn(),
                progress.TextColumn("{task.fields[share]}"),
                progress.TextColumn("{task.fields[note]}", markup=False),
                console=_load_rich("console").Console(stderr=True),
                transient=True,
            )

    @property
    def is_drawn(self) -> bool:
        """Whether there is a bar: a terminal, and Rich."""
        return self._bar is not None

    def update(self, share: Optional[float], note: str) -> None:
        """`share` is 0 to 1, None = unknown; `note` is for people: `12 files`."""
        if self._is_silent:
            return
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(self._label, note="", share="")
            self._bar.update(
                self._task,
                completed=share or 0,
                total=None if share is None else 1.0,
                share="" if share is None else f"{share:4.0%}",
                note=note,
            )
            return
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_SECONDS:
            self._told_at = now
            print(f"{self._label}: {note}", file=sys.stderr, flush=True)

    def __enter__(self: _Line) -> _Line:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
