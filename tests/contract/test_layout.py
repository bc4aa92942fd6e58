"""Rules on names, versions and imports that no linter of ours can state.

AYON's server patches `__import__`: an absolute import by server code whose first part
is also a name in the addon's root is sent there. No top-level name may hide a module.
"""

import ast
import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "client/ayon_sitesync"

ALLOWED_TOP_LEVEL = {
    ".ci",
    ".git",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "client",
    "create_package.py",
    "devhost",
    "docs",
    "frontend",
    "package",  # what create_package.py writes
    "package.py",
    "pyproject.toml",
    "requirements",
    "server",
    "tests",
}
# Made by the tools on a developer's machine; git ignores them.
LOCAL_TOP_LEVEL = re.compile(r"\.venv.*|\.build|\.hypothesis|\..*_cache.*|__pycache__")

BANNED_NAMES = {"utils.py", "helpers.py", "lib.py", "manager.py"}
# Import paths that other addons use: they only re-export, nothing of ours uses them.
FROZEN_MODULES = {
    "ayon_sitesync.utils",
    "ayon_sitesync.sitesync",
    "ayon_sitesync.providers.lib",
    "ayon_sitesync.providers.abstract_provider",
}
# Where AYON enters the client. They may import all, nothing imports them.
ENTRY_MODULES = (
    "ayon_sitesync.addon",
    "ayon_sitesync.plugins",
    "ayon_sitesync.launch_hooks",
)


def python_files(*folders: str) -> list[Path]:
    """Our Python files; the stand-ins for AYON's modules have AYON's names."""
    found = [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not path.is_relative_to(ROOT / "devhost/stubs")
    ]
    assert found, folders
    return found


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, root: Path) -> Iterator[tuple[str, bool]]:
    """Every module that `path` imports, anywhere in it, absolute: (name, is relative).

    `from a import b` gives a and a.b, as b may be a module.
    """
    package = module_name(path, root).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module, bool(node.level)
            for alias in node.names:
                yield f"{module}.{alias.name}", bool(node.level)


def is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def importers(folder: str, root: Path, *packages: str) -> set[str]:
    """Files of `folder` that import one of `packages`, relative to `root`."""
    return {
        path.relative_to(root).as_posix()
        for path in python_files(folder)
        for module, _ in imported_modules(path, root)
        if any(is_below(module, package) for package in packages)
    }


def server_dependency_modules() -> set[str]:
    """Top-level modules of what our server half needs, and of all that those need."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    pending = [Requirement(text) for text in groups["server"]]
    seen: set[str] = set()
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate()):
            continue
        seen.add(name)
        pending += [
            Requirement(text)
            for text in importlib.metadata.requires(name) or []
            if "extra ==" not in text
        ]
    return {
        module
        for module, names in importlib.metadata.packages_distributions().items()
        if seen & {canonicalize_name(name) for name in names}
    } | {"ayon_server", "nxtools"}


# --- names ---------------------------------------------------------------------------


def test_top_level_holds_only_what_the_layout_names() -> None:
    present = {path.name for path in ROOT.iterdir()}
    strangers = {name for name in present if not LOCAL_TOP_LEVEL.fullmatch(name)}
    assert strangers <= ALLOWED_TOP_LEVEL


def test_no_top_level_name_hides_a_module_from_the_server() -> None:
    names = {path.name.removesuffix(".py") for path in ROOT.iterdir()}
    dependencies = server_dependency_modules()
    assert {"fastapi", "pydantic", "starlette", "graphql"} <= dependencies
    assert not names & (set(sys.stdlib_module_names) | dependencies)


def test_no_file_has_a_name_that_says_nothing() -> None:
    frozen = {f"{name.replace('.', '/')}.py" for name in FROZEN_MODULES}
    found = {
        path.relative_to(ROOT).as_posix().removeprefix("client/")
        for path in python_files("server", "client", "devhost", "tests")
        if path.name in BANNED_NAMES or path.stem == "common"
    }
    assert found <= frozen


# --- version -------------------------------------------------------------------------


def package_version() -> str:
    namespace: dict[str, str] = {}
    exec((ROOT / "package.py").read_text(), namespace)
    return namespace["version"]


def test_sources_do_not_repeat_the_version() -> None:
    sources = [
        *python_files("server", "client", "devhost"),
        ROOT / "create_package.py",
        *(
            path
            for path in (ROOT / "frontend/src").rglob("*")
            if path.suffix in {".ts", ".tsx", ".css"} and ".test." not in path.name
        ),
    ]
    version = package_version()
    assert [path for path in sources if version in path.read_text("utf-8")] == []


def test_python_sources_assign_no_version() -> None:
    literal = re.compile(r"""^\s*__version__\b[^=\n]*=\s*["']""", re.MULTILINE)
    assert [
        path
        for path in python_files("server", "client", "devhost")
        if literal.search(path.read_text("utf-8"))
    ] == []


def test_build_files_have_no_version_of_their_own() -> None:
    for name in ("pyproject.toml", "client/pyproject.toml"):
        settings = tomllib.loads((ROOT / name).read_text())
        assert "version" not in settings.get("project", {})
        assert "version" not in settings.get("tool", {}).get("poetry", {})
    for name in ("package.json", "package-lock.json"):
        panel = json.loads((ROOT / "frontend" / name).read_text())
        assert panel.get("version", "0.0.0") == "0.0.0"


def test_lock_of_the_panel_is_complete() -> None:
    """`npm ci` refuses a lock that lacks a package, for another platform too.

    A lock made where a platform's package cannot be found leaves it out silently.
    """
    locked = json.loads((ROOT / "frontend/package-lock.json").read_text())["packages"]
    names = {path.rpartition("node_modules/")[2] for path in locked}
    wanted = {
        (path, name)
        for path, package in locked.items()
        for kind in ("dependencies", "optionalDependencies")
        for name in package.get(kind, {})
    }
    assert wanted
    assert {(path, name) for path, name in wanted if name not in names} == set()


# --- imports -------------------------------------------------------------------------


def test_ayon_server_is_imported_at_one_place() -> None:
    assert importers("server", ROOT, "ayon_server", "nxtools") == {"server/host.py"}


def test_server_imports_itself_relatively() -> None:
    """AYON loads the server half under a name of its own choice."""
    assert [
        (path.relative_to(ROOT).as_posix(), module)
        for path in python_files("server")
        for module, is_relative in imported_modules(path, ROOT)
        if is_below(module, "server") and not is_relative
    ] == []


def test_nothing_imports_where_ayon_enters_the_client() -> None:
    inside = ("ayon_sitesync/addon.py", "ayon_sitesync/plugins/")
    inside += ("ayon_sitesync/launch_hooks/",)
    found = importers("client", CLIENT.parent, *ENTRY_MODULES)
    outside = {name for name in found if not name.startswith(inside)}
    # The package gives its addon class lazily, as AYON looks it up there.
    assert outside <= {"ayon_sitesync/__init__.py"}


@pytest.mark.parametrize("folder", ["client", "devhost"])
def test_frozen_import_paths_are_for_others_only(folder: str) -> None:
    frozen = {f"{name.replace('.', '/')}.py" for name in FROZEN_MODULES}
    root = CLIENT.parent if folder == "client" else ROOT
    assert importers(folder, root, *FROZEN_MODULES) <= frozen


def test_the_transfer_engine_is_kept_from_each_concrete_provider() -> None:
    """What import-linter forbids it is a list of names, which must be whole."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    (forbidden,) = (
        contract["forbidden_modules"]
        for contract in tools["importlinter"]["contracts"]
        if contract.get("source_modules") == ["ayon_sitesync.transfer"]
    )
    contracts = {"__init__", "base", "registry"}
    concrete = {
        f"ayon_sitesync.providers.{path.stem}"
        for path in (CLIENT / "providers").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
        if path.stem not in contracts
    }
    assert concrete <= set(forbidden)


def test_ayon_core_is_imported_only_at_the_edges_of_the_client() -> None:
    edges = ("ayon_sitesync/addon.py", "ayon_sitesync/host.py")
    edges += ("ayon_sitesync/plugins/", "ayon_sitesync/launch_hooks/")
    found = importers("client", CLIENT.parent, "ayon_core")
    assert {name for name in found if not name.startswith(edges)} == set()


def test_the_server_is_called_at_one_place_of_the_client() -> None:
    found = importers("client", CLIENT.parent, "ayon_api")
    assert found
    assert {
        name for name in found if not name.startswith("ayon_sitesync/server_api/")
    } == set()
