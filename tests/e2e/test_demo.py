"""The demo as a user runs it, on a handful of files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A user's folder: a sequence, a movie, names that are not ASCII."""
    folder = tmp_path / "my project"
    (folder / "sh0010").mkdir(parents=True)
    for frame in range(1001, 1006):
        name = f"beauty.{frame}.exr"
        (folder / "sh0010" / name).write_bytes(os.urandom(50_000))
    (folder / "Füchsin {狐}.mov").write_bytes(os.urandom(3_000_000))
    (folder / "empty.txt").touch()
    return folder


def start_demo(*arguments: str, temp: str | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "devhost", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **({"TMPDIR": temp} if temp else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_once_ends_well_when_everything_is_synced_and_verified(source: Path) -> None:
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}

    demo = start_demo("--once", "--source", str(source))
    output, _ = demo.communicate(timeout=200)

    assert demo.returncode == 0, output
    assert "published 3 representations, 7 files" in output
    assert "all synced: 7 files on 3 sites, equal byte for byte" in output
    assert "21 of 21 verified" in output
    assert {path: path.read_bytes() for path in before} == before


def test_the_summary_is_followed_by_nothing_left_behind_on_interrupt(
    source: Path,
) -> None:
    demo = start_demo("--source", str(source))
    assert demo.stdout is not None
    seen = []
    for line in demo.stdout:
        seen.append(line)
        if "Ctrl-C" in line:
            break
    url = re.search(r"http://127\.0\.0\.1:(\d+)", "".join(seen))
    assert url is not None
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(family) > 3, "the devhost, its Postgres and two agents"

    demo.send_signal(signal.SIGINT)
    demo.stdout.read()
    demo.stdout.close()
    demo.wait(60)

    assert not [process for process in family if process.is_running()]
    listening = {
        connection.laddr.port
        for connection in psutil.net_connections("tcp")
        if connection.laddr and connection.status == psutil.CONN_LISTEN
    }
    assert int(url[1]) not in listening


def test_a_source_without_files_is_refused(tmp_path: Path) -> None:
    demo = start_demo("--once", "--source", str(tmp_path))
    output, _ = demo.communicate(timeout=120)

    assert demo.returncode != 0
    assert f"{tmp_path} has no files to publish" in output.replace("\n", "")


def test_names_that_ayon_takes_for_the_same_are_told_apart(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in (
        "a b/x.txt",
        "a_b/x.txt",
        "Shot/one.EXR",
        "shot/one.exr",
        "k.A",
        "k.a",
    ):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (source / ".x.0123abcd.sitesync-part").touch()

    demo = start_demo("--once", "--source", str(source))
    output, _ = demo.communicate(timeout=200)

    assert demo.returncode == 0, output
    assert "all synced: 6 files on 3 sites" in output


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("x")

    demo = start_demo("--once", "--source", str(tmp_path))
    output, _ = demo.communicate(timeout=120)

    assert demo.returncode == 1
    assert "its name is not UTF-8" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("seconds", [0.0, 1.0, 2.0])
def test_an_interrupted_start_leaves_nothing(source: Path, seconds: float) -> None:
    """The moment is random on purpose: any moment must do."""
    with tempfile.TemporaryDirectory(prefix="demo-") as temp:
        Path(temp).chmod(0o755)
        demo = start_demo("--once", "--source", str(source), temp=temp)
        while not psutil.Process(demo.pid).children():
            time.sleep(0.01)
        time.sleep(seconds)
        demo.send_signal(signal.SIGINT)
        output, _ = demo.communicate(timeout=60)

        assert demo.returncode == 130
        assert "Traceback" not in output
        assert list(Path(temp).iterdir()) == []


def test_a_source_that_is_not_a_folder_is_a_wrong_use(tmp_path: Path) -> None:
    demo = start_demo("--once", "--source", str(tmp_path / "nowhere"))
    output, _ = demo.communicate(timeout=60)

    assert demo.returncode == 2
    assert "--source" in output
