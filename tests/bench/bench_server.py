"""`make bench`: how quick the server half is, and how flat from 1k to 1M.

Seeds four projects into a devhost (once; they are kept for the next run), measures
over HTTP on one kept-alive connection, and writes docs/benchmarks/server.json, the
table of docs/benchmarks.md and the plots.
The median of each case, its ratio to the cheapest authenticated request of the same
run, and the ratio of the largest project to the smallest.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import psutil

from devhost.process import DevhostProcess
from devhost.seed import SeedError, SeedPlan, run_seed
from tests.bench.measures import LARGEST, MACHINE, PROJECTS, Bench, timed
from tests.bench.records import (
    describe_machine,
    draw_plots,
    write_record,
    write_section,
)
from tests.bench.server_agents import measure_agents, measure_queue, simulate_crowd
from tests.bench.server_loads import measure_hold_ups, queue_everything
from tests.bench.server_page import describe
from tests.bench.server_start import (
    measure_first_requests,
    measure_many_projects,
    measure_migration,
)

ROOT = Path(__file__).parents[2]


def measure_pages(bench: Bench, project: str) -> None:
    """Pages of 50 at the start and deep inside, in every order."""
    limits = {
        "folder": "10",
        "status": "10",
        "priority": "10",
        "changed": "10",
        "product": "100",
        "version": "1500",
        "representation": "1500",
        "size": "",
    }
    sites = ["studio", MACHINE]
    for sort_by, limit in limits.items():
        order = {"sortBy": sort_by, "sortSite": MACHINE, "siteNames": sites}
        every = max(PROJECTS[project] * 3 // 4, 10)
        found = bench.post(
            f"/{project}/representations/anchors", {**order, "every": every}
        )
        for depth, cursor in (("first", None), ("at 75 %", found["anchors"][0])):
            body = {**order, "after": cursor}
            case = f"page of 50 by {sort_by}, {depth}"
            bench.post_case(case, limit, project, "representations/query", body)
    path = "representations/query"
    body = {"siteNames": sites, "withFiles": True}
    bench.post_case("page of 50 with files", "25", project, path, body)
    for kind in ("exact", "estimated"):
        body = {"siteNames": sites, "withTotal": kind}
        bench.post_case(f"page with {kind} total", "", project, path, body)


def measure_loader(bench: Bench, project: str) -> None:
    """What a loader asks: 500 versions, 1,500 representations."""
    versions: dict[str, None] = {}
    ids: list[str] = []
    cursor = None
    for _ in range(3):
        body = {"first": 1000, "after": cursor, "siteNames": []}
        page = bench.post(f"/{project}/representations/query", body)
        for row in page["representations"]:
            versions[row["versionId"]] = None
            ids.append(row["representationId"])
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    sites = ["studio", MACHINE]
    bench.post_case(
        "availability of 500 versions",
        "20",
        project,
        "availability",
        {"versionIds": list(versions)[:500], "siteNames": sites},
    )
    bench.post_case(
        "states of 1,500 representations by id",
        "25",
        project,
        "availability",
        {"representationIds": ids[:1500], "siteNames": sites},
    )


def measure_summary(bench: Bench, project: str) -> None:
    """As a panel that asks every second, and as a user who sees a part."""
    first, _ = timed(lambda: bench.post(f"/{project}/summary", {}))
    bench.add("summary, first request", "20", project, [first])
    bench.post_case("summary, unrestricted", "20", project, "summary", {})
    restricted = bench.process.users["restricted"]

    def run() -> None:
        bench.client.post(
            f"/{project}/summary", json={}, headers={"X-Api-Key": restricted}
        ).raise_for_status()

    bench.measure("summary, user of one sequence", "500", project, run)
    for path in (f"/{project}/problems", "/-/overview"):
        what = path.rpartition("/")[2]

        def look(path: str = path) -> None:
            bench.client.get(path).raise_for_status()

        bench.measure(f"{what}", "100", project, look)


# Run in each project, in the largest one, and beside the seeded folder.
IN_EACH: dict[str, Callable[[Bench, str], None]] = {
    "pages": measure_pages,
    "loader": measure_loader,
    "summary": measure_summary,
    "queue": measure_queue,
}
ONCE: dict[str, tuple[Callable[[Bench, str], None], str]] = {
    "agents": (measure_agents, LARGEST),
    "crowd": (simulate_crowd, LARGEST),
    "hold-ups": (measure_hold_ups, LARGEST),
    "queue-everything": (queue_everything, "bench100k"),
}
APART: dict[str, Callable[[Path], list[str]]] = {
    "migration": measure_migration,
    "projects": measure_many_projects,
}
PARTS = (*IN_EACH, *ONCE, "start", *APART)


def seed(data_dir: Path) -> None:
    for name, count in PROJECTS.items():
        try:
            print(json.dumps(run_seed(data_dir, SeedPlan(name, count))), flush=True)
        except SeedError as error:
            print(f"{name}: {error}; it is used as it is", flush=True)


def run(
    data_dir: Path, parts: Collection[str], projects: Collection[str]
) -> dict[str, Any]:
    """Measure; what is written to docs/benchmarks/server.json."""
    seed(data_dir)
    machine = describe_machine()
    with DevhostProcess(data_dir) as process:
        bench = Bench(process)
        server = psutil.Process(process.pid)
        bench.enable()
        floor = bench.floor(100)
        before = server.memory_info().rss
        for project in projects:
            for name, measure in IN_EACH.items():
                if name in parts:
                    measure(bench, project)
        for name, (measure, project) in ONCE.items():
            if name in parts:
                measure(bench, project)
        grown = (server.memory_info().rss - before) / 1_000_000
        bench.note(
            f"The server's memory grew by {grown:.0f} MB over the run (wanted: < 50)."
        )
        if "start" in parts:
            measure_first_requests(bench)
    for name, measure_apart in APART.items():
        if name in parts:
            for text in measure_apart(data_dir):
                bench.note(text)
    return {
        "machine": machine,
        "floor": round(floor, 2),
        "cases": bench.table.record(),
        "notes": bench.notes,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".build/bench")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=PARTS,
        help="some parts; the table is printed and not written",
    )
    parser.add_argument("--projects", nargs="+", choices=PROJECTS, default=[*PROJECTS])
    options = parser.parse_args()
    record = run(options.data, options.only or PARTS, options.projects)
    page = "\n".join(describe(record))
    print(page)
    if options.only is None:
        write_record("server", record)
        write_section("bench", page)
        draw_plots()
    return 0


if __name__ == "__main__":
    sys.exit(main())
