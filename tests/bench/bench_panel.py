"""`make bench-panel`: how the panel does with a large project, in headless Chromium.

    python -m tests.bench.bench_panel [--data DIR] [--project bench1m] [--minutes 10]

Prints a table; with `--write` it replaces the one in docs/benchmarks.md and keeps the
figures in docs/benchmarks/panel.json. Ends with 1 when something is not as it is
wanted, after it was written. Seeds the project into a devhost's data folder when it is
not there yet. Measured: the size of the first load, from opening the list to its first
rows, frames of a steady scroll, rows in sight after the thumb is dragged, what 10,000
changes at once cost the page and the server, and the memory of the page after a forced
collection while states change four times a second.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, Request

from devhost.process import DevhostProcess
from devhost.seed import SeedError, SeedPlan, run_seed
from tests.bench.page_tasks import LONG_MS, Tasks, tracing
from tests.bench.records import describe_machine, write_record, write_section
from tests.e2e.browser import PanelPage, run_chromium
from tests.e2e.first_load import MOST_BYTES, MOST_COMPRESSED_BYTES, measure_first_load
from tests.e2e.frames import Frames, HoldUps, jump, read_sight, scroll, watching
from tests.e2e.panel_project import QUEUED, SYNCED, PanelProject

ROOT = Path(__file__).parents[2]
PROJECTS = {"bench10k": 10_000, "bench100k": 100_000, "bench1m": 1_000_000}
MACHINE = "artist-01"
OPENINGS = 5
MOVES, PIXELS = 1200, 140
SHARES = (0.5, 0.9, 0.1, 0.7, 0.3, 1.0)
BURST = 10_000
BURST_ROWS = 5000
SLICE = 1000
CHANGED_ROWS = 200
CHANGE_SECONDS = 0.25
SAMPLE_SECONDS = 30
SIGHT_MS = 10_000
SETTLE_MS = 2000
MOST_REQUESTS = 12
MOST_SECONDS_TO_ROWS = 1.0
# Longer than that, and a person takes the page for frozen.
MOST_GAP_MS = 1000
# What the medians of the first and the last third of the samples may differ by.
MOST_GROWTH = 1.1


@dataclass(frozen=True)
class Figure:
    """What was measured, in words and numbers, and what is wanted (empty: nothing)."""

    what: str
    told: str
    values: dict[str, float | list[float]]
    wanted: str = ""
    is_missed: bool = False


_FIRST_ROW = '[role="row"][aria-rowindex="2"]'


def ensure_project(data_dir: Path, name: str) -> None:
    """Seed it, unless it is there."""
    try:
        print(json.dumps(run_seed(data_dir, SeedPlan(name, PROJECTS[name]))))
    except SeedError as error:
        print(f"{name}: {error}; it is used as it is")


def measure_openings(page: Page, url: str) -> list[float]:
    """Seconds from the start of a load to the first row, nothing kept from before."""
    seconds = []
    for _ in range(OPENINGS):
        page.goto("about:blank")
        started_at = time.monotonic()
        page.goto(url, wait_until="commit")
        page.locator(_FIRST_ROW).wait_for()
        seconds.append(time.monotonic() - started_at)
    return seconds


def measure_jumps(page: Page) -> list[float]:
    """Milliseconds until all rows in sight have content after the thumb was dragged."""
    milliseconds = []
    for share in SHARES:
        started_at = time.monotonic()
        jump(page, share)
        while None in read_sight(page):
            if (time.monotonic() - started_at) * 1000 > SIGHT_MS:
                raise RuntimeError(f"no rows {SIGHT_MS} ms after a jump to {share}")
        milliseconds.append((time.monotonic() - started_at) * 1000)
    return milliseconds


def list_ids(project: PanelProject, count: int) -> list[str]:
    """Ids of the first rows of the list."""
    ids: list[str] = []
    after = None
    while len(ids) < count:
        body = {"siteNames": [MACHINE], "first": SLICE, "after": after}
        page = project.call(f"{project.name}/representations/query", body)
        ids += [row["representationId"] for row in page["representations"]]
        after = page["pageInfo"]["endCursor"]
    return ids[:count]


def write_states(project: PanelProject, statuses: dict[str, int]) -> None:
    """Write what each representation is on the machine."""
    states = [
        {"representationId": one, "siteName": MACHINE, "status": status}
        for one, status in statuses.items()
    ]
    project.call(f"{project.name}/states", {"states": states})


def measure_burst(page: Page, project: PanelProject) -> list[Figure]:
    """Change rows as fast as the server takes it, until the last is on the screen."""
    ids = list_ids(project, BURST_ROWS)
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/api/addons/" in request.url:
            asked.append(request.url)

    page.locator('.connection[data-connection="live"]').wait_for()
    page.on("request", note)
    with watching(page) as hold_ups:
        started_at = time.monotonic()
        for status in (QUEUED, SYNCED) * (BURST // BURST_ROWS // 2):
            for start in range(0, len(ids), SLICE):
                chosen = ids[start : start + SLICE]
                write_states(project, dict.fromkeys(chosen, status))
        written_at = time.monotonic()
        first = page.locator(_FIRST_ROW)
        first.locator(f'[title^="{MACHINE}: synced"]').wait_for()
        shown_at = time.monotonic()
        # What else the burst sets off.
        page.wait_for_timeout(SETTLE_MS)
    page.remove_listener("request", note)
    spent = written_at - started_at
    return _tell_burst(spent, shown_at - written_at, len(asked), hold_ups)


@contextmanager
def changing(project: PanelProject) -> Iterator[None]:
    """Let states change four times a second; half of the rows are on the screen.

    :raises RuntimeError: changes ended before the measurement did.
    """
    ids = list_ids(project, SLICE)
    stop = threading.Event()
    ended_early = threading.Event()

    def change() -> None:
        chance = random.Random(1)
        half = CHANGED_ROWS // 2
        try:
            while not stop.wait(CHANGE_SECONDS):
                chosen = [*ids[:half], *chance.sample(ids[half:], half)]
                choices = {one: chance.choice((QUEUED, SYNCED)) for one in chosen}
                write_states(project, choices)
        finally:
            if not stop.is_set():
                ended_early.set()

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if ended_early.is_set():
        raise RuntimeError("the changes failed; their error is above")


def measure_heap(session: CDPSession) -> float:
    """Megabytes in use after a collection."""
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1_000_000


def watch_memory(page: Page, project: PanelProject, minutes: float) -> list[float]:
    """Megabytes every half minute while the list is live."""
    session = page.context.new_cdp_session(page)
    samples = []
    with changing(project):
        ends_at = time.monotonic() + minutes * 60
        while time.monotonic() < ends_at:
            page.wait_for_timeout(SAMPLE_SECONDS * 1000)
            samples.append(measure_heap(session))
            print(f"memory: {samples[-1]:.1f} MB", flush=True)
    return samples


def measure(data_dir: Path, name: str, minutes: float) -> list[Figure]:
    """What is measured, how much it was, and what is wanted."""
    with DevhostProcess(data_dir) as devhost, run_chromium() as browser:
        project = PanelProject(devhost, name)
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        panel = PanelPage(page)
        panel.open_list(project.framed_url("manager"))
        url = f"{project.alone_url}#project={name}&view=representations"
        figures = [*_tell_first_load(), *_tell_openings(measure_openings(page, url))]
        _wait_for_total(page)
        with tracing(browser, page) as tasks:
            frames = scroll(page, MOVES, PIXELS)
        figures += [_tell_frames(frames), *_tell_tasks(tasks)]
        figures.append(_tell_jumps(measure_jumps(page)))
        jump(page, 0)
        figures += measure_burst(page, project)
        return figures + _tell_memory(watch_memory(page, project, minutes), minutes)


def _wait_for_total(page: Page) -> None:
    page.locator('[role="grid"]:not([aria-rowcount="-1"])').wait_for()


def _tell_first_load() -> list[Figure]:
    served, compressed = measure_first_load()
    return [
        Figure(
            "first load: as AYON serves it, compressed",
            f"{served / 1000:.0f} kB, {compressed / 1000:.0f} kB",
            {"bytes": served, "compressedBytes": compressed},
            f"{MOST_BYTES // 1000} kB, {MOST_COMPRESSED_BYTES // 1000} kB",
            served > MOST_BYTES or compressed > MOST_COMPRESSED_BYTES,
        )
    ]


def _tell_openings(seconds: list[float]) -> list[Figure]:
    median = statistics.median(seconds)
    return [
        Figure(
            "first rows after a load: median, longest",
            f"{median:.2f} s, {max(seconds):.2f} s",
            {"seconds": seconds},
            f"{MOST_SECONDS_TO_ROWS:g} s in the median",
            median > MOST_SECONDS_TO_ROWS,
        )
    ]


def _tell_frames(frames: Frames) -> Figure:
    ordered = sorted(frames.gaps)
    median, worst = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    return Figure(
        f"{len(ordered)} frames of a steady scroll: median, 95 %, longest",
        f"{median:.1f} ms, {worst:.1f} ms, {ordered[-1]:.1f} ms",
        {"medianMs": median, "worst5PercentMs": worst, "longestMs": ordered[-1]},
    )


def _tell_tasks(tasks: Tasks) -> list[Figure]:
    return [
        _tell_long_tasks(
            "by the processor's time: the page's own work", tasks.by_processor
        ),
        _tell_long_tasks(
            "by the clock: with the waits for a processor, which server, database and "
            "browser share",
            tasks.by_clock,
        ),
    ]


def _tell_long_tasks(what: str, ordered: list[float]) -> Figure:
    long = [one for one in ordered if one > LONG_MS]
    return Figure(
        f"tasks over {LONG_MS} ms meanwhile, the longest, {what}",
        f"{len(long)}, {ordered[0]:.0f} ms",
        {"longTasksMs": long, "longestMs": ordered[0]},
        "none",
        bool(long),
    )


def _tell_jumps(milliseconds: list[float]) -> Figure:
    return Figure(
        "rows in sight after the thumb was dragged: median, longest",
        f"{statistics.median(milliseconds):.0f} ms, {max(milliseconds):.0f} ms",
        {"ms": milliseconds},
    )


def _tell_burst(
    spent: float, lag: float, requests: int, hold_ups: HoldUps
) -> list[Figure]:
    longest = max(hold_ups.long_tasks, default=0.0)
    rate = requests / (spent + lag + SETTLE_MS / 1000)
    return [
        Figure(
            f"{BURST:,} changes as fast as they are taken: written in, shown after",
            f"{spent:.1f} s ({BURST / spent:,.0f} a second), {lag:.1f} s",
            {"writtenInSeconds": spent, "shownAfterSeconds": lag},
        ),
        Figure(
            "requests of the page meanwhile and a second",
            f"{requests}, {rate:.1f}",
            {"requests": requests, "aSecond": rate},
            f"{MOST_REQUESTS} a second",
            rate > MOST_REQUESTS,
        ),
        Figure(
            "tasks over 50 ms meanwhile, the longest; longest time without a frame",
            f"{len(hold_ups.long_tasks)}, {longest:.0f} ms; "
            f"{hold_ups.longest_gap:.0f} ms",
            {"longTasksMs": hold_ups.long_tasks, "longestGapMs": hold_ups.longest_gap},
            f"{MOST_GAP_MS:,} ms without a frame",
            hold_ups.longest_gap > MOST_GAP_MS,
        ),
    ]


def _tell_memory(samples: list[float], minutes: float) -> list[Figure]:
    if not samples:
        return []
    rate = CHANGED_ROWS / CHANGE_SECONDS
    third = max(1, len(samples) // 3)
    growth = statistics.median(samples[-third:]) / statistics.median(samples[:third])
    return [
        Figure(
            f"memory over {minutes:g} minutes of {rate:.0f} changes a second: "
            "first, last, most; last third by first third",
            f"{samples[0]:.1f} MB, {samples[-1]:.1f} MB, {max(samples):.1f} MB; "
            f"{growth:.2f}",
            {"megabytes": samples, "growth": growth},
            f"flat: {MOST_GROWTH:g} at most",
            growth > MOST_GROWTH,
        )
    ]


def write_table(machine: dict[str, Any], name: str, figures: list[Figure]) -> str:
    """The figures as Markdown; what is missed says so."""
    lines = [
        f"{machine['date']}, {PROJECTS[name]:,} representations, "
        f"{machine['processors']} processors, load {machine['load']} "
        "(the measurement itself included).",
        "",
        "| what | measured | wanted |",
        "|---|---|---|",
        *(
            f"| {one.what} | {one.told} | {one.wanted}"
            f"{' (missed)' if one.is_missed else ''} |"
            for one in figures
        ),
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".build/bench")
    parser.add_argument("--project", choices=PROJECTS, default="bench1m")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    options = parser.parse_args()
    ensure_project(options.data, options.project)
    figures = measure(options.data, options.project, options.minutes)
    machine = describe_machine()
    table = write_table(machine, options.project, figures)
    print(table)
    if options.write:
        write_section("bench-panel", table)
        rows = PROJECTS[options.project]
        told = [asdict(figure) for figure in figures]
        write_record("panel", {"machine": machine, "rows": rows, "figures": told})
    return int(any(figure.is_missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
