"""What the agent tells, as lines for people or as JSON.

Events: `started` (agentId, siteName), `progress` (counts since the start, at most one
a second), `transfer` and `removal` (one that ended, with each file that failed), `scan`
(files found, missing, different), `problem` (message, siteName or label,
retryInSeconds), `recovered`, `idle` (pending, nextDueInSeconds) and `stopped` (counts).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any, Callable, Optional

from ..printable import indent_lines, make_printable
from .tables import ProgressLine

_UNITS = ("B", "kB", "MB", "GB", "TB")
_UNIT_STEP = 1000.0


def format_bytes(count: float) -> str:
    """A size as people read it: `2.4 MB`."""
    for unit in _UNITS[:-1]:
        if count < _UNIT_STEP:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _UNIT_STEP
    return f"{count:.1f} {_UNITS[-1]}"


class EventPrinter:
    """Prints events of the agent to standard output, from any thread.

    With a `line` that is drawn, progress goes there instead of to lines of its own.
    """

    def __init__(self, *, as_json: bool, line: Optional[ProgressLine] = None) -> None:
        self._as_json = as_json
        self._line = line if line is not None and line.is_drawn else None
        self._lock = threading.Lock()
        self._last_line = ""

    def emit(self, name: str, data: dict[str, Any]) -> None:
        """JSON: `{"event": name, "time": epoch seconds, ...data}` on one line."""
        if self._as_json:
            line = json.dumps({"event": name, "time": time.time(), **data})
        else:
            line = _describe(name, _clean(data))
        with self._lock:
            if self._line is not None and name == "progress":
                self._line.update(None, line)
            elif line and line != self._last_line:
                self._last_line = line
                # Many transfers end at once; what tells their sum follows.
                print(line, flush=name != "transfer")


def _clean(value: Any) -> Any:
    """The same with each text on one line that a terminal can show."""
    if isinstance(value, str):
        return make_printable(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value


def _describe(name: str, data: dict[str, Any]) -> str:
    describe = _LINES.get(name)
    return describe(data) if describe is not None else ""


def _describe_transfer(data: dict[str, Any]) -> str:
    lines = [
        f"{data['direction']} {data['label']}: {data['filesSynced']} of {data['files']}"
        f" files on {data['siteName']} ({format_bytes(data['bytesMoved'])} moved)"
    ]
    lines += [f"  failed: {error['message']}" for error in data["errors"]]
    return "\n".join(lines)


def _describe_removal(data: dict[str, Any]) -> str:
    lines = [
        f"removed {data['filesDeleted']} of {data['files']} files from"
        f" {data['siteName']}: {data['state']}"
    ]
    lines += [f"  failed: {error['message']}" for error in data["errors"]]
    return "\n".join(lines)


def _describe_scan(data: dict[str, Any]) -> str:
    return (
        f"scan of {data['siteName']} in {data['projectName']}: {data['found']} files"
        f" there, {data['missing']} missing, {data['different']} different"
    )


def _describe_progress(data: dict[str, Any]) -> str:
    return (
        f"{data['transfersDone']} transfers done, {data['transfersActive']} under way;"
        f" {data['filesDone']} files, {format_bytes(data['bytesMoved'])} moved,"
        f" {data['filesFailed']} failed"
    )


def _describe_problem(data: dict[str, Any]) -> str:
    subject = data.get("siteName") or data.get("label")
    wait = data.get("retryInSeconds")
    tail = f" (next try in {wait:.0f} s)" if wait else ""
    return f"problem: {f'{subject}: ' if subject else ''}{data['message']}{tail}"


def _describe_idle(data: dict[str, Any]) -> str:
    if not data["pending"]:
        return "idle: nothing is pending"
    due = data["nextDueInSeconds"]
    tail = f", the next in {due:.0f} s" if due is not None else ""
    return f"idle: {data['pending']} transfers wait{tail}"


def _describe_recovery(data: dict[str, Any]) -> str:
    return f"recovered: {data.get('message') or 'site ' + data['siteName']}"


_LINES: dict[str, Callable[[dict[str, Any]], str]] = {
    "started": lambda data: f"agent {data['agentId'][:8]} of site {data['siteName']}",
    "transfer": _describe_transfer,
    "removal": _describe_removal,
    "scan": _describe_scan,
    "progress": _describe_progress,
    "problem": _describe_problem,
    "recovered": _describe_recovery,
    "withdrawn": lambda data: f"{data['state']} by order: {data['label']}",
    "idle": _describe_idle,
    "stopped": lambda data: "stopped: " + _describe_progress(data),
}


def print_line(text: str) -> None:
    """One line on standard output, whatever names and messages in it hold."""
    print(make_printable(text))


def print_error(message: str) -> None:
    print(f"ayon_sitesync: {indent_lines(message)}", file=sys.stderr)
