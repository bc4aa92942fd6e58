"""A restarted agent has the id it had; two at once, or elsewhere, differ."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ayon_sitesync.agent_ids import find_state_folder, hold_agent_id

SITE = "brisk-amber-fox"
LOGIN = "http://ayon:5000\nkey"

HOLDER = """
import sys
from ayon_sitesync.agent_ids import hold_agent_id
with hold_agent_id(sys.argv[1], sys.argv[2]) as agent_id:
    print(agent_id, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "state"
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(home))
    return home


def take_id(login: str = LOGIN, site: str = SITE) -> str:
    with hold_agent_id(site, login) as agent_id:
        return agent_id


def start_holder() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, SITE, LOGIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def read_id(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def test_the_next_agent_has_the_same_id() -> None:
    first = take_id()
    assert len(bytes.fromhex(first)) == 16
    assert take_id() == first


def test_two_agents_at_once_differ() -> None:
    with hold_agent_id(SITE, LOGIN) as first, hold_agent_id(SITE, LOGIN) as second:
        assert first != second
    assert take_id() == first


def test_a_killed_agent_leaves_its_id() -> None:
    with start_holder() as holder:
        killed = read_id(holder)
        assert take_id() != killed
        holder.kill()
    assert take_id() == killed


@pytest.mark.parametrize(
    ("login", "site"),
    [("http://ayon:5000\nother", SITE), ("http://b\nkey", SITE), (LOGIN, "studio")],
)
def test_other_users_servers_and_sites_have_their_own(login: str, site: str) -> None:
    assert take_id(login, site) != take_id()


def test_a_damaged_file_is_made_anew(state_home: Path) -> None:
    before = take_id()
    (file,) = state_home.rglob("agent-*.id")
    file.write_text("not an id")
    after = take_id()
    assert after != before
    assert take_id() == after


def test_without_a_folder_the_id_is_new(
    state_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state_home.write_text("a file where the folder should be")
    assert take_id() != take_id()
    assert "cannot be kept" in caplog.text


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"LOCALAPPDATA": "/l"}, "windows", Path("/l/ayon-sitesync")),
        (
            {"HOME": "/h"},
            "darwin",
            Path("/h/Library/Application Support/ayon-sitesync"),
        ),
        ({"HOME": "/h"}, "linux", Path("/h/.local/state/ayon-sitesync")),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x"}, "linux", Path("/x/ayon-sitesync")),
        ({}, "linux", None),
        ({}, "windows", None),
    ],
)
def test_where_the_folder_is(
    environment: dict[str, str], platform: str, folder: Path | None
) -> None:
    assert find_state_folder(environment, platform) == folder


def test_what_is_kept_is_for_the_user_alone(state_home: Path) -> None:
    folder = state_home / "ayon-sitesync"
    with hold_agent_id(SITE, LOGIN):
        modes = {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())}
    assert modes == {0}
