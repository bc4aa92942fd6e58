"""Named queries out of the `.sql` files beside this module.

A query starts at a line `-- name: <name>` and ends at the next one. `{schema}` in a
query becomes the quoted schema of a project; other `{words}` are fragments, which are
named queries too. Nothing else is ever put into a query: values are bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_PROJECT_NAME = re.compile(r"[a-zA-Z0-9_]+")


def project_schema(project_name: str) -> str:
    """Return the quoted schema of a project; AYON's schemas are lower case.

    :raises ValueError: this cannot be the name of a project.
    """
    if not _PROJECT_NAME.fullmatch(project_name):
        msg = f"{project_name!r} is no project name"
        raise ValueError(msg)
    return f'"project_{project_name.lower()}"'


@cache
def _queries(file_name: str) -> dict[str, str]:
    text = (_FOLDER / f"{file_name}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    return {
        name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)
    }


class QueryFile:
    """The queries of one `.sql` file."""

    def __init__(self, name: str) -> None:
        self._queries = _queries(name)

    def get(
        self,
        name: str,
        project_name: str | None = None,
        **fragments: str | Sequence[str],
    ) -> str:
        """Return a query; `fragments` maps a `{word}` to the names of its fragments.

        :raises KeyError: no such query or fragment in the file.
        """
        sql = self._queries[name]
        for word, chosen in fragments.items():
            names = [chosen] if isinstance(chosen, str) else chosen
            text = "\n".join(self._queries[fragment] for fragment in names)
            sql = sql.replace(f"{{{word}}}", text)
        if project_name is None:
            return sql
        return sql.replace("{schema}", project_schema(project_name))


def migrations(scope: str) -> list[tuple[str, str]]:
    """Return (name, SQL) of all migrations of `project` or `public`, in order."""
    files = sorted((_FOLDER / "migrations" / scope).glob("*.sql"))
    return [(file.stem, file.read_text(encoding="utf-8")) for file in files]
