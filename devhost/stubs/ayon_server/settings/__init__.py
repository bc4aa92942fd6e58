"""Settings models and their overrides."""

from ayon_server.settings.enum import secrets_enum
from ayon_server.settings.models import (
    BaseSettingsModel,
    MultiplatformPathListModel,
    MultiplatformPathModel,
    SettingsField,
)
from ayon_server.settings.overrides import (
    apply_overrides,
    extract_overrides,
    migrate_settings_overrides,
)
from ayon_server.settings.validators import ensure_unique_names, normalize_name

__all__ = [
    "BaseSettingsModel",
    "MultiplatformPathListModel",
    "MultiplatformPathModel",
    "SettingsField",
    "apply_overrides",
    "ensure_unique_names",
    "extract_overrides",
    "migrate_settings_overrides",
    "normalize_name",
    "secrets_enum",
]
