"""AYON's tables: the studio's once, a schema per project."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from ayon_server.exceptions import ConflictException
from ayon_server.lib.postgres import Postgres

_SQL_FILE = Path(__file__).with_name("ayon_schema.sql")

FOLDER_TYPES = ("Folder", "Asset", "Shot", "Sequence", "Episode", "Library")
TASK_TYPES = ("Generic", "Modeling", "Animation", "Compositing", "Lighting")
STATUSES = (
    ("Not ready", "NRD", "not_started"),
    ("Ready to start", "RDY", "not_started"),
    ("In progress", "PRG", "in_progress"),
    ("Pending review", "RVW", "in_progress"),
    ("Approved", "APP", "done"),
    ("On hold", "HLD", "blocked"),
)
TEMPLATES: dict[str, dict[str, Any]] = {
    "common": {
        "version_padding": 3,
        "version": "v{version:0>{@version_padding}}",
        "frame_padding": 4,
        "frame": "{frame:0>{@frame_padding}}",
    },
    "work": {
        "default": {
            "directory": "{root[work]}/{project[name]}/{hierarchy}/{folder[name]}"
            "/work/{task[name]}",
            "file": "{project[code]}_{folder[name]}_{task[name]}_{@version}<_{comment}>"
            ".{ext}",
        }
    },
    "publish": {
        "default": {
            "directory": "{root[work]}/{project[name]}/{hierarchy}/{folder[name]}"
            "/publish/{product[type]}/{product[name]}/{@version}",
            "file": "{project[code]}_{folder[name]}_{product[name]}_{@version}"
            "<_{output}><.{@frame}>.{ext}",
        }
    },
    "hero": {
        "default": {
            "directory": "{root[work]}/{project[name]}/{hierarchy}/{folder[name]}"
            "/publish/{product[type]}/{product[name]}/hero",
            "file": "{project[code]}_{folder[name]}_{product[name]}_hero.{ext}",
        }
    },
}
DEFAULT_ROOTS = {
    "work": {"windows": "C:/projects", "linux": "/mnt/projects", "darwin": "/projects"}
}


@cache
def _sections() -> dict[str, str]:
    """The SQL file's sections by name."""
    parts = re.split(r"(?m)^-- section: (\w+)$", _SQL_FILE.read_text())
    return dict(zip(parts[1::2], parts[2::2], strict=True))


async def create_studio() -> None:
    """Create AYON's public tables in an empty database."""
    await Postgres.execute(_sections()["public"])


async def has_studio() -> bool:
    """Whether the database holds the public tables."""
    row = await Postgres.fetchrow("SELECT to_regclass('public.projects') AS found")
    return row["found"] is not None


async def create_project(
    name: str,
    code: str,
    *,
    library: bool = False,
    roots: dict[str, dict[str, str]] | None = None,
) -> None:
    """Create a project: its row, its schema, its types and statuses.

    :param roots: `{root: {windows, linux, darwin}}`; the defaults when None.
    :raises ConflictException: the name or the code is taken.
    """
    config = {"roots": roots or DEFAULT_ROOTS, "templates": TEMPLATES}
    async with Postgres.transaction() as connection:
        try:
            await connection.execute(
                "INSERT INTO public.projects (name, code, library, config) "
                "VALUES ($1, $2, $3, $4)",
                name,
                code,
                library,
                config,
            )
        except Postgres.UniqueViolationError:
            msg = f"Project {name} or project code {code} already exists"
            raise ConflictException(msg) from None
        await connection.execute(f"CREATE SCHEMA project_{name}")
        await connection.execute(f"SET LOCAL search_path TO project_{name}")
        await connection.execute(_sections()["project"])
        for table, rows in _project_rows().items():
            await connection.executemany(
                f"INSERT INTO {table} (name, position, data) VALUES ($1, $2, $3)",
                rows,
            )
        await connection.execute("SET LOCAL search_path TO public")


def _project_rows() -> dict[str, list[tuple[str, int, dict[str, Any]]]]:
    """Rows of the project's type tables by table name."""
    return {
        "folder_types": [(name, i, {}) for i, name in enumerate(FOLDER_TYPES)],
        "task_types": [(name, i, {}) for i, name in enumerate(TASK_TYPES)],
        "statuses": [
            (name, i, {"shortName": short, "state": state})
            for i, (name, short, state) in enumerate(STATUSES)
        ],
    }


async def drop_project(name: str) -> None:
    """Drop a project's schema, with the addon's tables in it, and its row."""
    async with Postgres.transaction() as connection:
        await connection.execute(f"DROP SCHEMA IF EXISTS project_{name} CASCADE")
        await connection.execute("DELETE FROM public.projects WHERE name = $1", name)


async def rename_project(old_name: str, new_name: str) -> None:
    """Rename a project and its schema."""
    async with Postgres.transaction() as connection:
        await connection.execute(
            f"ALTER SCHEMA project_{old_name} RENAME TO project_{new_name}"
        )
        await connection.execute(
            "UPDATE public.projects SET name = $2 WHERE name = $1", old_name, new_name
        )


def make_anatomy(project: dict[str, Any]) -> dict[str, Any]:
    """The anatomy of a project as AYON's settings model shows it (snake_case)."""
    roots = project["config"].get("roots", {})
    templates = project["config"].get("templates", TEMPLATES)
    categories = {
        category: [{"name": name, **paths} for name, paths in items.items()]
        for category, items in templates.items()
        if category != "common"
    }
    return {
        "roots": [{"name": name, **paths} for name, paths in roots.items()],
        "templates": {
            **templates.get("common", {}),
            "work": [],
            "publish": [],
            "hero": [],
            "delivery": [],
            "staging": [],
            "others": [],
            **categories,
        },
        "attributes": project["attrib"],
        "folder_types": project.get("folderTypes", []),
        "task_types": project.get("taskTypes", []),
        "link_types": project.get("linkTypes", []),
        "statuses": project.get("statuses", []),
        "tags": project.get("tags", []),
    }
