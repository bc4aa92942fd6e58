"""The page of the docs that tells what a chaos run did and found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

START, END = "<!-- chaos: start -->", "<!-- chaos: end -->"


def write_report(page: Path, report: dict[str, Any]) -> None:
    """Put a run's tables between the marks of a page."""
    before, _, rest = page.read_text().partition(START)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{START}\n{make_tables(report)}\n{END}{after}")


def make_tables(report: dict[str, Any]) -> str:
    """Markdown of a run's report, as `tests.chaos.__main__` makes it."""
    what = [
        ("Minutes of faults", report["minutes"]),
        ("Seed", report["seed"]),
        ("Versions published, again, deleted", _counts(report)),
        ("Runs of transfers", f"{report['attempts']:,}"),
        ("Files moved", f"{report['filesMoved']:,}"),
        ("Bytes moved", f"{report['bytesMoved']:,}"),
        ("Seconds until all was at rest, verified again", report["secondsToSettle"]),
        ("Files compared", f"{report['filesCompared']:,}"),
        ("**Missing**", f"**{len(report['missing'])}**"),
        ("**Wrong**", f"**{len(report['wrong'])}**"),
        ("**Stuck**", f"**{len(report['stuck'])}**"),
    ]
    faults = [
        (name.replace("_", " "), count) for name, count in report["faults"].items()
    ]
    faults += [
        (name.replace("_", " "), "not possible on that machine")
        for name in report["impossibleHere"]
    ]
    return "\n".join(
        [
            *_table(("The last run", ""), what),
            "",
            *_table(("Fault", "times"), faults),
        ]
    )


def _counts(report: dict[str, Any]) -> str:
    return f"{report['published']}, {report['publishedAgain']}, {report['deleted']}"


def _table(head: tuple[str, str], rows: list[tuple[str, Any]]) -> list[str]:
    lines = [head, ("---", "---"), *rows]
    return [f"| {name} | {value} |" for name, value in lines]
