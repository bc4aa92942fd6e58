"""The figures of transfers: kept as data, and shown by the benchmarks' page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.bench.records import Comparison, read_record, write_record, write_section

RECORD = "transfers"
MARK = "bench-transfer"
SMALL_BYTES = 1_000_000
TITLES = {
    "disks": "Between disks, the whole system",
    "sftp": "SFTP, the whole system",
    "s3": "S3, the whole system",
    "agent": "An agent that waits, and one that goes on",
}
"""Parts in the order of the page."""


def keep_table(
    part: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str],
    machine: Mapping[str, Any],
) -> None:
    """Keep one part's table and show all parts anew."""
    record = read_record(RECORD) or {}
    record[part] = {
        "machine": dict(machine),
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "notes": list(notes),
    }
    write_record(RECORD, record)
    write_section(MARK, "\n".join(describe(record)))


def describe(record: Mapping[str, Any]) -> Iterator[str]:
    """Lines of Markdown for all parts that were measured."""
    shown = [part for part in TITLES if part in record]
    for number, part in enumerate(shown):
        if number:
            yield ""
        found = record[part]
        machine = found["machine"]
        yield f"### {TITLES[part]}"
        yield ""
        yield (
            f"{machine['date']}, {machine['processors']} processors, load before it"
            f" {machine['load']}."
        )
        yield ""
        yield from make_table(found["columns"], found["rows"])
        if found["notes"]:
            yield ""
        for note in found["notes"]:
            yield f"* {note}"


def make_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def format_speed(files: int, size: int, seconds: float) -> str:
    speed, unit = _find_speed(files, size, seconds)
    return f"{speed:,.0f} {unit}"


def compare(
    name: str, files: int, size: int, seconds: Mapping[str, float]
) -> Comparison:
    """One load for the plots; `seconds` by tool."""
    found = {tool: _find_speed(files, size, each) for tool, each in seconds.items()}
    unit = next(iter(found.values()))[1]
    return Comparison(name, unit, {tool: speed for tool, (speed, _) in found.items()})


def _find_speed(files: int, size: int, seconds: float) -> tuple[float, str]:
    """Files a second of small files, megabytes of large ones."""
    if size < SMALL_BYTES:
        return files / seconds, "files/s"
    return files * size / seconds / 1e6, "MB/s"
