"""`make plots`: draw docs/benchmarks/*.svg from the figures beside them.

Runs in the docs' environment. The ground of a plot is opaque, so that it reads
on a dark page too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullLocator,
)

from tests.bench.records import EXISTING, FOLDER, OURS, read_record

SIZES = {"bench1k": 1e3, "bench10k": 1e4, "bench100k": 1e5, "bench1m": 1e6}
COMPARISONS = ("transfer", "sftp", "s3")
GROUND, INK, GRID = "#fbfbf9", "#22262b", "#d5d8dc"
COLOURS = {OURS: "#0a7d5a", "existing addon": "#b3451d"}
OTHERS = ("#4a6fa5", "#8a6bb0", "#9a8b3c", "#6d7780")
STYLE = {
    "svg.hashsalt": "sitesync",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.facecolor": GROUND,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": GROUND,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
}
COLUMNS = 2


def draw_costs(ours: Any, theirs: Any) -> Figure:
    """Milliseconds against representations, both ways logarithmic; a panel a case."""
    cases = [case for case in theirs["cases"] if case in ours["cases"]]
    rows = -(-len(cases) // COLUMNS)
    figure = Figure(figsize=(9, 2.6 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(cases) :]:
        axes.set_visible(False)
    for axes, case in zip(grid.flat, cases, strict=False):
        _draw_cost(axes, "existing addon", theirs["cases"][case]["medians"])
        _draw_cost(axes, OURS, ours["cases"][case]["medians"])
        axes.set_title(case, loc="left", fontsize=10)
    for column in range(COLUMNS):
        lowest = grid.flat[max(range(column, len(cases), COLUMNS))]
        lowest.set_xlabel("representations in the project")
        lowest.tick_params(labelbottom=True)
    for axes in grid[:, 0]:
        axes.set_ylabel("milliseconds")
    handles = grid.flat[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper left", ncols=2, frameon=False)
    return figure


def draw_all_costs(ours: Any) -> Figure:
    """Every case of ours beside the cheapest request: what grows, and what does not."""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots()
    groups = group_cases(ours["cases"])
    for number, (group, cases) in enumerate(groups.items()):
        colour = (*COLOURS.values(), *OTHERS)[number]
        for case in cases:
            line = _draw_cost(axes, group, ours["cases"][case]["medians"], colour)
            line.set_label(group if case == cases[0] else f"_{case}")
    axes.axhline(ours["floor"], color=INK, linestyle=":", label="cheapest request")
    axes.set_xlabel("representations in the project")
    axes.set_ylabel("milliseconds")
    figure.legend(loc="outside upper left", ncols=4, frameon=False)
    return figure


def group_cases(cases: Mapping[str, Any]) -> dict[str, list[str]]:
    """Cases by what they are about, in their order."""
    indexed = ("folder", "status", "priority", "changed")
    found: dict[str, list[str]] = {}
    for case in cases:
        if case.startswith("page of 50 by"):
            is_flat = case.split("by ")[1].split(",")[0] in indexed
            group = "pages in an order with an index" if is_flat else "pages, other"
        elif case.startswith("page"):
            group = "pages, other"
        elif case.startswith(("claim", "report")):
            group = "agents"
        else:
            group = "totals and states"
        found.setdefault(group, []).append(case)
    return found


def _draw_cost(
    axes: Axes, label: str, medians: Mapping[str, float], colour: str | None = None
) -> Any:
    names = [name for name in SIZES if name in medians]
    (line,) = axes.plot(
        [SIZES[name] for name in names],
        [medians[name] for name in names],
        marker="o",
        markersize=4,
        color=colour or COLOURS[label],
        label=label,
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(SIZES.values())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(format_count))
    axes.yaxis.set_major_formatter(FuncFormatter(format_number))
    axes.grid(visible=True, which="major")
    return line


def format_count(value: float, _: Any = None) -> str:
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k"


def format_number(value: float, _: Any = None) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def draw_speeds(records: Sequence[Any]) -> Figure:
    """Bars of each tool's speed, a panel a load; the longer the better."""
    panels = [(record["title"], case) for record in records for case in record["cases"]]
    bars = sum(len(case["speeds"]) for _, case in panels)
    figure = Figure(figsize=(9, 0.8 * len(panels) + 0.32 * bars), layout="constrained")
    heights = [len(case["speeds"]) + 1 for _, case in panels]
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
    for axes, (title, case) in zip(grid.flat, panels, strict=True):
        _draw_bars(axes, case["speeds"])
        name = f"{title}: {case['name']} ({case['unit']})"
        axes.set_title(name, loc="left", fontsize=10)
    return figure


def _draw_bars(axes: Axes, speeds: Mapping[str, float]) -> None:
    others = iter(OTHERS)
    colours = [COLOURS.get(tool) or next(others) for tool in speeds]
    bars = axes.barh(list(speeds), list(speeds.values()), color=colours)
    axes.bar_label(bars, [f"{speed:,.0f}" for speed in speeds.values()], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(format_number))


def save(figure: Figure, name: str) -> Path:
    """The same figures give the same file."""
    path = FOLDER / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    # matplotlib ends lines of paths with a blank.
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.rstrip() for line in lines)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


def main() -> int:
    server = read_record("server")
    with mpl.rc_context(STYLE):
        figures = {
            "costs": draw_costs(server, read_record(EXISTING)),
            "all-costs": draw_all_costs(server),
        }
        found = [read_record(name) for name in COMPARISONS]
        records = [record for record in found if record is not None]
        if records:
            figures["speeds"] = draw_speeds(records)
        for name, figure in figures.items():
            print(save(figure, name).relative_to(FOLDER.parents[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
