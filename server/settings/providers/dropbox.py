"""Dropbox."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import EVERYWHERE, SHARED, PathPerPlatform


class DropboxSettings(BaseSettingsModel):
    """Specific settings for Dropbox sites."""

    _layout: str = "expanded"

    token: str = SettingsField(
        "",
        title="Access token",
        scope=EVERYWHERE,
        description="API access token",
    )
    team_folder_name: str = SettingsField("", title="Team Folder Name", scope=SHARED)
    acting_as_member: str = SettingsField(
        "", title="Acting As Member", scope=EVERYWHERE
    )
    roots: str = SettingsField(
        "",
        title="Roots",
        scope=EVERYWHERE,
        description="Root folder on Dropbox",
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
