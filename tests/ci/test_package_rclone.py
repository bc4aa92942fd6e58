"""A package with rclone in it: pinned builds, found by the client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIND = (
    "from ayon_sitesync.providers.rclone.binary import find_binary;"
    "print(find_binary({}, 'linux'))"
)


def test_packaged_rclone_is_what_the_client_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "create_package.py", "--only-client"),
            *("--rclone", "linux", "--output", tmp_path),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    client = Path(done.stdout.strip())
    builds = client / "ayon_sitesync" / "rclone_builds"
    assert {path.name for path in builds.iterdir()} == {
        "LICENSE",
        "linux-aarch64",
        "linux-x86_64",
    }
    found = subprocess.run(
        [sys.executable, "-c", FIND],
        env={"PYTHONPATH": str(client), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert Path(found).is_relative_to(builds)
    version = subprocess.run(
        [found, "version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("rclone v1.75.2")
