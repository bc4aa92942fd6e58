"""Uploads to an S3 server beside `rclone copy`, whose server it is too.

    python -m tests.bench.bench_s3 [--base DIR] [--runs N] [--only NAME] [--part X]

The whole system: an agent against a devhost claims, copies, proves every file by the
server's digest, and reports. All of it runs on loopback and shares the processors.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.parts import Parts
from tests.bench.records import OURS, Comparison, Comparisons, describe_machine
from tests.bench.remote_tools import (
    Medians,
    Remote,
    call,
    compare_tools,
    empty_folder,
    read_options,
)
from tests.bench.transfer_page import compare, keep_table
from tests.bench.transfer_studio import Load
from tests.support.rclone_servers import (
    ACCESS_KEY,
    SECRET_KEY,
    RcloneServer,
    find_rclone,
    serve_s3,
)
from tests.support.remote_storage import make_s3_settings

BUCKET, ROOT = "studio", "ayon"
RCLONE = "rclone copy"
WANTED = 0.9
COLUMNS = (
    *("what", OURS, RCLONE, "ours / rclone", "wanted"),
    *(
        "requests to the server",
        "memory: agent + rclone's daemon (wanted: 200 MB)",
    ),
)
NOTES = (
    "The whole system: claims, copies, every file proven by the server's digest,"
    " reports. Uploads to `rclone serve s3` on loopback, which has the same processors;"
    " rclone is called with its default flags.",
)
LOADS = {
    "100 x 10 MB": Load("large", 1, 100, 10_000_000),
    "2,000 x 10 kB": Load("small", 1, 2000, 10_000),
}


class Cloud:
    """A bucket in a folder, and its server."""

    def __init__(self, base: Path) -> None:
        self._bucket = base / "served" / BUCKET
        self._bucket.mkdir(parents=True)
        self.server: RcloneServer = serve_s3(base / "served", is_watched=False)
        self.remote = Remote(
            {"provider": "s3", "s3": make_s3_settings(self.server)},
            self._bucket / ROOT,
            self._empty,
        )

    def _empty(self) -> None:
        # Started anew: it does not look at what changes behind its back.
        self.server.stop()
        empty_folder(self.remote.folder)
        self.server.start()

    def run_rclone(self, source: Path) -> None:
        target = (
            f":s3,provider=Rclone,endpoint='{self.server.url}',"
            f"access_key_id={ACCESS_KEY},secret_access_key={SECRET_KEY}:{BUCKET}/{ROOT}"
        )
        call(find_rclone(), "copy", "--config", "", str(source), target)


@contextmanager
def open_cloud(base: Path) -> Iterator[Cloud]:
    cloud = Cloud(base)
    try:
        yield cloud
    finally:
        cloud.server.stop()


def make_row(name: str, load: Load, medians: Medians) -> list[str]:
    """Speeds, ours as a part of rclone's, what it took."""
    ratio = medians.tools[RCLONE] / medians.ours
    speeds = medians.describe_speed(load)
    return [name, *speeds, f"{ratio:.2f}", str(WANTED), *medians.describe_cost()]


def main() -> None:
    options = read_options(__doc__)
    machine = describe_machine()
    rows: list[list[str]] = []
    cases: list[Comparison] = []
    parts = Parts()
    for name in options.choose(LOADS):
        load = options.shrink(LOADS[name])
        with (
            parts.keep(name),
            tempfile.TemporaryDirectory(dir=options.base) as folder,
            open_cloud(Path(folder)) as cloud,
        ):
            tools = {RCLONE: cloud.run_rclone}
            medians = compare_tools(
                Path(folder), cloud.remote, load, tools, options.runs
            )
            rows.append(make_row(name, load, medians))
            print(f"| {' | '.join(rows[-1])} |", flush=True)
            seconds = {OURS: medians.ours, **medians.tools}
            cases.append(compare(name, load.files, load.size, seconds))
    if options.is_whole:
        keep_table("s3", COLUMNS, rows, NOTES, machine)
        Comparisons("Files to an S3 server", machine, cases).write("s3")
    parts.end()


if __name__ == "__main__":
    main()
