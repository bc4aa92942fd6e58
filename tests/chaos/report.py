"""What a chaos run did and found: docs/benchmarks/chaos.json, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.bench.records import ROOT, write_record, write_section

PAGE = ROOT / "docs/chaos.md"
RECORD = "chaos"

Report = Mapping[str, Any]
"""As `tests.chaos.__main__` makes it."""


def failures(report: Report) -> list[str]:
    """What was promised and is not so, in words."""
    found = [
        f"{name}: {one}"
        for name in ("missing", "wrong", "stuck")
        for one in report[name]
    ]
    return found if report["published"] else [*found, "nothing was published"]


def write_report(report: Report) -> None:
    """Keep the record of a run, and put its tables on the page."""
    write_record(RECORD, report)
    write_section(RECORD, make_tables(report), PAGE)


def make_tables(report: Report) -> str:
    """Markdown of a run. What a record of an earlier day does not tell is left out."""
    what = [
        ("Minutes of faults", report["minutes"]),
        ("Seed", report["seed"]),
        ("Versions published, again, deleted", _counts(report)),
        *_count(report, "refusedByTheServer", "Publishes that the server refused"),
        ("Runs of transfers", f"{report['attempts']:,}"),
        ("Files moved", f"{report['filesMoved']:,}"),
        ("Bytes moved", f"{report['bytesMoved']:,}"),
        ("Seconds until all was at rest, verified again", report["secondsToSettle"]),
        *_count(report, "failedBeforeRetry", "Failed, waiting for somebody's retry"),
        ("Files compared", f"{report['filesCompared']:,}"),
        ("**Missing**", f"**{len(report['missing'])}**"),
        ("**Wrong**", f"**{len(report['wrong'])}**"),
        ("**Stuck**", f"**{len(report['stuck'])}**"),
    ]
    faults = [(_words(name), count) for name, count in report["faults"].items()]
    faults += [
        (_words(name), "not possible on that machine")
        for name in report["impossibleHere"]
    ]
    return "\n".join(
        [
            *_table(("The last run", ""), what),
            "",
            *_table(("Fault", "times"), faults),
        ]
    )


def _counts(report: Report) -> str:
    return f"{report['published']}, {report['publishedAgain']}, {report['deleted']}"


def _count(report: Report, name: str, label: str) -> list[tuple[str, Any]]:
    return [(label, f"{report[name]:,}")] if name in report else []


def _words(name: str) -> str:
    return name.replace("_", " ")


def _table(head: tuple[str, str], rows: list[tuple[str, Any]]) -> list[str]:
    lines = [head, ("---", "---"), *rows]
    return [f"| {name} | {value} |" for name, value in lines]
