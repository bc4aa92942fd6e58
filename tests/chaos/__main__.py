"""`make chaos`: everything goes wrong while publishing goes on; then every byte counts.

Ends with 0 when nothing was lost, wrong or stuck. Prints a report as
JSON, and its tables into a page of the docs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos.faults import FAULTS
from tests.chaos.report import write_report
from tests.chaos.studio import NEARLINE, PROJECT, SITES, VAULT, PublisherThread, Studio

PATIENCE_SECONDS = 600


def main() -> int:
    arguments = _read_arguments()
    chance = random.Random(arguments.seed)
    base = Path(tempfile.mkdtemp(prefix="sitesync-chaos-"))
    base.chmod(0o755)
    studio = Studio(base, random.Random(arguments.seed + 1))
    try:
        studio.start()
        report = run(studio, chance, arguments.minutes * 60)
    finally:
        studio.stop()
        shutil.rmtree(base, ignore_errors=True)
    report["seed"], report["minutes"] = arguments.seed, arguments.minutes
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.report:
        write_report(arguments.report, report)
    return 1 if report["missing"] or report["wrong"] or report["stuck"] else 0


def run(studio: Studio, chance: random.Random, seconds: float) -> dict[str, Any]:
    """Publish among faults for a while, then let all end and compare."""
    publisher = PublisherThread(studio, pause_seconds=0.7)
    publisher.start()
    injected: Counter[str] = Counter()
    impossible: set[str] = set()
    ends_at = time.monotonic() + seconds
    order = list(FAULTS)
    while time.monotonic() < ends_at:
        # Each once in a random order, then again: none is left out by chance.
        chance.shuffle(order)
        for fault in order:
            if time.monotonic() >= ends_at:
                break
            time.sleep(chance.uniform(1, 4))
            print(f"{fault.__name__}", file=sys.stderr, flush=True)
            if fault(studio, chance):
                injected[fault.__name__] += 1
            else:
                impossible.add(fault.__name__)
    publisher.finish()
    started = time.monotonic()
    stuck = settle(studio)
    for agent in studio.agents if stuck else []:
        print(agent.site_name, *agent.last_lines, sep="\n", file=sys.stderr)
    missing, wrong = studio.wrong_files()
    return {
        "faults": dict(sorted(injected.items())),
        "impossibleHere": sorted(impossible - injected.keys()),
        "published": publisher.published,
        "publishedAgain": publisher.republished,
        "deleted": publisher.deleted,
        "sites": len(SITES),
        **asyncio.run(_count_moves(studio)),
        "secondsToSettle": round(time.monotonic() - started),
        "filesCompared": sum(len(one.digests) for one in studio.ledger.values())
        * len(SITES),
        "missing": missing,
        "wrong": wrong,
        "stuck": stuck,
    }


def settle(studio: Studio) -> list[str]:
    """Wait until everything is everywhere, looked at once more; what never is."""
    _wait(studio)
    studio.order("retry", SITES)
    _wait(studio)
    # What turned on disks since it was verified.
    studio.order("verify", (NEARLINE, VAULT))
    return _wait(studio)


def _wait(studio: Studio) -> list[str]:
    """What is unfinished once nothing has changed for long enough, or nothing is."""
    last: list[str] = []
    since = time.monotonic()
    while unfinished := studio.unfinished():
        if unfinished != last:
            last, since = unfinished, time.monotonic()
        if time.monotonic() - since > PATIENCE_SECONDS / 5:
            break
        time.sleep(1)
    return unfinished


async def _count_moves(studio: Studio) -> dict[str, int]:
    (row,) = await studio.query(
        "SELECT count(*) AS attempts, sum(files_synced) AS files, "
        f"sum(bytes_done) AS bytes FROM project_{PROJECT}.sitesync_attempts"
    )
    return {
        "attempts": row["attempts"],
        "filesMoved": int(row["files"] or 0),
        "bytesMoved": int(row["bytes"] or 0),
    }


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
