"""The command line in this process, with `--json`, held against its reference."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.cli import main

REFERENCE = Path(__file__).parents[2] / "docs/command-line.md"
OWN_SHAPES = ("plan", "wait", "scan", "verify", "clean", "doctor")
"""Commands whose objects are no answers of the server."""


class CommandLine:
    """Types commands; each call gives the exit code and the objects that it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *always: str) -> None:
        self._capsys = capsys
        self._always = always

    def __call__(self, *words: str) -> tuple[int, list[dict[str, Any]]]:
        self._capsys.readouterr()
        code = main([*words, *self._always, "--json"])
        said = self._capsys.readouterr().out.splitlines()
        objects = [json.loads(line) for line in said]
        if words[0] in OWN_SHAPES:
            _check_keys(words[0], objects)
        return code, objects


def _check_keys(command: str, objects: list[dict[str, Any]]) -> None:
    """The reference names every key of what the command prints."""
    sections = REFERENCE.read_text(encoding="utf-8").split("\n### ")
    names = ("scan", "verify") if command == "verify" else (command,)
    text = "".join(one for one in sections if one.split("`")[1:2][0] in names)
    named = set(re.findall(r"`([a-zA-Z]+)`", text))
    assert {key for one in objects for key in one} <= named
