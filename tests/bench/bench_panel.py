"""`make bench-panel`: how the panel does with a large project, in headless Chromium.

    python -m tests.bench.bench_panel [--data DIR] [--project bench1m] [--minutes 10]

Seeds the project into a devhost's data folder when it is not there yet. Measured: from
opening the list to its first rows, frames of a steady scroll, rows in sight after the
thumb is dragged, and the memory of the page after a forced collection while states
change four times a second.
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
from pathlib import Path

from playwright.sync_api import CDPSession, Page

from devhost.process import DevhostProcess
from devhost.seed import SeedError, SeedPlan, run_seed
from tests.e2e.browser import PanelPage, run_chromium
from tests.e2e.frames import jump, read_sight, scroll
from tests.e2e.panel_project import QUEUED, SYNCED, PanelProject

ROOT = Path(__file__).parents[2]
PROJECTS = {"bench100k": 100_000, "bench1m": 1_000_000}
MACHINE = "artist-01"
OPENINGS = 5
MOVES, PIXELS = 1200, 140
SHARES = (0.5, 0.9, 0.1, 0.7, 0.3, 1.0)
CHANGED_ROWS = 200
CHANGE_SECONDS = 0.25
SAMPLE_SECONDS = 30
SIGHT_MS = 10_000
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


@contextmanager
def changing(project: PanelProject) -> Iterator[None]:
    """Let states change four times a second; half of the rows are on the screen."""
    body = {"siteNames": [MACHINE], "first": 1000}
    answer = project.call(f"{project.name}/representations/query", body)
    ids = [row["representationId"] for row in answer["representations"]]
    stop = threading.Event()

    def change() -> None:
        chance = random.Random(1)
        while not stop.wait(CHANGE_SECONDS):
            chosen = [*ids[: CHANGED_ROWS // 2], *chance.sample(ids, CHANGED_ROWS // 2)]
            states = [
                {
                    "representationId": one,
                    "siteName": MACHINE,
                    "status": chance.choice((QUEUED, SYNCED)),
                }
                for one in dict.fromkeys(chosen)
            ]
            project.call(f"{project.name}/states", {"states": states})

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


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


def run(data_dir: Path, name: str, minutes: float) -> None:
    ensure_project(data_dir, name)
    with DevhostProcess(data_dir) as devhost, run_chromium() as browser:
        project = PanelProject(devhost, name)
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        panel = PanelPage(page)
        panel.open_list(project.framed_url("manager"))
        url = f"{project.alone_url}#project={name}&view=representations"
        openings = measure_openings(page, url)
        print(
            f"first rows of {PROJECTS[name]:,}: median "
            f"{statistics.median(openings):.2f} s, longest {max(openings):.2f} s "
            "(wanted: 1 s)"
        )
        print(f"steady scroll: {scroll(page, MOVES, PIXELS)} (wanted: no such task)")
        jumps = measure_jumps(page)
        print(
            f"rows after a jump: median {statistics.median(jumps):.0f} ms, "
            f"longest {max(jumps):.0f} ms"
        )
        jump(page, 0)
        samples = watch_memory(page, project, minutes)
        if samples:
            print(
                f"memory over {minutes:g} minutes of changes: {samples[0]:.1f} MB "
                f"first, {samples[-1]:.1f} MB last, {max(samples):.1f} MB at most "
                "(wanted: flat)"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".build/bench")
    parser.add_argument("--project", choices=PROJECTS, default="bench1m")
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    run(options.data, options.project, options.minutes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
