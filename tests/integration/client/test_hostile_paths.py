"""Published paths that lead out of a root, through everything that works with files:
transfers both ways, scans, verification, cleaning and removal, of agents and hosts.

What single methods of storage do with them is in `tests/security/test_paths.py`.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.cli import main

from tests.security.test_paths import BARE, LINKS, REFUSED, SECRET, WORK
from tests.support.command_line import CommandLine
from tests.support.host_studio import (
    MACHINE,
    QUEUED,
    SYNCED,
    HostStudio,
    PublishedFile,
)

ENTRIES = [path for path in BARE if path] + [
    WORK + name for name in (*REFUSED, *LINKS) if "\x00" not in name
]
"""AYON takes neither empty paths nor the zero character."""


class Outside:
    """What lies beside the roots of a studio, and links to it in both roots."""

    def __init__(self, base: Path, studio: HostStudio) -> None:
        self._base = base
        self._roots = (studio.machine_root, studio.studio_root)
        folder = base / "outside"
        (folder / "deeper").mkdir(parents=True)
        (folder / "empty").mkdir()
        for each in (base, folder, folder / "deeper"):
            (each / "secret.txt").write_bytes(SECRET)
        # What `clean` takes for its own where it may look.
        (folder / ".a.exr.0123abcd.sitesync-part").write_bytes(b"part")
        for root in self._roots:
            (root / "real").mkdir()
            for name, target in {
                "folder-link": "../outside",
                "up": "..",
                "file-link": "../outside/secret.txt",
                "dangling-link": "../outside/new.txt",
                "chain": "folder-link",
                "real/inner-link": str(folder),
            }.items():
                (root / name).symlink_to(target)
        self._before = self._look()

    def _look(self) -> dict[str, bytes | None]:
        found = [*self._base.glob("*.txt"), *self._base.glob("outside/**/*")]
        return {str(p): p.read_bytes() if p.is_file() else None for p in found}

    def check(self) -> None:
        """All is as it was, and nothing of it was brought into a root."""
        assert self._look() == self._before
        for root in self._roots:
            for path in root.rglob("*"):
                if path.is_file() and path.resolve().is_relative_to(root.resolve()):
                    assert SECRET not in path.read_bytes(), path


@pytest.fixture
def outside(studio: HostStudio, tmp_path: Path) -> Outside:
    return Outside(tmp_path, studio)


@pytest.fixture
def run(
    studio: HostStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return CommandLine(capsys, "--project", studio.project)


def publish(studio: HostStudio, on_studio: int, on_machine: int) -> PublishedFile:
    """A representation for each path, of the size of what lies outside; the first."""
    version = studio.make_version()
    files = [
        {
            "id": uuid.uuid4().hex,
            "name": "file",
            "path": path,
            "size": len(SECRET),
            "hash": "file,1,20",
            "hash_type": "op3",
        }
        for path in ENTRIES
    ]
    made = studio.publish(version, files=files)
    studio.set_row(made, "studio", on_studio)
    studio.set_row(made, MACHINE, on_machine)
    return made


@pytest.mark.parametrize(
    ("on_studio", "on_machine"), [(SYNCED, QUEUED), (QUEUED, SYNCED)]
)
def test_transfers_stay_in_their_roots(
    run: CommandLine,
    studio: HostStudio,
    outside: Outside,
    on_studio: int,
    on_machine: int,
) -> None:
    made = publish(studio, on_studio, on_machine)
    code, events = run("agent", "--once")
    outside.check()
    assert code == 1
    target = MACHINE if on_machine == QUEUED else "studio"
    assert SYNCED not in studio.file_statuses(made, target)
    errors = [error for one in events for error in one.get("errors", [])]
    assert {error["path"] for error in errors} == set(ENTRIES)


@pytest.mark.parametrize(
    "words",
    [("scan", "--requeue"), ("verify", "--requeue"), ("clean", "--delete")],
)
def test_looking_at_a_site_stays_in_its_roots(
    run: CommandLine, studio: HostStudio, outside: Outside, words: tuple[str, ...]
) -> None:
    publish(studio, SYNCED, SYNCED)
    _, told = run(*words)
    outside.check()
    assert [one.get("found") for one in told] == ([0] if words[0] != "clean" else [])


def test_removal_stays_in_its_roots(
    run: CommandLine, studio: HostStudio, outside: Outside
) -> None:
    made = publish(studio, SYNCED, SYNCED)
    assert run("remove", made.id, "--yes")[0] == 0
    run("agent", "--once")
    outside.check()


def test_hosts_stay_in_their_roots(
    addon: Any, studio: HostStudio, outside: Outside
) -> None:
    made = publish(studio, SYNCED, SYNCED)
    counts = addon.validate_project(studio.project, MACHINE, reset_missing=True)
    assert counts == {"present": 0, "missing": len(ENTRIES)}
    outside.check()
    studio.set_row(made, MACHINE, SYNCED)
    addon.remove_site(studio.project, made.id, MACHINE, remove_local_files=True)
    outside.check()


def test_names_drive_no_terminal_and_make_no_lines(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "\x1b]0;title\x07\rfirst\nforged line\u202egnp.exr"
    made = studio.publish(studio.make_version(), "kept.exr", name)
    studio.set_row(made, "studio", SYNCED)
    studio.set_row(made, MACHINE, QUEUED)
    (studio.machine_root / name).mkdir()
    for words in (["agent", "--once"], ["scan"], ["explain", made.id]):
        main([*words, "--project", studio.project])
        said = capsys.readouterr()
        text = said.out + said.err
        assert "forged line" in text, words
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text), words
        assert not [one for one in text.splitlines() if one.startswith("forged")]
