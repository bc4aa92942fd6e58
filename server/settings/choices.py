"""What may be chosen in settings: AYON calls these, and fills arguments by name."""

from __future__ import annotations

from typing import Any

from ..host import BaseServerAddon, Postgres
from ..sql import QueryFile

EVERYONE = "everyone"
SERVICES = "services"

_SQL = QueryFile("settings")

PROVIDERS = {
    "gdrive": "Google Drive",
    "local_drive": "Local Drive",
    "dropbox": "Dropbox",
    "sftp": "SFTP",
    "rclone": "Rclone",
    "s3": "S3",
    "custom": "Custom",
}


def list_providers() -> list[dict[str, str]]:
    return [{"value": code, "label": label} for code, label in PROVIDERS.items()]


async def list_sites(
    addon: BaseServerAddon | None = None,
    settings_variant: str = "production",
    project_name: str | None = None,
) -> list[str]:
    """Return what an artist may choose as active or remote site."""
    if addon is None:
        return []
    settings: Any
    if project_name:
        settings = await addon.get_project_settings(
            project_name, variant=settings_variant
        )
    else:
        settings = await addon.get_studio_settings(variant=settings_variant)
    return ["local", "studio", *(site.name for site in settings.sites)]


async def list_credential_receivers() -> list[dict[str, str]]:
    """Return to whom a site's credentials may be handed."""
    groups = [
        row["name"] for row in await Postgres.fetch(_SQL.get("access_group_names"))
    ]
    return [
        {"value": EVERYONE, "label": "Everyone in the project"},
        {"value": SERVICES, "label": "Services"},
        *({"value": name, "label": f"Access group {name}"} for name in groups),
    ]
