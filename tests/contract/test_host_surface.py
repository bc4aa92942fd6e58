"""`server/host.py` and the stand-in `ayon_server` agree.

Everything that the addon imports is offered, and nothing is offered that neither the
addon, nor the devhost, nor the stand-in itself, nor a test of the devhost needs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STUBS = ROOT / "devhost" / "stubs"
HOST = ROOT / "server" / "host.py"


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of every `from ayon_server... import name`."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            if module.split(".")[0] == "ayon_server":
                yield from ((module, alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.split(".")[0] != "ayon_server", (
                    f"{path}: import {alias.name}"
                )


def module_path(module: str) -> Path:
    base = STUBS / Path(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def module_name(path: Path) -> str:
    parts = path.relative_to(STUBS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def definitions(path: Path) -> set[str]:
    """Public names that a module binds at its top level."""
    names: set[str] = set()
    for node in parse(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def offered(path: Path) -> set[str]:
    """What can be imported from a module: definitions and re-exports."""
    names = definitions(path)
    for node in parse(path).body:
        if isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names | {"__version__"}


def used_inside(path: Path, name: str) -> bool:
    """Whether the module uses a name that it binds itself."""
    loads = [
        node
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
    ]
    return bool(loads)


@pytest.mark.parametrize(("module", "name"), sorted(set(imports_of(HOST))))
def test_stand_in_offers_what_the_addon_imports(module: str, name: str) -> None:
    path = module_path(module)
    assert path.is_file(), f"the stand-in has no {module}"
    assert name in offered(path), f"{module} of the stand-in has no {name}"


def test_only_the_host_module_of_the_addon_imports_ayon_server() -> None:
    others = [path for path in (ROOT / "server").rglob("*.py") if path != HOST]
    assert others
    assert [path for path in others if list(imports_of(path))] == []


def test_stand_in_offers_nothing_that_nobody_uses() -> None:
    stubs = sorted(STUBS.rglob("*.py"))
    users = [
        HOST,
        *(ROOT / "devhost").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
    ]
    imported = {item for path in users for item in imports_of(path)}
    # A name imported through a package counts for the module that defines it.
    names = {name for _module, name in imported}
    unused = [
        f"{module_name(path)}.{name}"
        for path in stubs
        for name in sorted(definitions(path))
        if name not in names and not used_inside(path, name)
    ]
    assert unused == []
