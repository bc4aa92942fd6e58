"""Providers written for the addon that this one replaces can still be imported."""

from __future__ import annotations

from typing import Any

import pytest
from ayon_sitesync.providers.abstract_provider import AbstractProvider
from ayon_sitesync.providers.lib import factory


class Tape(AbstractProvider):
    CODE = "tape"

    def is_active(self) -> bool:
        return bool(self.presets["drive"])

    def upload_file(self, *args: Any, **kwargs: Any) -> str:
        return "1"

    def download_file(self, *args: Any, **kwargs: Any) -> str:
        return "1"

    def delete_file(self, path: str) -> None: ...

    def list_folder(self, folder_path: str) -> list[Any]:
        return []

    def create_folder(self, folder_path: str) -> str:
        return folder_path

    def get_tree(self) -> None: ...

    def get_roots_config(self, anatomy: Any = None) -> dict[str, Any]:
        return {"root": {"work": "/tape/", "cache": "/cache"}}


def test_registered_provider_is_made() -> None:
    factory.register_provider(Tape.CODE, Tape, 7)
    made = factory.get_provider("tape", "demo", "vault", presets={"drive": "/dev/st0"})
    assert isinstance(made, Tape)
    assert made.is_active()
    assert made.site_name == "vault"
    assert factory.get_provider_batch_limit("tape") == 7
    with pytest.raises(ValueError, match="floppy"):
        factory.get_provider_cls("floppy")


def test_paths_with_braces_and_any_root() -> None:
    tape = Tape("demo", "vault")
    assert tape.resolve_path("{root[work]}/a/{b}.exr") == "/tape/a/{b}.exr"
    assert tape.resolve_path("{root[cache]}/a.exr") == "/cache/a.exr"
    with pytest.raises(ValueError, match="other"):
        tape.resolve_path("{root[other]}/a.exr")
    with pytest.raises(ValueError, match="leaves its root"):
        tape.resolve_path("{root[work]}/../a.exr")
