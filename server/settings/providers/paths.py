"""Paths that differ by platform."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField

EVERYWHERE = ["studio", "project", "site"]
SHARED = ["studio", "project"]


class PathsPerPlatform(BaseSettingsModel):
    """Lists of paths; the first that exists is used."""

    windows: list[str] = SettingsField(default_factory=list, scope=EVERYWHERE)
    linux: list[str] = SettingsField(default_factory=list, scope=EVERYWHERE)
    darwin: list[str] = SettingsField(default_factory=list, scope=EVERYWHERE)


class PathPerPlatform(BaseSettingsModel):
    windows: str = SettingsField("", title="Windows")
    linux: str = SettingsField("", title="Linux")
    darwin: str = SettingsField("", title="MacOS")
