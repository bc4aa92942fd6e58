from __future__ import annotations

from typing import Any


def get_template_data(
    project: Any, folder: Any, task: Any, host_name: str, settings: Any
) -> dict[str, Any]:
    return {"folder": folder["name"], "task": task["name"]}
