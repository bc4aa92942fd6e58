"""Dropbox."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import EVERYWHERE, SHARED


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
