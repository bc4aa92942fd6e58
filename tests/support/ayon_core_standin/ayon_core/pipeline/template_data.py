from __future__ import annotations

from typing import Any


def get_template_data(
    project: Any, folder: Any, task: Any, host_name: str, settings: Any
) -> dict[str, Any]:
    """What the paths of templates are made from."""
    return {
        "project": {"name": project["name"], "code": project["code"]},
        "hierarchy": "/".join(folder["path"].split("/")[1:-1]),
        "folder": {"name": folder["name"]},
        "task": {"name": task["name"], "type": task["taskType"]},
        "app": host_name,
    }
