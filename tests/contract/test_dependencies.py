"""What the client imports is what its dependency package is asked to have."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CLIENT = Path(__file__).parents[2] / "client"
PACKAGE = CLIENT / "ayon_sitesync"
# AYON's processes have these; where they do not, what needs them is not loaded.
OF_AYON = {"aiohttp", "ayon_api", "ayon_applications", "ayon_core", "pyblish", "qtpy"}
OF_AYON_API = {"requests"}
OF_PARAMIKO = {"cryptography"}


def find_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            "import_module"
        ):
            yield ast.unparse(node.args[0]).removeprefix("f").strip("'\"")


@pytest.fixture(scope="module")
def asked() -> dict[str, dict[str, Any]]:
    """Packages for the launcher, and for host applications too."""
    described = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "launcher": described["tool"]["poetry"]["dependencies"],
        "hosts": described["ayon"]["runtimeDependencies"],
    }


def test_every_third_party_is_asked_for(asked: dict[str, dict[str, Any]]) -> None:
    imported = {
        name.split(".")[0]
        for path in PACKAGE.rglob("*.py")
        for name in find_imports(path)
    }
    brought = {*OF_AYON, *OF_AYON_API, *OF_PARAMIKO}
    own = {"ayon_sitesync", *sys.stdlib_module_names, *brought}
    third = {name for name in imported - own if name}
    # ayon_api's event hub imports websocket, nothing of ours does.
    assert third | {"websocket-client"} == {*asked["launcher"], *asked["hosts"]}


def test_no_package_is_asked_for_twice(asked: dict[str, dict[str, Any]]) -> None:
    """AYON's tool gives hosts nothing that it found among the launcher's."""
    assert not asked["launcher"].keys() & asked["hosts"].keys()
