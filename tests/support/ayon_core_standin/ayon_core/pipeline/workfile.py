from __future__ import annotations

from typing import Any


def get_workfile_template_key(
    task_name: str, host_name: str, project_name: str, settings: Any
) -> str:
    return "default"
