"""A provider of the studio's own."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import EVERYWHERE, SHARED


class CustomSettings(BaseSettingsModel):
    """A provider that the studio wrote: an installed package, or a provider folder."""

    _layout: str = "expanded"

    code: str = SettingsField(
        "",
        title="Code",
        scope=SHARED,
        description="The code under which the provider is known to the client",
    )
    settings: str = SettingsField(
        "{}",
        title="Settings (JSON)",
        scope=EVERYWHERE,
        widget="textarea",
        syntax="json",
        description=(
            "An object, handed to the provider as it is. Secrets: "
            '{"password": "{secret:NAME}"}'
        ),
    )
    roots: str = SettingsField(
        "",
        title="Roots",
        scope=SHARED,
        description=(
            "Folder of the root 'work'; other roots are folders in it, or {root} "
            "stands for their names"
        ),
    )
