"""Google Drive."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import EVERYWHERE, SHARED, PathPerPlatform, PathsPerPlatform


class GoogleDriveSettings(BaseSettingsModel):
    """Specific settings for Google Drive sites.

    The service account of `credentials_url` must have access to the shared folder or
    drive. A personal drive needs the prefix `/My Drive` in the root folder.
    """

    _layout: str = "expanded"

    credentials_url: PathsPerPlatform = SettingsField(
        title="Credentials url",
        scope=EVERYWHERE,
        default_factory=PathsPerPlatform,
        description="Path to credentials .json available on shared disk.",
    )
    roots: str = SettingsField(
        "",
        title="GDrive root folder",
        scope=SHARED,
        description="Root folder on Google Drive",
    )
    rclone_executable_path: PathPerPlatform = SettingsField(
        default_factory=PathPerPlatform,
        title="RClone Executable Path",
        scope=SHARED,
        description=(
            "Path to the rclone program that moves the files; empty means the addon's "
            "own or the one on PATH. Environment variables: {LOCALAPPDATA}/path."
        ),
    )
