"""A disk or mounted storage."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import EVERYWHERE


class RootSettings(BaseSettingsModel):
    """A root path per platform, as in a project's anatomy."""

    _layout: str = "expanded"

    name: str = SettingsField(
        ..., title="Root name", regex="^[a-zA-Z0-9_]{1,}$", example="work"
    )
    windows: str = SettingsField("", title="Windows", example="C:/projects")
    linux: str = SettingsField("", title="Linux", example="/mnt/share/projects")
    darwin: str = SettingsField("", title="Darwin", example="/Volumes/projects")


def default_roots() -> list[RootSettings]:
    return [
        RootSettings(
            name="work",
            windows="C:/projects",
            linux="/mnt/share/projects",
            darwin="/Volumes/projects",
        )
    ]


class LocalDriveSettings(BaseSettingsModel):
    """Specific settings for Local Drive sites."""

    _layout: str = "compact"

    roots: list[RootSettings] = SettingsField(
        default_factory=default_roots,
        scope=EVERYWHERE,
        title="Roots",
        description="Setup root paths for the project",
    )
