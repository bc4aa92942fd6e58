"""`make chaos`: everything goes wrong while publishing goes on; then every byte counts.

Ends with 0 when something was published and nothing was lost, wrong or stuck. Prints a
report as JSON; `--write` keeps it in docs/benchmarks and shows it in docs/chaos.md.
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
from tests.chaos.publisher import PublisherThread
from tests.chaos.report import failures, write_report
from tests.chaos.studio import (
    NEARLINE,
    PROJECT,
    SITES,
    VAULT,
    Studio,
    Unfinished,
)

FAILED = 2
PATIENCE_SECONDS = 120
"""How long nothing may change before what is unfinished counts as at rest."""


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
    if arguments.write:
        write_report(report)
    found = failures(report)
    for one in found:
        print(one, file=sys.stderr)
    return 1 if found else 0


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
    failed, stuck = settle(studio)
    for agent in studio.agents if stuck else []:
        print(agent.site_name, *agent.last_lines, sep="\n", file=sys.stderr)
    missing, wrong = studio.wrong_files()
    _show_evidence(studio, [*missing, *wrong])
    return {
        "faults": dict(sorted(injected.items())),
        "impossibleHere": sorted(impossible - injected.keys()),
        "published": publisher.published,
        "publishedAgain": publisher.republished,
        "deleted": publisher.deleted,
        "refusedByTheServer": publisher.refused,
        "sites": len(SITES),
        **asyncio.run(_count_moves(studio)),
        "secondsToSettle": round(time.monotonic() - started),
        "filesCompared": sum(len(one.digests) for one in studio.ledger.values())
        * len(SITES),
        "failedBeforeRetry": len(failed),
        "missing": missing,
        "wrong": wrong,
        "stuck": [str(one) for one in stuck],
    }


def _show_evidence(studio: Studio, found: list[str]) -> None:
    """Print what the database says of what is missing or wrong."""
    for representation_id, entry in studio.ledger.items():
        paths = [path.as_posix() for path in entry.digests]
        if any(one.endswith(path) for one in found for path in paths):
            facts = {
                "home": entry.home,
                "files": entry.published.files,
                **asyncio.run(studio.evidence(representation_id)),
            }
            print(json.dumps(facts, default=str), file=sys.stderr)


def settle(studio: Studio) -> tuple[list[Unfinished], list[Unfinished]]:
    """Wait until everything is at rest, and looked at once more.

    Answers what had failed and waited for somebody's retry, which is ordered then; and
    what was stuck: neither done nor failed, or not done after that.
    """
    rest = _wait(studio)
    failed = [one for one in rest if one.status == FAILED]
    stuck = [one for one in rest if one.status != FAILED]
    if failed:
        studio.order("retry", SITES)
        _wait(studio)
    # What turned on disks since it was verified.
    studio.order("verify", (NEARLINE, VAULT))
    return failed, list({str(one): one for one in [*stuck, *_wait(studio)]}.values())


def _wait(studio: Studio) -> list[Unfinished]:
    """What is unfinished once nothing has changed for long enough, or nothing is."""
    last: list[Unfinished] = []
    since = time.monotonic()
    while unfinished := studio.unfinished():
        if unfinished != last:
            last, since = unfinished, time.monotonic()
        if time.monotonic() - since > PATIENCE_SECONDS:
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
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
