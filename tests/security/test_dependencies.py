"""What we depend on: pinned with hashes, and under licences that go with Apache-2.0.

Known vulnerabilities are asked for with `make audit`, which needs the network.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 OR BSD-3-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "PSF-2.0",
    "Apache Software License",
    "MIT License",
}
"""May be part of what ships."""
ON_MACHINES = {"paramiko": "LGPL-2.1"}
"""Used as they are, installed by AYON's dependency tool, in no package of ours."""


def find_licence(package: str) -> str:
    """What an installed package says of itself, in its words."""
    told = metadata(package)
    classifiers = told.get_all("Classifier") or []
    named = [each for each in classifiers if each.startswith("License :: OSI")]
    found = told.get("License-Expression") or (named[0] if named else told["License"])
    return str(found).rpartition(" :: ")[2]


def list_bundled() -> dict[str, Any]:
    """What the panel's bundle may hold, from the lock file."""
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text())
    return {
        name.removeprefix("node_modules/"): entry
        for name, entry in lock["packages"].items()
        if name and not entry.get("dev")
    }


def test_python_packages_are_pinned_with_hashes() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert len(locks) >= 5
    for lock in locks:
        text = lock.read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and line[0] not in " #"]
        assert lines
        for line in lines:
            assert re.match(r"[\w.\-\[\]]+==[\w.]+ ", line), (lock.name, line)
            assert "--hash=sha256:" in line, (lock.name, line)
        assert "://" not in text, lock.name


def test_make_installs_nothing_without_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = re.findall(r"pip install.*", makefile)
    assert installs
    assert all("--require-hashes" in line for line in installs)
    assert "npm install" not in makefile


def test_node_packages_are_pinned_with_hashes() -> None:
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert [name for name, each in packages.items() if not each.get("integrity")] == []
    described = json.loads((ROOT / "frontend/package.json").read_text())
    wanted = {**described["dependencies"], **described["devDependencies"]}
    loose = [name for name, version in wanted.items() if not version[0].isdigit()]
    assert loose == []


def test_what_the_panel_bundles_may_ship() -> None:
    licences = {name: each["license"] for name, each in list_bundled().items()}
    assert "react" in licences
    assert set(licences.values()) <= PERMISSIVE, licences


def test_what_the_client_asks_for_may_be_used() -> None:
    described = tomllib.loads((ROOT / "client/pyproject.toml").read_text())
    asked = {
        *described["tool"]["poetry"]["dependencies"],
        *described["ayon"]["runtimeDependencies"],
    }
    licences = {name: find_licence(name) for name in asked}
    allowed = {name: {*PERMISSIVE, ON_MACHINES.get(name)} for name in asked}
    assert [each for each in asked if licences[each] not in allowed[each]] == []


def test_nothing_that_ships_unpacks_an_archive() -> None:
    """So no archive of others can write beside its folder or fill a disk."""
    unpacking = {"zipfile", "tarfile", "unpack_archive", "shutil.unpack_archive"}
    for folder in ("client/ayon_sitesync", "server"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = {
                    *(
                        alias.name
                        for alias in getattr(node, "names", ())
                        if isinstance(alias, ast.alias)
                    ),
                    getattr(node, "module", None),
                    getattr(node, "attr", None),
                }
                assert not names & unpacking, path
