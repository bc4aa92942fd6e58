"""Settings overrides: sparse, nested, lists whole; groups whole."""

from ayon_server.settings import (
    BaseSettingsModel,
    SettingsField,
    apply_overrides,
    extract_overrides,
    migrate_settings_overrides,
)


class Inner(BaseSettingsModel):
    number: int = 1
    text: str = "a"


class Group(BaseSettingsModel):
    _isGroup = True
    number: int = 1
    text: str = "a"


class Outer(BaseSettingsModel):
    inner: Inner = SettingsField(default_factory=Inner)
    group: Group = SettingsField(default_factory=Group)
    items: list[int] = SettingsField(default_factory=lambda: [1, 2])


def test_only_what_differs_is_extracted() -> None:
    changed = Outer(inner={"number": 2}, group={"number": 2}, items=[3])
    assert extract_overrides(Outer(), changed) == {
        "inner": {"number": 2},
        "group": {"number": 2, "text": "a"},
        "items": [3],
    }


def test_existing_overrides_stay_although_equal_to_the_default() -> None:
    existing = {"inner": {"number": 1}}
    assert extract_overrides(Outer(), Outer(), existing) == existing


def test_overrides_are_applied_over_the_values() -> None:
    settings = apply_overrides(Outer(items=[9]), {"inner": {"text": "b"}, "odd": 1})
    assert settings.dict() == {
        "inner": {"number": 1, "text": "b"},
        "group": {"number": 1, "text": "a"},
        "items": [9],
    }


def test_migration_keeps_known_keys_that_still_validate() -> None:
    old = {"inner": {"number": "x", "text": "b"}, "gone": 1, "items": [5]}
    assert migrate_settings_overrides(old, Outer, {}) == {
        "inner": {"text": "b"},
        "items": [5],
    }
