"""The server's figures as the benchmarks' page shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bench.measures import LARGEST, PROJECTS
from tests.bench.records import EXISTING, read_record


def describe(record: Any) -> Iterator[str]:
    """Lines of Markdown for what `bench_server` has measured."""
    machine = record["machine"]
    yield (
        f"{machine['date']}, {machine['processors']} processors, load before it "
        f"{machine['load']}. Cheapest request with a user (`users/me`): "
        f"{record['floor']:.1f} ms. All figures are medians in milliseconds."
    )
    yield ""
    yield from _make_table(record["cases"])
    yield ""
    for note in record["notes"]:
        yield f"* {note}"


def _make_table(cases: Any) -> Iterator[str]:
    existing = read_record(EXISTING)["cases"]
    names = list(PROJECTS)
    columns = ["what", "limit", *names, "1M/1k", "x floor", "existing addon"]
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for case, figures in cases.items():
        found = figures["medians"]
        cells = [f"{found[name]:.1f}" if name in found else "" for name in names]
        first, last = found.get(names[0]), found.get(LARGEST)
        growth = f"{last / first:.1f}" if first and last else ""
        share = f"{last / figures['floor']:.1f}" if last else ""
        theirs = existing[case]["medians"][LARGEST] if case in existing else None
        cells += [growth, share, f"{theirs:,}" if theirs else ""]
        yield f"| {case} | {figures['limit']} | {' | '.join(cells)} |"
