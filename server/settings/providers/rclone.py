"""Any remote that rclone knows."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import SHARED, PathPerPlatform


def list_config_types() -> list[dict[str, str]]:
    return [
        {"value": "config_file", "label": "Use File Config"},
        {"value": "config_web", "label": "Use Web Config"},
    ]


class RcloneFileSettings(BaseSettingsModel):
    remote_name: str = SettingsField(
        "",
        title="Remote Name from the rclone config",
        scope=SHARED,
        description="The name of the remote as defined in rclone.conf",
    )
    rclone_config_path: PathPerPlatform = SettingsField(
        default_factory=PathPerPlatform,
        title="RClone Config Path (.conf)",
        scope=SHARED,
        description="Path to the rclone.conf file",
    )


class RcloneParameterSettings(BaseSettingsModel):
    _layout: str = "compact"

    key: str = SettingsField(title="Key")
    value: str = SettingsField(title="Value")


class RcloneWebSettings(BaseSettingsModel):
    type: str = SettingsField(
        "", title="Type", scope=SHARED, description="e.g. webdav, S3"
    )
    config_params: list[RcloneParameterSettings] = SettingsField(
        default_factory=list, title="Config Parameters"
    )


class RcloneSettings(BaseSettingsModel):
    """Specific settings for RClone sites."""

    rclone_executable_path: PathPerPlatform = SettingsField(
        default_factory=PathPerPlatform,
        title="RClone Executable Path",
        scope=SHARED,
        description=(
            "Path to the rclone executable; empty means the addon's own or the one on "
            "PATH. Environment variables are expanded: {LOCALAPPDATA}/path."
        ),
    )
    config_type: str = SettingsField(
        "config_web",
        title="Config Type",
        enum_resolver=list_config_types,
        conditional_enum=True,
        description="A configuration file (.conf), or parameters given here",
    )
    config_file: RcloneFileSettings = SettingsField(
        default_factory=RcloneFileSettings,
        title="RClone File Config",
        description="An existing rclone.conf; environment variables are expanded",
    )
    config_web: RcloneWebSettings = SettingsField(
        default_factory=RcloneWebSettings,
        title="RClone Web Config",
        description="The keys of the rclone.conf, no file needed",
    )
    root: str = SettingsField(
        "",
        title="Root Folder",
        scope=SHARED,
        description="Root folder on the remote storage.",
    )
    additional_args: list[str] = SettingsField(
        default_factory=list,
        title="Additional Arguments",
        scope=SHARED,
        description="Extra flags for rclone (e.g. ['--checkers=16'])",
    )
