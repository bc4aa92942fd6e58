"""Base of settings models."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo, Undefined

from ayon_server.utils import json_dumps, json_loads

# What AYON keeps of a field beside pydantic's own arguments; it drops the rest.
_EXTRAS = frozenset(
    {
        "conditional_enum",
        "disabled",
        "enum_resolver",
        "example",
        "layout",
        "placeholder",
        "required_items",
        "scope",
        "section",
        "syntax",
        "tags",
        "widget",
    }
)
_PYDANTIC = frozenset(
    {
        "alias",
        "allow_inf_nan",
        "allow_mutation",
        "decimal_places",
        "description",
        "discriminator",
        "ge",
        "gt",
        "le",
        "lt",
        "max_digits",
        "max_items",
        "max_length",
        "min_items",
        "min_length",
        "multiple_of",
        "regex",
        "repr",
        "title",
        "unique_items",
    }
)


class BaseSettingsModel(BaseModel):
    _isGroup: bool = False
    _title: str | None = None
    _layout: str | None = None
    _required: bool = False
    _has_studio_overrides: bool | None = None
    _has_project_overrides: bool | None = None
    _has_site_overrides: bool | None = None

    class Config:
        underscore_attrs_are_private = True
        allow_population_by_field_name = True

        @staticmethod
        def json_loads(data: Any) -> Any:
            return json_loads(data)

        @staticmethod
        def json_dumps(data: Any, *, default: Any = None) -> str:
            return json_dumps(data, default=default)


def SettingsField(
    default: Any = Undefined,
    *,
    default_factory: Callable[[], Any] | None = None,
    **kwargs: Any,
) -> Any:
    """A field with AYON's extras: title, scope, widget, enum_resolver and so on."""
    if kwargs.pop("conditionalEnum", False):
        kwargs["conditional_enum"] = True
    known = {
        name: value
        for name, value in kwargs.items()
        if name in _PYDANTIC or (name in _EXTRAS and value is not None)
    }
    field = FieldInfo(default, default_factory=default_factory, **known)
    field._validate()
    return field


class MultiplatformPathModel(BaseSettingsModel):
    windows: str = SettingsField("", title="Windows")
    linux: str = SettingsField("", title="Linux")
    darwin: str = SettingsField("", title="macOS")


class MultiplatformPathListModel(BaseSettingsModel):
    windows: list[str] = SettingsField(default_factory=list, title="Windows")
    linux: list[str] = SettingsField(default_factory=list, title="Linux")
    darwin: list[str] = SettingsField(default_factory=list, title="macOS")
