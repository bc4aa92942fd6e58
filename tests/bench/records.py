"""What benchmarks leave in docs/benchmarks: figures as JSON, for tables and plots.

Standard library only: the plots are drawn in the docs' environment.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/benchmarks.md"
FOLDER = ROOT / "docs/benchmarks"
EXISTING = "existing-addon"
OURS = "Site Sync"


@dataclass(frozen=True)
class Comparison:
    """One load moved by several tools: speed by tool, `OURS` among them.

    `unit` is what the speeds are in, as `MB/s` or `files/s`.
    """

    name: str
    unit: str
    speeds: Mapping[str, float]


def describe_machine() -> dict[str, Any]:
    """When and on what it is measured; `load` is the mean of the last five minutes."""
    return {
        "date": datetime.date.today().isoformat(),
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
    }


@dataclass
class Comparisons:
    """What a benchmark of transfers writes; drawn as bars."""

    title: str
    machine: Mapping[str, Any] = field(default_factory=describe_machine)
    cases: list[Comparison] = field(default_factory=list)

    def write(self, name: str) -> None:
        write_record(name, asdict(self))


def write_record(name: str, record: Mapping[str, Any]) -> None:
    """Keep a run's figures as docs/benchmarks/`name`.json."""
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def read_record(name: str) -> Any:
    """The figures of docs/benchmarks/`name`.json; None when nothing was measured."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write_section(mark: str, text: str, page: Path = PAGE) -> None:
    """Replace what is between `<!-- mark: start -->` and `<!-- mark: end -->`."""
    start, end = f"<!-- {mark}: start -->", f"<!-- {mark}: end -->"
    before = page.read_text(encoding="utf-8")
    head, found, rest = before.partition(start)
    _, also_found, tail = rest.partition(end)
    if not found or not also_found:
        raise ValueError(f"{page} has no section '{mark}'")
    page.write_text(f"{head}{start}\n{text}\n{end}{tail}", encoding="utf-8")


def draw_plots() -> None:
    """Draw all plots anew, in the docs' environment."""
    subprocess.run(["make", "--no-print-directory", "plots"], cwd=ROOT, check=True)
