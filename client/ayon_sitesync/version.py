"""The addon's version. Packaging replaces this module by one with the literal.

In the source tree the version is read from the root `package.py` without importing
it, so that no second literal can disagree.
"""

from __future__ import annotations

import ast
from pathlib import Path


def read_version(package_file: Path) -> str:
    """The value assigned to `version` in an AYON `package.py`.

    Raises `ValueError` when the file assigns no literal to it.
    """
    tree = ast.parse(package_file.read_text(encoding="utf-8"))
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "version" for t in node.targets)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            return node.value.value
    raise ValueError(f"{package_file} assigns no string to 'version'.")


__version__ = read_version(Path(__file__).resolve().parents[2] / "package.py")
