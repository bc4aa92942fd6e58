"""Sparse overrides: nested dictionaries of what differs; lists are stored whole."""

import inspect
from typing import Any, get_origin

from pydantic import ValidationError, parse_obj_as

from ayon_server.logging import logger
from ayon_server.settings.models import BaseSettingsModel


def apply_overrides(
    settings: BaseSettingsModel, overrides: dict[str, Any]
) -> BaseSettingsModel:
    """A new object with the overrides in place; unknown keys are ignored."""
    return type(settings)(**_merge(settings, overrides))


def _merge(settings: BaseSettingsModel, overrides: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name in settings.__fields__:
        value = getattr(settings, name)
        if isinstance(value, BaseSettingsModel):
            result[name] = _merge(value, overrides.get(name, {}))
        else:
            result[name] = overrides.get(name, value)
    return result


def extract_overrides(
    default: BaseSettingsModel,
    overriden: BaseSettingsModel,
    existing: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What differs from the default, plus what is overridden already."""
    existing = existing or {}
    result: dict[str, Any] = {}
    for name in default.__fields__:
        old, new = getattr(default, name), getattr(overriden, name)
        if isinstance(old, BaseSettingsModel) and not old._isGroup:
            if old.dict() != new.dict() or name in existing:
                result[name] = extract_overrides(old, new, existing.get(name))
        elif old != new or name in existing:
            result[name] = overriden.dict()[name]
    return result


def migrate_settings_overrides(
    old_data: dict[str, Any],
    new_model_class: type[BaseSettingsModel],
    defaults: dict[str, Any],
    custom_conversions: dict[str, Any] | None = None,
    parent_key: str = "",
) -> dict[str, Any]:
    """AYON's best guess: known keys that still validate, the rest is dropped."""
    result: dict[str, Any] = {}
    for name, value in old_data.items():
        field = new_model_class.__fields__.get(name)
        path = f"{parent_key}.{name}" if parent_key else name
        if field is None:
            logger.warning(f"Skipping unknown key: {path}")
            continue
        is_model = inspect.isclass(field.type_) and issubclass(
            field.type_, BaseSettingsModel
        )
        if is_model and isinstance(value, dict):
            result[name] = migrate_settings_overrides(
                value, field.type_, {}, None, path
            )
        elif is_model and get_origin(field.outer_type_) is list:
            result[name] = [
                migrate_settings_overrides(item, field.type_, {}, None, path)
                for item in value
            ]
        else:
            try:
                result[name] = parse_obj_as(field.outer_type_, value)
            except ValidationError:
                logger.warning(f"Failed to validate {path}")
    return result
