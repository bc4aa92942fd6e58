from __future__ import annotations

from typing import Any

from ayon_core.lib import filter_profiles


def get_workfile_template_key(
    project_name: str, task_type: str, host_name: str, project_settings: dict[str, Any]
) -> str:
    """The name of the work template that the settings give for a kind of task."""
    tools = project_settings["core"]["tools"]
    profile = filter_profiles(
        tools["Workfiles"]["workfile_template_profiles"],
        {"task_types": task_type, "host_names": host_name},
    )
    return str(profile["workfile_template"]) if profile else "work"
