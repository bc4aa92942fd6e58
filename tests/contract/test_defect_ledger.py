"""`docs/defect-ledger.md`: every known defect has tests, which exist and run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "docs/defect-ledger.md"
DEFECTS = sorted([*(f"D{number}" for number in range(1, 59)), "D41b"])
# What `make test` and `make test-ci` run.
SUITES = {"unit", "contract", "ayon", "property", "integration", "faults", "e2e", "ci"}
SWITCHED_OFF = {"skip", "skipif", "skipTest", "importorskip", "xfail"}
SWITCHED_OFF_TITLE = re.compile(
    r"\b(describe|it|test)\.(skip|skipIf|runIf|todo|fails)\b|\bx(it|describe)\("
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_ledger() -> list[tuple[str, list[str]]]:
    """The defects in the page's order, each with the names of its tests."""
    found: list[tuple[str, list[str]]] = []
    for line in LEDGER.read_text("utf-8").splitlines():
        if defect := re.match(r"- \*\*(D\d+b?)\*\* \S", line):
            found.append((defect[1], []))
        elif test := re.fullmatch(r" {4}- `(.+)`", line):
            found[-1][1].append(test[1])
    return found


def list_tests(*suffixes: str) -> list[str]:
    tests = {name for _, names in read_ledger() for name in names}
    return sorted(name for name in tests if name.partition("::")[0].endswith(suffixes))


def find_function(tree: ast.Module, name: str) -> tuple[Function | None, list[ast.AST]]:
    """A module's test function, and what may switch it off: it and module marks."""
    marks: list[ast.AST] = [
        node
        for node in tree.body
        if not isinstance(node, Function | ast.ClassDef | ast.Import | ast.ImportFrom)
    ]
    for node in tree.body:
        if isinstance(node, Function) and node.name == name:
            return node, [node, *marks]
    return None, marks


def names_in(node: ast.AST) -> set[str]:
    """All names and attributes that appear in a piece of code."""
    inside = list(ast.walk(node))
    return {each.id for each in inside if isinstance(each, ast.Name)} | {
        each.attr for each in inside if isinstance(each, ast.Attribute)
    }


def has_title(source: str, title: str) -> bool:
    """Whether `it("<title>"` or `it.each([...])("<title>"` is there."""
    return (
        re.search(rf'(?:\bit|\]\))\(\s*"{re.escape(title)}"', source, re.MULTILINE)
        is not None
    )


def test_every_defect_is_listed_once_with_its_tests() -> None:
    ledger = read_ledger()
    assert sorted(defect for defect, _ in ledger) == DEFECTS
    assert [defect for defect, tests in ledger if not tests] == []
    listed = [name for _, tests in ledger for name in tests]
    assert sorted(set(listed)) == list_tests(".py", ".test.ts", ".test.tsx")


@pytest.mark.parametrize("name", list_tests(".py"))
def test_python_test_exists_and_runs(name: str) -> None:
    path, _, function = name.partition("::")
    parts = Path(path).parts
    assert (parts[0], parts[1] in SUITES) == ("tests", True)
    assert parts[-1].startswith("test_")
    assert function.startswith("test_")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    found, relevant = find_function(tree, function)
    assert found is not None, f"{path} has no {function}"
    for node in relevant:
        assert not names_in(node) & SWITCHED_OFF, ast.unparse(node)


@pytest.mark.parametrize("name", list_tests(".test.ts", ".test.tsx"))
def test_panel_test_exists_and_runs(name: str) -> None:
    path, _, title = name.partition("::")
    assert path.startswith("frontend/src/")
    source = (ROOT / path).read_text("utf-8")
    assert has_title(source, title), f"{path} has no test {title!r}"
    assert SWITCHED_OFF_TITLE.search(source) is None
