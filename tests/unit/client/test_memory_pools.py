"""glibc is told to keep little; nothing else is touched."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from ayon_sitesync.memory_pools import ARENA_MAX, MMAP_THRESHOLD, bound_memory_pools


class Library:
    """A C library that notes what it is told."""

    def __init__(self) -> None:
        self.told: dict[int, int] = {}

    def mallopt(self, option: int, value: int) -> int:
        self.told[option] = value
        return 1


class Glibc(Library):
    def gnu_get_libc_version(self) -> bytes:
        return b"2.36"


def use(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)


def test_glibc_gets_few_pools_and_gives_large_blocks_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Glibc()
    use(library, monkeypatch)
    bound_memory_pools()
    assert library.told[ARENA_MAX] == 2
    assert library.told[MMAP_THRESHOLD] == 512 * 1024


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_other_libraries_are_left_alone(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library()
    use(library, monkeypatch)
    monkeypatch.setattr("sys.platform", platform)
    bound_memory_pools()
    assert library.told == {}


def test_library_that_cannot_be_asked_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: object) -> None:
        raise OSError("no such library")

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    bound_memory_pools()
